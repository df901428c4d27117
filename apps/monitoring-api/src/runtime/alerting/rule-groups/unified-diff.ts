const CONTEXT = 3;
/** Beyond it the middle is told as replaced: finding what stayed would take too long. */
const MAX_CELLS = 4_000_000;

type Edit = readonly [mark: ' ' | '-' | '+', line: string];

/**
 * What changed from one text to another, line by line, as `diff -u` writes it.
 * @param names of the two, for the head
 * @returns '' when they are equal
 */
export function unifiedDiff(
  before: string,
  after: string,
  names: { readonly before: string; readonly after: string },
): string {
  if (before === after) return '';
  const edits = editsOf(linesOf(before), linesOf(after));
  const hunks = hunksOf(edits).map((hunk) => hunkText(edits, hunk));
  return `--- ${names.before}\n+++ ${names.after}\n${hunks.join('')}`;
}

/** A last line without its end is told as `diff` does. */
function linesOf(text: string): readonly string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, `${last}\n\\ No newline at end of file`];
}

function editsOf(a: readonly string[], b: readonly string[]): readonly Edit[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const same = (lines: readonly string[]): readonly Edit[] => lines.map((line) => [' ', line]);
  return [
    ...same(a.slice(0, start)),
    ...middleEdits(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...same(a.slice(a.length - end)),
  ];
}

/** By the longest common subsequence. */
function middleEdits(a: readonly string[], b: readonly string[]): readonly Edit[] {
  const width = b.length + 1;
  if ((a.length + 1) * width > MAX_CELLS) {
    return [...a.map((line): Edit => ['-', line]), ...b.map((line): Edit => ['+', line])];
  }
  // How many lines the rests from (i, j) on have in common.
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const edits: Edit[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      edits.push([' ', left]);
      i++;
      j++;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      edits.push(['-', left]);
      i++;
    } else if (right !== undefined) {
      edits.push(['+', right]);
      j++;
    }
  }
  return edits;
}

interface Hunk {
  readonly start: number;
  readonly end: number;
}

/** Changes with the lines around them; those whose surroundings touch go together. */
function hunksOf(edits: readonly Edit[]): readonly Hunk[] {
  const hunks: Hunk[] = [];
  for (const [index, [mark]] of edits.entries()) {
    if (mark === ' ') continue;
    const start = Math.max(0, index - CONTEXT);
    const end = Math.min(edits.length, index + CONTEXT + 1);
    const last = hunks.at(-1);
    if (last !== undefined && start <= last.end) hunks[hunks.length - 1] = { ...last, end };
    else hunks.push({ start, end });
  }
  return hunks;
}

function hunkText(edits: readonly Edit[], { start, end }: Hunk): string {
  const count = (from: number, to: number, other: '-' | '+'): number =>
    edits.slice(from, to).filter(([mark]) => mark !== other).length;
  const range = (other: '-' | '+'): string => {
    const length = count(start, end, other);
    // Of nothing, the line before it is named.
    const first = count(0, start, other) + (length === 0 ? 0 : 1);
    return length === 1 ? String(first) : `${first},${length}`;
  };
  const lines = edits.slice(start, end).map(([mark, line]) => `${mark}${line}\n`);
  return `@@ -${range('+')} +${range('-')} @@\n${lines.join('')}`;
}
