import { Labels, SampleBatchBuilder } from '@dwcp/core';
import { MemoryLimitError, PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { expect, test } from 'vitest';

const SERIES = 200;

async function count(expression: string, maxMemoryBytes: number): Promise<unknown> {
  const store = new MemoryMetricStore();
  const batch = new SampleBatchBuilder();
  for (let i = 0; i < SERIES; i++) {
    batch.add(Labels.from({ __name__: 'm', i: String(i).padStart(10, '0') }), 1_000, i);
  }
  await store.append(batch.build());
  const engine = new PromqlEngine({ store, clock: new ManualClock(), maxMemoryBytes });
  const { value } = await engine.instant({ expression: `count(${expression})`, unixMs: 1_000 });
  return value.kind === 'vector' ? value.samples[0]?.value : value;
}

const doubled = (times: number): string =>
  `${'label_join('.repeat(times)}m${', "i", "", "i", "i")'.repeat(times)}`;

test('labels that a query makes count as memory', async () => {
  expect(await count(doubled(8), 8 * 2 ** 20)).toBe(SERIES);
  await expect(count(doubled(8), 2 ** 20)).rejects.toThrow(MemoryLimitError);
});

test.each([
  ['label_join', doubled(12)],
  ['label_replace', `label_replace(m, "i", "${'$1'.repeat(2_000)}", "i", "(.*)")`],
])('%s makes no label longer than a store would take', async (name, expression) => {
  await expect(count(expression, 2 ** 30)).rejects.toThrow(
    `${name}() would make a value of more than 16384 characters for the label "i"; make it of less`,
  );
});

test('a chain of or is the union, whichever way it is put together', async () => {
  const part = (k: number): string => `label_replace(m, "k", "${k % 3}", "", "")`;
  const parts = [0, 1, 2, 3, 4].map(part);
  expect(await count(parts.join(' or '), 2 ** 30)).toBe(3 * SERIES);
  expect(await count(`${part(0)} or (${parts.slice(1).join(' or ')})`, 2 ** 30)).toBe(3 * SERIES);
  // A matching by other labels starts anew.
  expect(await count(`${parts.join(' or ')} or on(i) ${part(5)}`, 2 ** 30)).toBe(3 * SERIES);
  expect(await count(`m or on(k) ${parts.join(' or on(k) ')}`, 2 ** 30)).toBe(4 * SERIES);
});
