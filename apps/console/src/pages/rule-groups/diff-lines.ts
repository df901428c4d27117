/** One line of a difference; `skip` stands for lines that stayed and are left out. */
export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'same' | 'skip';
  /** Counting from 1; undefined where the line is not in that text. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly text: string;
}

/** Reads what `diff -u` writes, for one file. */
export function readDiff(diff: string): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  let [before, after] = [0, 0];
  let inHunk = false;
  for (const line of diff.split('\n')) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);
    if (hunk !== null) {
      [before, after] = [Number(hunk[1]), Number(hunk[2])];
      if (inHunk || Math.max(before, after) > 1) {
        lines.push({ kind: 'skip', before: undefined, after: undefined, text: '' });
      }
      inHunk = true;
      continue;
    }
    // Before the first hunk are the names of the files; `\` says that the last line has no end.
    if (!inHunk || line === '' || line.startsWith('\\')) continue;
    const text = line.slice(1);
    if (line.startsWith('+'))
      lines.push({ kind: 'added', before: undefined, after: after++, text });
    else if (line.startsWith('-')) {
      lines.push({ kind: 'removed', before: before++, after: undefined, text });
    } else lines.push({ kind: 'same', before: before++, after: after++, text });
  }
  return lines;
}

/** `2 lines added, 1 removed`. */
export function diffSummary(lines: readonly DiffLine[]): string {
  const count = (kind: DiffLine['kind']): number =>
    lines.filter((line) => line.kind === kind).length;
  const [added, removed] = [count('added'), count('removed')];
  if (added === 0 && removed === 0) return 'the text stays';
  const linesText = (n: number): string => `${n} ${n === 1 ? 'line' : 'lines'}`;
  if (removed === 0) return `${linesText(added)} added`;
  if (added === 0) return `${linesText(removed)} removed`;
  return `${linesText(added)} added, ${removed} removed`;
}
