import { expect, test } from 'vitest';

import { backendTone, formatStat, statLabel } from '../src/pages/status/stats.ts';

test.each([
  ['sizeBytes', 2_048, 'Size', '2 KiB'],
  ['walSizeBytes', 0, 'WAL size', '0 B'],
  ['seriesCount', 1_284, 'Series', '1,284'],
  ['blockBytes', 1_024, 'Block size', '1 KiB'],
  ['lastFlushMs', 12, 'Last flush', '12 ms'],
  ['sampleCount', 8_421_233, 'Samples', '8.42 M'],
  ['oldest', null, 'Oldest', '–'],
])('%s of %s shows as %s: %s', (key, value, label, text) => {
  expect(statLabel(key)).toBe(label);
  expect(formatStat(key, value)).toBe(text);
});

test('a backend that is not configured is nothing to worry about', () => {
  expect(backendTone({ configured: false, state: 'not-configured' })).toBe('idle');
  expect(backendTone({ configured: true, state: 'connected' })).toBe('ok');
  expect(backendTone({ configured: true, state: 'not-connected' })).toBe('warn');
  expect(backendTone({ configured: true, state: 'unreachable' })).toBe('bad');
});
