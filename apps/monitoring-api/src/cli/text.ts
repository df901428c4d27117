import { type Output } from './io.ts';

/** How wide a terminal is; undefined where the output goes to a file or another program. */
export function widthOf(output: Output): number | undefined {
  if (output.isTTY !== true) return undefined;
  return Math.max(20, output.columns ?? 80);
}

/** Text that may go to a terminal: control characters are escaped, so that none of them acts. */
export function printable(text: string): string {
  return text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const segmenter = new Intl.Segmenter();

/** The characters as a reader sees them: a letter and its accents are one. */
export function charactersOf(text: string): string[] {
  // oxlint-disable-next-line no-control-regex -- plain ASCII, the usual case, needs no segmenter
  if (/^[\u0000-\u007f]*$/.test(text)) return text.split('');
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** How many columns a text takes, counting each character as one. */
export function columnsOf(text: string): number {
  return charactersOf(text).length;
}

/** Breaks a text into lines of at most `width` columns, after a space where there is one. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let rest = charactersOf(text);
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > 0 ? space : width;
    lines.push(rest.slice(0, end).join(''));
    rest = rest.slice(space > 0 ? end + 1 : end);
  }
  return [...lines, rest.join('')];
}

/** A count with its noun: `1 series`, `12,345 samples`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
