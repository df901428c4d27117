import { expect, test } from 'vitest';

import { diffSummary, readDiff } from '../src/pages/rule-groups/diff-lines.ts';

const short = (diff: string): readonly string[] =>
  readDiff(diff).map(
    ({ kind, before, after, text }) => `${kind} ${before ?? '-'} ${after ?? '-'} ${text}`,
  );

test('a new text is added line by line', () => {
  const diff = '--- /dev/null\n+++ a.yml (version 1)\n@@ -0,0 +1,2 @@\n+groups:\n+  - name: a\n';
  expect(short(diff)).toEqual(['added - 1 groups:', 'added - 2   - name: a']);
  expect(diffSummary(readDiff(diff))).toBe('2 lines added');
});

test('a change has the numbers of both texts, and says where lines are left out', () => {
  const diff = `--- a.yml (version 1)
+++ a.yml (version 2)
@@ -4,3 +4,4 @@
 same
--- was
+++ is
+more
 
@@ -20 +21 @@
-x
\\ No newline at end of file
+y
`;
  expect(short(diff)).toEqual([
    'skip - - ',
    'same 4 4 same',
    'removed 5 - -- was',
    'added - 5 ++ is',
    'added - 6 more',
    'same 6 7 ',
    'skip - - ',
    'removed 20 - x',
    'added - 21 y',
  ]);
  expect(diffSummary(readDiff(diff))).toBe('3 lines added, 2 removed');
});

test('a deleted text is removed, and no difference is none', () => {
  const diff = '--- a.yml (version 2)\n+++ /dev/null\n@@ -1 +0,0 @@\n-groups: []\n';
  expect(short(diff)).toEqual(['removed 1 - groups: []']);
  expect(diffSummary(readDiff(diff))).toBe('1 line removed');
  expect(readDiff('')).toEqual([]);
  expect(diffSummary([])).toBe('the text stays');
});
