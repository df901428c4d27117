const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/gs;

/**
 * The text a Go string, raw string or character constant stands for, quotes included in `quoted`.
 * @returns undefined when an escape is none of Go's
 */
export function unquote(quoted: string): string | undefined {
  const body = quoted.slice(1, -1);
  if (quoted.startsWith('`')) return body.replaceAll('\r', '');
  let valid = true;
  const text = body.replaceAll(
    ESCAPE,
    (
      _whole,
      hex: string | undefined,
      short: string | undefined,
      long: string | undefined,
      octal: string | undefined,
      simple: string | undefined,
    ) => {
      const digits = hex ?? short ?? long;
      if (digits !== undefined || octal !== undefined) {
        const code =
          digits === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(digits, 16);
        if (code <= 0x10ffff) return String.fromCodePoint(code);
      } else {
        const found = SIMPLE[simple ?? ''];
        if (found !== undefined) return found;
      }
      valid = false;
      return '';
    },
  );
  return valid ? text : undefined;
}
