const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** Quotes a text as Go's `%q` does; error texts and printed expressions use it. */
export function quote(text: string, mark: '"' | "'" = '"'): string {
  let out = mark as string;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const short = SHORT_ESCAPES[char];
    if (char === mark) out += `\\${char}`;
    else if (short !== undefined) out += short;
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (isStrayByte(code)) out += `\\x${(code - 0xdc00).toString(16)}`;
    else if (code >= 0x80 && code < 0xa0) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += char;
  }
  return out + mark;
}

/** Writes a float as Go's `strconv.FormatFloat(v, 'f', -1, 64)`: no exponent, shortest digits. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign = '', first = '', fraction = '', exponentText = '0'] = match;
  const digits = first + fraction;
  const exponent = Number(exponentText);
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return sign + digits.padEnd(exponent + 1, '0');
}

/** Writes a float as Go's `%g` with shortest digits: an exponent below 1e-4 and from 1e21 on. */
export function formatShortFloat(value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e21)) {
    const [digits = '', exponent = ''] = value.toExponential().split('e');
    const sign = exponent.startsWith('-') ? '-' : '+';
    return `${digits}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
  }
  return formatFloat(value);
}

/** Writes a float as Go's `%.2g`: two digits, an exponent below 1e-4 and from 100 on. */
export function formatRoundedFloat(value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value);
  const [digits = '', exponentText = ''] = value.toExponential(1).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 2) return formatFloat(Number(value.toPrecision(2)));
  const sign = exponent < 0 ? '-' : '+';
  return `${digits.replace(/\.0$/, '')}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/**
 * The text inside a quoted literal, with Go's escape sequences resolved. Back quotes keep
 * everything as it is. Byte escapes (`\xFF`, `\377`) join to UTF-8 text; a byte that joins to none
 * becomes a lone surrogate (U+DC80 to U+DCFF), so that it stays distinct and can be named.
 * Expects what the lexer let through, so every escape is well formed.
 */
export function unquote(literal: string): string {
  const body = literal.slice(1, -1);
  if (literal.startsWith('`') || !body.includes('\\')) return body;
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (let i = 0; i < body.length; i++) {
    const char = body[i] ?? '';
    if (char !== '\\') {
      const whole = String.fromCodePoint(body.codePointAt(i) ?? 0);
      bytes.push(...encoder.encode(whole));
      i += whole.length - 1;
      continue;
    }
    i++;
    const kind = body[i] ?? '';
    const digits = { x: 2, u: 4, U: 8 }[kind];
    if (digits !== undefined) {
      const code = parseInt(body.slice(i + 1, i + 1 + digits), 16);
      if (kind === 'x') bytes.push(code);
      else bytes.push(...encoder.encode(String.fromCodePoint(code)));
      i += digits;
    } else if (kind >= '0' && kind <= '7') {
      bytes.push(parseInt(body.slice(i, i + 3), 8));
      i += 2;
    } else {
      const named = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }[kind];
      if (named === undefined) bytes.push(...encoder.encode(kind));
      else bytes.push(named);
    }
  }
  return decodeBytes(new Uint8Array(bytes));
}

function decodeBytes(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (from: number, to: number): string | undefined => {
    try {
      return decoder.decode(bytes.subarray(from, to));
    } catch {
      return undefined;
    }
  };
  const whole = decode(0, bytes.length);
  if (whole !== undefined) return whole;
  let text = '';
  for (let i = 0; i < bytes.length;) {
    const lead = bytes[i] ?? 0;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const char = i + length <= bytes.length ? decode(i, i + length) : undefined;
    text += char ?? String.fromCharCode(0xdc00 + lead);
    i += char === undefined ? 1 : length;
  }
  return text;
}

function isStrayByte(code: number): boolean {
  return code >= 0xdc80 && code <= 0xdcff;
}
