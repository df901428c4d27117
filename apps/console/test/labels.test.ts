import fc from 'fast-check';
import { expect, test } from 'vitest';

import { formatLabels, quoteMatcher, seriesKey } from '../src/format/labels.ts';

test('a label set is written as PromQL does', () => {
  expect(formatLabels({ __name__: 'up', job: 'node' })).toBe('up{job="node"}');
  expect(formatLabels({ __name__: 'up' })).toBe('up');
  expect(formatLabels({})).toBe('{}');
  expect(formatLabels({ path: 'C:\\"x"' })).toBe('{path="C:\\\\\\"x\\""}');
});

test('different label sets have different keys', () => {
  const labels = fc.dictionary(fc.stringMatching(/^[a-z_]{1,3}$/), fc.string({ maxLength: 3 }), {
    maxKeys: 3,
  });
  fc.assert(
    fc.property(labels, labels, (a, b) => {
      const same =
        Object.keys(a).length === Object.keys(b).length &&
        Object.keys(a).every((name) => a[name] === b[name]);
      expect(seriesKey(a) === seriesKey(b)).toBe(same);
    }),
  );
});

test('a matcher value cannot leave its quotes', () => {
  expect(quoteMatcher('a"} or up{x="')).toBe('"a\\"} or up{x=\\""');
});
