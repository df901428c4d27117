import { type LogRecord } from '@dwcp/core';
import { TailBuffer } from '@dwcp/log-aggregator';
import { expect, test } from 'vitest';

function record(body: string): LogRecord {
  return {
    timeUnixNano: 0n,
    observedTimeUnixNano: 0n,
    severityNumber: 9,
    severityText: 'INFO',
    body,
    attributes: {},
    resource: { attributes: {} },
    scope: { name: '' },
  };
}

test('a slow reader loses the oldest records and learns how many', () => {
  const buffer = new TailBuffer(4);
  for (let i = 1; i <= 7; i++) buffer.push(record(`${i}`));
  const { records, dropped } = buffer.take();
  expect(records.at(-1)?.body).toBe('7');
  expect(records.length + dropped).toBe(7);
  expect(records.length).toBeLessThanOrEqual(4);
  expect(buffer.take()).toEqual({ records: [], dropped: 0 });
});
