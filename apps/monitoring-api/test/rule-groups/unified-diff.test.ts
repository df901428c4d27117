import fc from 'fast-check';
import { expect, test } from 'vitest';

import { unifiedDiff } from '#src/runtime/alerting/rule-groups/unified-diff.ts';

const names = { before: 'a', after: 'b' };
const NO_END = '\\ No newline at end of file';

/** Applies a diff as `patch` does, @throws Error where what it takes away or keeps is not there */
function patched(before: string, diff: string): string {
  if (diff === '') return before;
  const old = before.split('\n');
  const out: string[] = [];
  const ends: string[] = [];
  let at = 0;
  let mark = '';
  for (const line of diff.split('\n').slice(2, -1)) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@$/.exec(line);
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1);
      while (at < start) out.push(old[at++] ?? '');
    } else if (line === NO_END) ends.push(mark);
    else {
      mark = line.slice(0, 1);
      if (mark !== '+' && old[at++] !== line.slice(1)) throw new Error(`${line} is not there`);
      if (mark !== '-') out.push(line.slice(1));
    }
  }
  const rest = old.slice(at);
  // What is left over of the last line tells whether it had an end.
  const tail = rest.length > 0 ? rest : ends.some((one) => one !== '-') ? [] : [''];
  const isEmptied = out.length === 0 && tail.every((line) => line === '');
  return isEmptied ? '' : [...out, ...tail].join('\n');
}

test('a diff has the lines around a change, and counts as diff -u does', () => {
  const before = 'a\nb\nc\nd\ne\nf\ng\nh\ni\n';
  expect(unifiedDiff(before, 'a\nb\nc\nd\nE\nf\ng\nh\ni\nj\n', names)).toBe(
    [
      '--- a',
      '+++ b',
      '@@ -2,8 +2,9 @@',
      ' b',
      ' c',
      ' d',
      '-e',
      '+E',
      ' f',
      ' g',
      ' h',
      ' i',
      '+j',
      '',
    ].join('\n'),
  );
  expect(unifiedDiff('', 'x\ny\n', names)).toBe('--- a\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n');
  expect(unifiedDiff('x\n', '', names)).toBe('--- a\n+++ b\n@@ -1 +0,0 @@\n-x\n');
  expect(unifiedDiff('x', 'x\n', names)).toBe(`--- a\n+++ b\n@@ -1 +1 @@\n-x\n${NO_END}\n+x\n`);
});

test('equal texts have no difference', () => {
  expect(unifiedDiff('a\n', 'a\n', names)).toBe('');
});

test('a diff put on the old text gives the new one', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', '', 'd'), { maxLength: 30 })
    .map((lines) => lines.map((line) => `${line}\n`).join(''));
  fc.assert(
    fc.property(text, text, (before, after) => {
      expect(patched(before, unifiedDiff(before, after, names))).toBe(after);
    }),
    { numRuns: 500 },
  );
});

test('texts with nothing in common are told as replaced, however long', () => {
  const lines = (word: string): string =>
    Array.from({ length: 5_000 }, (_, index) => `${word} ${index}\n`).join('');
  const diff = unifiedDiff(lines('old'), lines('new'), names);
  expect(diff.split('\n')[2]).toBe('@@ -1,5000 +1,5000 @@');
  expect(patched(lines('old'), diff)).toBe(lines('new'));
});
