import { Labels, type QueryResult, type Series } from '@dwcp/core';
import { expect, test } from 'vitest';

import { KeptAnswers } from '#src/server/prometheus/kept-answers.ts';

const MIB = 1_048_576;

function answer(): QueryResult {
  const series: readonly Series[] = [
    { labels: Labels.empty, timestamps: new Float64Array(1), values: new Float64Array(1) },
  ];
  return { value: { kind: 'matrix', series }, warnings: [], infos: [] };
}

function keep(kept: KeptAnswers, result: QueryResult, bytes: Buffer): void {
  kept.offer(result, bytes);
  kept.offer(result, bytes);
}

test('what is asked for a second time is kept, for the very same series only', () => {
  const kept = new KeptAnswers();
  const [first, alike] = [answer(), answer()];
  kept.offer(first, Buffer.from('once'));
  expect(kept.get(first)).toBeUndefined();
  kept.offer(first, Buffer.from('twice'));
  expect(kept.get({ ...first })?.toString()).toBe('twice');
  expect(kept.get(alike)).toBeUndefined();
});

test('of more than fits the one unused for longest goes, and one that is too large is never kept', () => {
  const kept = new KeptAnswers();
  const results = Array.from({ length: 5 }, answer);
  const [first, second] = results;
  if (first === undefined || second === undefined) throw new Error('there are five');
  for (const result of results.slice(0, 4)) keep(kept, result, Buffer.alloc(2 * MIB));
  expect(kept.get(first)).toHaveLength(2 * MIB);
  for (const result of results.slice(4)) keep(kept, result, Buffer.alloc(2 * MIB));
  expect(results.map((result) => kept.get(result) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
    true,
  ]);
  keep(kept, second, Buffer.alloc(2 * MIB + 1));
  expect(kept.get(second)).toBeUndefined();
});
