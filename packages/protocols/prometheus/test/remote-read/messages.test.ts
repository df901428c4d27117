import { Labels } from '@dwcp/core';
import {
  decodeReadRequest,
  encodeReadResponse,
  encodeReadSeries,
  readFrameHead,
  RemoteWriteError,
  unpackSnappy,
} from '@dwcp/protocol-prometheus';
import { describe, expect, test } from 'vitest';

import { framesOf, readRequest, readResponse, type ReadResponseMessage } from './messages.ts';

describe('requests', () => {
  test('queries, matchers and the answers that are taken are read, hints passed over', () => {
    const bytes = readRequest.encode({
      queries: [
        {
          start_timestamp_ms: -5,
          end_timestamp_ms: 1_767_323_045_000,
          matchers: [
            { type: 0, name: '__name__', value: 'up' },
            { type: 1, name: 'job', value: 'größe' },
            { type: 2, name: 'a', value: 'b|c' },
            { type: 3, name: 'd', value: '' },
          ],
          hints: { step_ms: 1_000, func: 'rate' },
        },
        {},
      ],
      accepted_response_types: [1, 0, 7],
    });
    expect(decodeReadRequest(bytes)).toEqual({
      queries: [
        {
          startUnixMs: -5,
          endUnixMs: 1_767_323_045_000,
          matchers: [
            { name: '__name__', operator: '=', value: 'up' },
            { name: 'job', operator: '!=', value: 'größe' },
            { name: 'a', operator: '=~', value: 'b|c' },
            { name: 'd', operator: '!~', value: '' },
          ],
        },
        { startUnixMs: 0, endUnixMs: 0, matchers: [] },
      ],
      acceptedResponseTypes: ['streamed-xor-chunks', 'samples', 7],
    });
  });

  test('types that are not packed are read as well', () => {
    expect(decodeReadRequest(Uint8Array.of(0x10, 1, 0x10, 0)).acceptedResponseTypes).toEqual([
      'streamed-xor-chunks',
      'samples',
    ]);
  });

  test.each([
    ['a matcher of no known type', { type: 4, name: 'a' }],
    ['a matcher of a negative type', { type: -1, name: 'a' }],
  ])('%s is refused', (_, matcher) => {
    const bytes = readRequest.encode({ queries: [{ matchers: [matcher] }] });
    expect(() => decodeReadRequest(bytes)).toThrow(RemoteWriteError);
  });

  test('a request that ends too soon, or whose text is no UTF-8, is refused', () => {
    const whole = readRequest.encode({ queries: [{ matchers: [{ name: 'abc' }] }] });
    expect(() => decodeReadRequest(whole.subarray(0, -1))).toThrow(RemoteWriteError);
    const broken = whole.slice();
    broken[broken.length - 1] = 0xff;
    expect(() => decodeReadRequest(broken)).toThrow('is not UTF-8');
  });
});

describe('answers', () => {
  test('series of several queries come back, however large', () => {
    const series = (count: number, job: string) =>
      encodeReadSeries({
        labels: Labels.from({ __name__: 'up', job }),
        timestamps: Float64Array.from({ length: count }, (_, i) => i + 1),
        values: Float64Array.from({ length: count }, (_, i) => Math.sin(i)),
      });
    // More than is packed at a time, and not a multiple of it.
    const results = [[series(9_001, 'a'), series(1, 'b')], [], [series(2, 'c')]];
    const packed = Buffer.concat([...encodeReadResponse(results)]);
    const answer = readResponse.decode(unpackSnappy(packed, 2 ** 24)) as ReadResponseMessage;
    const jobs = answer.results.map(({ timeseries }) =>
      timeseries.map(({ labels, samples }) => [labels[1]?.value, samples.length]),
    );
    expect(jobs).toEqual([
      [
        ['a', 9_001],
        ['b', 1],
      ],
      [],
      [['c', 2]],
    ]);
    expect(answer.results[0]?.timeseries[0]?.samples[9_000]).toEqual({
      timestamp: '9001',
      value: Math.sin(9_000),
    });
  });

  test('a frame tells its length and its checksum', () => {
    const message = new Uint8Array(300).fill(7);
    const frame = Uint8Array.from([...readFrameHead(message, -2), ...message]);
    expect([...framesOf(frame)]).toEqual([{ message, crc32c: 0xfffffffe }]);
  });
});
