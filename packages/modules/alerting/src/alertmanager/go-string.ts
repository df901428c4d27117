const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '"': 34,
};

const PART =
  /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-3][0-7]{2})|(.))|([^\\\n]+)|([^])/gsu;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text of a Go string literal in double quotes. `\x` and octal escapes are bytes.
 * @returns undefined when an escape is none of Go's or the bytes are not UTF-8
 */
export function unquoteGo(quoted: string): string | undefined {
  const bytes: Uint8Array[] = [];
  for (const [, byte, short, long, octal, simple, plain] of quoted.slice(1, -1).matchAll(PART)) {
    const point = short ?? long;
    const code = simple === undefined ? undefined : SIMPLE[simple];
    if (plain !== undefined) bytes.push(Buffer.from(plain));
    else if (byte !== undefined) bytes.push(Uint8Array.of(Number.parseInt(byte, 16)));
    else if (octal !== undefined) bytes.push(Uint8Array.of(Number.parseInt(octal, 8)));
    else if (code !== undefined) bytes.push(Uint8Array.of(code));
    else if (point !== undefined && isScalar(Number.parseInt(point, 16)))
      bytes.push(Buffer.from(String.fromCodePoint(Number.parseInt(point, 16))));
    else return undefined;
  }
  try {
    return utf8.decode(Buffer.concat(bytes));
  } catch {
    return undefined;
  }
}

function isScalar(code: number): boolean {
  return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}
