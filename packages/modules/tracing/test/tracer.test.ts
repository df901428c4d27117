import { BackendError, type Span, type TraceStore } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { Tracer, type TracerOptions } from '@dwcp/tracing';
import { expect, test } from 'vitest';

interface Setup {
  readonly clock: ManualClock;
  readonly tracer: Tracer;
  readonly stored: Span[];
  fail: boolean;
}

function setup(options: Partial<TracerOptions> = {}): Setup {
  const clock = new ManualClock();
  const stored: Span[] = [];
  const append: TraceStore['append'] = (spans) => {
    if (state.fail) return Promise.reject(new BackendError('test', 'down', { retryable: true }));
    stored.push(...spans);
    return Promise.resolve();
  };
  const state: Setup = {
    clock,
    stored,
    fail: false,
    tracer: new Tracer({
      store: { append } as TraceStore,
      clock,
      resource: { attributes: { 'service.name': 'checkout' } },
      ...options,
    }),
  };
  return state;
}

test('a span is stored with its times, attributes, events and resource', async () => {
  const { clock, tracer, stored } = setup();
  const span = tracer.startSpan('GET /cart', { kind: 'server', attributes: { a: 1 } });
  await clock.advance(5);
  span.addEvent('retry', { attempt: 2 });
  span.setAttribute('b', 'x');
  await clock.advance(5);
  span.end();
  await tracer.flush();
  expect(stored).toHaveLength(1);
  expect(stored[0]).toMatchObject({
    name: 'GET /cart',
    kind: 'server',
    attributes: { a: 1, b: 'x' },
    events: [{ name: 'retry', attributes: { attempt: 2 } }],
    status: { code: 'unset' },
    resource: { attributes: { 'service.name': 'checkout' } },
  });
  expect(stored.map((it) => it.endUnixNano - it.startUnixNano)).toEqual([10_000_000n]);
  expect(stored[0]).not.toHaveProperty('parentSpanId');
});

test('a span inside a span is its child, across awaits', async () => {
  const { tracer, stored } = setup();
  await tracer.withSpan('outer', {}, async () => {
    await Promise.resolve();
    tracer.withSpan('inner', {}, () => undefined);
  });
  await tracer.flush();
  const [inner, outer] = stored;
  expect([inner?.name, outer?.name]).toEqual(['inner', 'outer']);
  expect(inner?.traceId).toBe(outer?.traceId);
  expect(inner?.parentSpanId).toBe(outer?.spanId);
  expect(tracer.activeContext()).toBeUndefined();
});

test('requests that run at the same time keep their contexts apart', async () => {
  const { tracer } = setup();
  const seen = await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      tracer.withSpan(name, {}, async (span) => {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        return tracer.activeContext()?.spanId === span.context.spanId;
      }),
    ),
  );
  expect(seen).toEqual([true, true, true]);
});

test('an error is recorded, the span ends, and the error goes on', async () => {
  const { tracer, stored } = setup();
  expect(() =>
    tracer.withSpan('sync', {}, () => {
      throw new RangeError('too far');
    }),
  ).toThrow('too far');
  await expect(
    tracer.withSpan('async', {}, () => Promise.reject(new Error('later'))),
  ).rejects.toThrow('later');
  await tracer.flush();
  expect(stored.map(({ status }) => status)).toEqual([
    { code: 'error', message: 'too far' },
    { code: 'error', message: 'later' },
  ]);
  expect(stored[0]?.events[0]).toMatchObject({
    name: 'exception',
    attributes: { 'exception.type': 'RangeError', 'exception.message': 'too far' },
  });
});

test("the parent's decision wins over the ratio", async () => {
  const { tracer, stored } = setup({ samplingRatio: 0 });
  const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceState: 'x=1' };
  tracer.startSpan('kept', { parent: { ...parent, sampled: true } }).end();
  const dropped = tracer.startSpan('dropped', { parent: { ...parent, sampled: false } });
  dropped.end();
  await tracer.flush();
  expect(stored.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([
    ['kept', 'b'.repeat(16)],
  ]);
  expect(dropped.recording).toBe(false);
  expect(dropped.context).toMatchObject({ traceId: 'a'.repeat(32), traceState: 'x=1' });
});

test('a trace that is not sampled stays so in its children, and is counted once', async () => {
  const { tracer, stored } = setup({ samplingRatio: 0 });
  tracer.withSpan('root', {}, () => tracer.withSpan('child', {}, () => undefined));
  await tracer.flush();
  expect(stored).toEqual([]);
  expect(tracer.stats().unsampled).toBe(1);
});

test('what goes beyond the limits is cut or left out, and counted', async () => {
  const { tracer, stored } = setup({
    limits: { attributeCount: 2, eventCount: 1, valueLength: 3 },
  });
  const span = tracer.startSpan('busy', { attributes: { a: 'long value', b: 1, c: 2 } });
  span.setAttribute('a', 'other');
  span.addEvent('one');
  span.addEvent('two');
  span.end();
  await tracer.flush();
  expect(stored[0]?.attributes).toEqual({ a: 'oth', b: 1 });
  expect(stored[0]?.events).toHaveLength(1);
  expect(tracer.stats().leftOut).toBe(2);
});

test('a full queue drops the newest span, counts it, and never throws', async () => {
  const { tracer, stored } = setup({ queueCapacity: 2 });
  for (const name of ['a', 'b', 'c']) tracer.startSpan(name).end();
  await tracer.flush();
  expect(stored.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(tracer.stats()).toMatchObject({ dropped: 1, written: 2, capacity: 2 });
});

test('spans wait out a store that is down', async () => {
  const state = setup();
  state.fail = true;
  state.tracer.startSpan('a').end();
  await state.clock.advance(1_000);
  expect(state.tracer.stats()).toMatchObject({ waiting: 1 });
  state.fail = false;
  await state.clock.advance(1_000);
  expect(state.stored).toHaveLength(1);
});

test('a clock that is set back makes no span of negative length', async () => {
  const { clock, tracer, stored } = setup();
  const span = tracer.startSpan('a');
  clock.setUnixMs(clock.nowUnixMs() - 3_600_000);
  span.end();
  await tracer.flush();
  expect(stored[0]?.endUnixNano).toBe(stored[0]?.startUnixNano);
});

test('calls after the end change nothing', async () => {
  const { tracer, stored } = setup();
  const span = tracer.startSpan('a');
  span.end();
  span.end();
  span.setAttribute('late', true);
  span.recordException(new Error('late'));
  span.updateName('b');
  await tracer.flush();
  expect(stored).toHaveLength(1);
  expect(stored[0]).toMatchObject({ name: 'a', attributes: {}, events: [] });
});

test('a ratio outside 0 to 1 is refused by name', () => {
  expect(() => setup({ samplingRatio: 1.5 })).toThrow(
    /samplingRatio: must be in \[0, 1\], got 1.5/,
  );
});

test('whatever a span is given, the host does not notice', async () => {
  const { tracer, stored } = setup();
  const throwing = {
    get a(): never {
      throw new Error('getter');
    },
  };
  const noText: unknown = Object.create(null);
  const span = tracer.startSpan('a', { attributes: null as never, links: 5 as never });
  span.setAttribute('nothing', null as never);
  span.setAttribute('object', { a: 1 } as never);
  span.setAttribute('big', 1n as never);
  span.setAttribute('mixed', [1, 'a'] as never);
  span.setAttributes(throwing as never);
  span.addEvent('e', throwing as never);
  span.setStatus(undefined as never);
  span.recordException(noText);
  span.setAttribute('kept', [1, 2]);
  span.end();
  await tracer.flush();
  expect(stored[0]?.attributes).toEqual({ kept: [1, 2] });
  expect(stored[0]?.events.map(({ name }) => name)).toEqual(['exception']);
  expect(tracer.stats().leftOut).toBe(8);
  // What the host throws passes through as it is, even when it cannot be described.
  let thrown: unknown;
  try {
    tracer.withSpan('b', {}, () => {
      throw noText;
    });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBe(noText);
});

test('long texts and arrays are cut and counted, not inside a character', async () => {
  const { tracer, stored } = setup({ limits: { valueLength: 4, arrayLength: 2 } });
  const span = tracer.startSpan('a long name', {
    attributes: { text: 'abc💡', list: ['a', 'b', 'c'] },
    links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), attributes: { x: '12345' } }],
  });
  span.end();
  await tracer.flush();
  expect(stored[0]).toMatchObject({
    name: 'a lo',
    attributes: { text: 'abc', list: ['a', 'b'] },
    links: [{ attributes: { x: '1234' } }],
  });
  expect(tracer.stats().cut).toBe(4);
});

test('a thenable is waited for, and undefined takes the context away', async () => {
  const { clock, tracer, stored } = setup();
  const { promise, resolve } = Promise.withResolvers<number>();
  clock.schedule(5, () => resolve(7));
  // Not a Promise itself, as a query builder is not.
  // oxlint-disable-next-line unicorn/no-thenable
  const thenable: PromiseLike<number> = { then: promise.then.bind(promise) };
  const result = tracer.withSpan('lazy', {}, (span) => {
    expect(tracer.run(undefined, () => tracer.activeContext())).toBeUndefined();
    expect(tracer.activeContext()).toBe(span.context);
    return thenable;
  });
  await clock.advance(5);
  expect(await result).toBe(7);
  await tracer.flush();
  expect(stored.map((it) => it.endUnixNano - it.startUnixNano)).toEqual([5_000_000n]);
});

test('spans from elsewhere are taken unless no store could keep them', async () => {
  const { tracer, stored } = setup();
  tracer.startSpan('made here').end();
  await tracer.flush();
  const [span] = stored;
  if (span === undefined) throw new Error('nothing was stored');
  expect(tracer.recordSpan({ ...span, name: 'good' })).toBe(true);
  expect(tracer.recordSpan({ ...span, traceId: '0'.repeat(32) })).toBe(false);
  expect(tracer.recordSpan({ ...span, spanId: 'x' })).toBe(false);
  expect(tracer.recordSpan({ ...span, endUnixNano: 2n ** 63n })).toBe(false);
  await tracer.flush();
  expect(stored.map(({ name }) => name)).toEqual(['made here', 'good']);
  expect(tracer.stats().invalid).toBe(3);
});

test('an end may be given, and ids that are all zero are drawn again', async () => {
  const draws = ['0'.repeat(32), 'a'.repeat(32), '0'.repeat(16), 'b'.repeat(16)];
  const { tracer, stored } = setup({ randomHex: () => draws.shift() ?? 'c'.repeat(16) });
  const span = tracer.startSpan('a', { startUnixNano: 5n });
  span.end(9n);
  await tracer.flush();
  expect(stored[0]).toMatchObject({
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    startUnixNano: 5n,
    endUnixNano: 9n,
  });
});

test('an unsampled span has an id of its own that stays the same', () => {
  const { tracer } = setup({ samplingRatio: 0 });
  const parent = {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    sampled: false,
    traceState: '',
  };
  const first = tracer.startSpan('a', { parent });
  const second = tracer.startSpan('a', { parent });
  expect(first.context).toBe(first.context);
  expect(new Set([first, second].map(({ context }) => context.spanId)).size).toBe(2);
  expect(first.context.spanId).toMatch(/^[0-9a-f]{16}$/);
});

test('the flag of a random trace id is set on new traces and passed on as it came', () => {
  const { tracer } = setup();
  expect(tracer.startSpan('new').context.randomTraceId).toBe(true);
  const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, traceState: '' };
  expect(tracer.startSpan('child', { parent }).context.randomTraceId).toBeUndefined();
  const random = { ...parent, randomTraceId: true };
  expect(tracer.startSpan('child', { parent: random }).context.randomTraceId).toBe(true);
});

test('a span whose parent has no valid ids does not reach the store, where it would cost its batch', async () => {
  const { tracer, stored } = setup();
  const parent = { traceId: 'not hex', spanId: 'b'.repeat(16), sampled: true, traceState: '' };
  tracer.startSpan('bad', { parent }).end();
  tracer.startSpan('late').end(2n ** 64n);
  tracer.startSpan('good').end();
  await tracer.flush();
  expect(stored.map(({ name }) => name)).toEqual(['good']);
  expect(tracer.stats().invalid).toBe(2);
});
