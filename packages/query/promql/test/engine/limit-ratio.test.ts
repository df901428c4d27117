import { expect, test } from 'vitest';

import { elements, engineOver } from '../support/series.ts';

/**
 * Places between 0 and 1 of `up{instance="host-N:9100", job="node"}`: XXH64 over the labels as
 * Prometheus 3 lays them out in memory, computed by an implementation of its own.
 */
const PLACES = [0.8817, 0.2328, 0.6624, 0.8796, 0.4453, 0.0896, 0.1333, 0.0903];

const hosts = PLACES.map((_, i) => ({
  labels: { __name__: 'up', instance: `host-${i}:9100`, job: 'node' },
  points: [[0, i] as const],
}));

test.each([0.0901, 0.1, 0.25, 0.5, 0.88, -0.118, -0.2, -0.9, 1, -1])(
  'limit_ratio takes the series that Prometheus takes, for %d',
  async (ratio) => {
    const { engine } = engineOver(hosts);
    const result = await engine.instant({ expression: `limit_ratio(${ratio}, up)`, unixMs: 0 });
    const wanted = PLACES.flatMap((place, i) =>
      (ratio >= 0 ? place < ratio : place >= 1 + ratio) ? [i] : [],
    );
    expect(Object.values(elements(result)).sort((a, b) => a - b)).toEqual(wanted);
  },
);

test('a label of more than 254 bytes has a length of four', async () => {
  const { engine } = engineOver([
    { labels: { __name__: 'up', path: 'é'.repeat(200) }, points: [[0, 1]] },
  ]);
  // Its place is 0.97941.
  const takes = async (ratio: number) =>
    Object.keys(
      elements(await engine.instant({ expression: `limit_ratio(${ratio}, up)`, unixMs: 0 })),
    ).length;
  expect([await takes(0.9794), await takes(0.9795)]).toEqual([0, 1]);
});
