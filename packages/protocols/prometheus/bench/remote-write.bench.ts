// Ratios only: vitest's module runner slows calls across files down. For figures: remote-write-figures.ts.
import { decodeRemoteWrite, encodeRemoteWrite, unpackSnappy } from '@dwcp/protocol-prometheus';
import { uncompress } from 'snappyjs';
import { expect, test } from 'vitest';

import { writeRequest1 } from '../test/remote-write/oracle.ts';
import { Counter, fleet } from './remote-write-requests.ts';

const MAX_BYTES = 64 << 20;
const rows = fleet(2_000, 1);
const body = encodeRemoteWrite(rows, { version: '1.0' });
const message = Uint8Array.from(unpackSnappy(body, MAX_BYTES));

test(`snappy: unpack a request of ${body.length} bytes to ${message.length}`, async ({ bench }) => {
  expect(Buffer.compare(unpackSnappy(body, MAX_BYTES), uncompress(body))).toBe(0);
  await bench.compare(
    bench('own, into a reused buffer', () => {
      unpackSnappy(body, MAX_BYTES);
    }),
    bench('snappyjs', () => {
      uncompress(body);
    }),
  );
});

test('decode a 1.0 request of 2,000 samples of 2,000 series', async ({ bench }) => {
  const counter = new Counter();
  decodeRemoteWrite(message, '1.0', counter);
  expect(counter.sampleCount).toBe(2_000);
  await bench.compare(
    bench('visitor', () => {
      decodeRemoteWrite(message, '1.0', new Counter());
    }),
    bench('protobufjs', () => {
      writeRequest1.decode(message);
    }),
  );
});
