// The behaviours that prometheus/compliance tests of receivers and senders, as far as they are about
// what is on the wire. What is about requests and answers belongs to who speaks HTTP.
import { readLabels } from '@dwcp/protocol-prometheus';
import { describe, expect, test } from 'vitest';

import { behaviourNames } from './behaviours-data.ts';
import { writeRequest1 } from './oracle.ts';
import { RECEIVER } from './receiver-behaviours.ts';
import { SENDER } from './sender-behaviours.ts';

/** Of requests and answers: ports of these belong to the server's and the sender's tests. */
const HTTP = new Set([
  'receiver/TestBadContentTypes',
  'receiver/TestBadContentEncodings',
  'sender/TestBackoffBehavior',
  'sender/TestBatchingBehavior',
  'sender/TestConcurrentRequests',
  'sender/TestRobustnessUnderLoad',
  'sender/TestErrorHandling',
  'sender/TestNetworkErrors',
  'sender/TestFallbackBehavior',
  'sender/TestNoFallbackOn2xx',
  'sender/TestHTTPMethod',
  'sender/TestResponseProcessing',
  'sender/TestContentTypeNegotiation',
  'sender/TestRetryBehavior',
  'sender/TestRemoteWrite1Configuration',
]);

describe('receiver', () => {
  test.each(Object.keys(RECEIVER))('%s', (behaviour) => {
    RECEIVER[behaviour]?.();
    expect.hasAssertions();
  });

  test('labels in any order, as the suite sends them, can be accepted', () => {
    const label = (key: string, value: string): object => ({ name: key, value });
    const [field] = [
      writeRequest1.encode({
        timeseries: [{ labels: [label('job', 'a'), label('__name__', 'up')] }],
      }),
    ];
    const labels = field.subarray(2);
    expect(readLabels(labels, 0, labels.length, { sort: true }).toString()).toBe('up{job="a"}');
  });
});

describe('sender', () => {
  test.each(Object.keys(SENDER))('%s', (behaviour) => {
    SENDER[behaviour]?.();
    expect.hasAssertions();
  });
});

const names = behaviourNames();
const absent = names === undefined ? ' (skipped: ../shared/conformance is not here)' : '';

test.skipIf(names === undefined)(
  `every behaviour of the suite is here or is of HTTP${absent}`,
  () => {
    const wire = new Set([
      ...Object.keys(RECEIVER).map((one) => `receiver/${one}`),
      ...Object.keys(SENDER).map((one) => `sender/${one}`),
    ]);
    const rest = (names ?? []).filter((one) => !wire.has(one));
    expect(rest.filter((one) => !HTTP.has(one.split('/').slice(0, 2).join('/')))).toEqual([]);
    expect([...wire].filter((one) => names?.includes(one) !== true)).toEqual([]);
  },
);
