import { type LogRecord, type LogStore } from '@dwcp/core';
import { LogPipeline, TailBuffer } from '@dwcp/log-aggregator';
import { ManualClock } from '@dwcp/testing';
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

test.each([
  ['REFUSED connection', true],
  ['db-7', true],
  ['größe', true],
  ['connect', false],
  ['refused accepted', false],
  ['"(*', true],
])('the text %j means whole words, as in a search of the store', (text, fits) => {
  const store = { append: () => Promise.resolve() } as unknown as LogStore;
  const logs = new LogPipeline({
    store,
    clock: new ManualClock(),
    resource: { attributes: {} },
  });
  let seen = 0;
  using _ = logs.tail({ text }, () => seen++);
  logs.logger('x').info('Connection refused by db-7, GRÖßE 5');
  expect(seen).toBe(fits ? 1 : 0);
});
