import { QueryError } from '@dwcp/core';
import { expect, test } from 'vitest';

import { elements, engineOver } from '../support/series.ts';

const target = { instance: 'a:1', job: 'api' };
const series: Parameters<typeof engineOver>[0] = [
  { labels: { __name__: 'requests_total', ...target, code: '200' }, points: [[0, 5] as const] },
  {
    labels: { __name__: 'target_info', ...target, version: '1.2', code: 'other' },
    points: [[0, 1] as const],
  },
  { labels: { __name__: 'build_info', ...target, commit: 'abc' }, points: [[0, 1] as const] },
];

async function ask(expression: string, over = series): Promise<readonly string[]> {
  const { engine } = engineOver(over);
  return Object.keys(elements(await engine.instant({ expression, unixMs: 0 })));
}

test('a series gets the labels of its target that it has not yet', async () => {
  expect(await ask('info(requests_total)')).toEqual([
    'requests_total{code="200", instance="a:1", job="api", version="1.2"}',
  ]);
});

test('labels and info metrics can be chosen', async () => {
  expect(await ask('info(requests_total, {__name__="build_info"})')).toEqual([
    'requests_total{code="200", commit="abc", instance="a:1", job="api"}',
  ]);
  expect(await ask('info(requests_total, {version=~"9.*"})')).toEqual([]);
});

test('names that are patterns of their own are taken literally', async () => {
  const odd = { instance: 'a.b|c(', job: 'x' };
  expect(
    await ask('info(m)', [
      { labels: { __name__: 'm', ...odd }, points: [[0, 1]] },
      { labels: { __name__: 'target_info', ...odd, os: 'linux' }, points: [[0, 1]] },
    ]),
  ).toEqual(['m{instance="a.b|c(", job="x", os="linux"}']);
});

test('two info series with samples of the same time contradict each other', async () => {
  const { engine } = engineOver([
    ...series,
    { labels: { __name__: 'target_info', ...target, version: '1.3' }, points: [[0, 1]] },
  ]);
  const failed = engine.instant({ expression: 'info(requests_total)', unixMs: 0 });
  await expect(failed).rejects.toBeInstanceOf(QueryError);
  await expect(failed).rejects.toThrow(/^found duplicate series for info metric: existing /);
});
