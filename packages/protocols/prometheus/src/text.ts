import { isAscii, isUtf8 } from 'node:buffer';

import { ExpositionError } from './errors.ts';

/**
 * Decodes a body. UTF-8 is checked, because a wrong byte would silently become another label.
 * @throws ExpositionError naming the first line that is not UTF-8
 */
export function decodeExposition(body: Uint8Array): string {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // One byte per character: half the memory, and faster to scan.
  if (isAscii(buffer)) return buffer.toString('latin1');
  if (isUtf8(buffer)) return buffer.toString('utf8');
  let line = 1;
  for (let start = 0; start < buffer.length; line++) {
    const newline = buffer.indexOf(10, start);
    const end = newline < 0 ? buffer.length : newline;
    if (!isUtf8(buffer.subarray(start, end))) break;
    start = end + 1;
  }
  throw new ExpositionError(line, 'not valid UTF-8');
}

/**
 * A copy that shares no memory with the text it was cut from. V8 keeps the whole parent alive for a
 * slice of 13 characters or more; a cached label must not hold on to a body of megabytes.
 */
export function detach(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'utf8').toString('utf8');
}

/** Undoes `\\`, `\"` and `\n`; any other backslash stays, as in Prometheus. */
export function unescapeQuoted(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\[\\"n]/g, (pair) => (pair === '\\n' ? '\n' : pair.slice(1)));
}

/** Undoes `\\` and `\n`, all that the text format escapes in a HELP line. */
export function unescapeHelp(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\[\\n]/g, (pair) => (pair === '\\n' ? '\n' : '\\'));
}

/** For error messages: quoted, and cut when long. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
