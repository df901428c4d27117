import { InvalidInputError, type Labels, SampleBatchBuilder } from '@dwcp/core';
import { InstrumentRegistry } from '@dwcp/metrics-collector';
import { ManualClock } from '@dwcp/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { collected } from '../support/collected.ts';

const makeRegistry = (maxLabelSets?: number): InstrumentRegistry =>
  new InstrumentRegistry({
    clock: new ManualClock(),
    ...(maxLabelSets === undefined ? {} : { maxLabelSets }),
  });

describe('a counter', () => {
  test('without labels is there at 0 before it counts', () => {
    const registry = makeRegistry();
    registry.counter({ name: 'dwcp_jobs_total', help: 'Jobs.' });
    expect(collected(registry)).toEqual({ dwcp_jobs_total: 0 });
  });

  test('keeps label sets apart', () => {
    const registry = makeRegistry();
    const counter = registry.counter({ name: 'a_total', help: 'A.', labelNames: ['a', 'b'] });
    // prom-client takes these two for the same.
    counter.labels({ a: '1,b:2', b: '3' }).inc();
    counter.labels({ a: '1', b: '2,b:3' }).inc(2);
    counter.labels({ b: '3', a: '1,b:2' }).inc(4);
    expect(collected(registry)).toEqual({
      'a_total{a="1,b:2", b="3"}': 5,
      'a_total{a="1", b="2,b:3"}': 2,
    });
  });

  test('gives the same bound object for the same labels', () => {
    const counter = makeRegistry().counter({ name: 'a_total', help: 'A.', labelNames: ['x'] });
    expect(counter.labels({ x: '1' })).toBe(counter.labels({ x: '1' }));
  });

  test.each([
    [Number.NaN, 'invalid_value'],
    [Infinity, 'invalid_value'],
    [-1, 'negative_increment'],
    ['5' as unknown as number, 'invalid_value'],
    [{ method: 'GET' } as unknown as number, 'invalid_value'],
    [Symbol('1') as unknown as number, 'invalid_value'],
  ])('refuses an increment of %s and counts it as %s', (value, reason) => {
    const registry = makeRegistry();
    registry.counter({ name: 'a_total', help: 'A.' }).inc(value);
    expect(collected(registry)).toEqual({
      a_total: 0,
      [`dwcp_instrument_rejected_total{instrument="a_total", reason="${reason}"}`]: 1,
    });
  });

  test('has the sum of its increments, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), (increments) => {
        const registry = makeRegistry();
        const counter = registry.counter({ name: 'a_total', help: 'A.' });
        for (const increment of increments) counter.inc(increment);
        expect(collected(registry)['a_total']).toBe(increments.reduce((a, b) => a + b, 0));
      }),
    );
  });
});

describe('a gauge', () => {
  test('goes up and down and may be NaN', () => {
    const registry = makeRegistry();
    const gauge = registry.gauge({ name: 'dwcp_temperature_celsius', help: 'T.' });
    gauge.set(5);
    gauge.inc(2);
    gauge.dec();
    expect(collected(registry)['dwcp_temperature_celsius']).toBe(6);
    gauge.set(Number.NaN);
    expect(collected(registry)['dwcp_temperature_celsius']).toBeNaN();
  });

  test('refuses a step that no later one could undo', () => {
    const registry = makeRegistry();
    const gauge = registry.gauge({ name: 'dwcp_size', help: 'S.' });
    gauge.inc(Infinity);
    gauge.dec(Number.NaN);
    gauge.dec('5' as unknown as number);
    gauge.dec(Symbol('1') as unknown as number);
    expect(collected(registry)).toEqual({
      dwcp_size: 0,
      'dwcp_instrument_rejected_total{instrument="dwcp_size", reason="invalid_value"}': 4,
    });
  });

  test('forgets a removed label set, and a new one begins at 0', () => {
    const registry = makeRegistry();
    const gauge = registry.gauge({ name: 'dwcp_size', help: 'S.', labelNames: ['a', 'b'] });
    gauge.labels({ a: '1', b: '1' }).set(1);
    gauge.labels({ a: '1', b: '2' }).set(2);
    gauge.remove({ a: '1', b: '1' });
    gauge.remove({ a: 'none', b: 'such' });
    expect(collected(registry)).toEqual({ 'dwcp_size{a="1", b="2"}': 2 });
    gauge.labels({ a: '1', b: '1' }).inc();
    expect(collected(registry)['dwcp_size{a="1", b="1"}']).toBe(1);
  });
});

describe('labels', () => {
  test.each([
    ['missing', {}],
    ['another', { y: '1' }],
    ['one too many', { x: '1', y: '1' }],
    ['not a string', { x: undefined as unknown as string }],
    ['not an object', 'GET' as unknown as Record<string, string>],
    ['nothing', undefined as unknown as Record<string, string>],
  ])('that are wrong (%s) are refused and counted, never thrown', (_, labels) => {
    const registry = makeRegistry();
    const counter = registry.counter({ name: 'a_total', help: 'A.', labelNames: ['x'] });
    counter.labels(labels).inc();
    counter.inc();
    expect(collected(registry)).toEqual({
      'dwcp_instrument_rejected_total{instrument="a_total", reason="wrong_labels"}': 2,
    });
  });

  test('that are numbers, as JavaScript callers pass a status code, count as their text', () => {
    const registry = makeRegistry();
    const counter = registry.counter({ name: 'a_total', help: 'A.', labelNames: ['status'] });
    counter.labels({ status: 200 as unknown as string }).inc();
    counter.labels({ status: '200' }).inc();
    expect(collected(registry)).toEqual({ 'a_total{status="200"}': 2 });
  });

  test('beyond the limit of label sets are refused and counted; known ones go on', () => {
    const registry = makeRegistry(2);
    const counter = registry.counter({ name: 'a_total', help: 'A.', labelNames: ['user'] });
    for (const user of ['ann', 'bob', 'cid', 'dan', 'ann']) counter.labels({ user }).inc();
    expect(collected(registry)).toEqual({
      'a_total{user="ann"}': 2,
      'a_total{user="bob"}': 1,
      'dwcp_instrument_rejected_total{instrument="a_total", reason="too_many_label_sets"}': 2,
    });
  });

  test('of great length are refused', () => {
    const registry = makeRegistry();
    const counter = registry.counter({ name: 'a_total', help: 'A.', labelNames: ['sql'] });
    counter.labels({ sql: 'x'.repeat(1_025) }).inc();
    expect(collected(registry)).toEqual({
      'dwcp_instrument_rejected_total{instrument="a_total", reason="label_value_too_long"}': 1,
    });
  });
});

describe('making an instrument', () => {
  test('twice gives the same one, the order of label names aside', () => {
    const registry = makeRegistry();
    const options = { name: 'a_total', help: 'A.' };
    const counter = registry.counter({ ...options, labelNames: ['x', 'y'] });
    expect(registry.counter({ ...options, labelNames: ['y', 'x'] })).toBe(counter);
  });

  test('under a name of another kind or with other labels is refused', () => {
    const registry = makeRegistry();
    registry.gauge({ name: 'dwcp_size', help: 'S.', labelNames: ['x'] });
    expect(() => registry.histogram({ name: 'dwcp_size', help: 'S.' })).toThrow(InvalidInputError);
    expect(() => registry.gauge({ name: 'dwcp_size', help: 'S.' })).toThrow(
      '"dwcp_size" is already a gauge with labels [x]',
    );
  });

  test('whose samples would have the name of another one is refused', () => {
    const registry = makeRegistry();
    registry.gauge({ name: 'dwcp_queue', help: 'Q.' });
    // OpenMetrics calls the counter's family dwcp_queue.
    expect(() => registry.counter({ name: 'dwcp_queue_total', help: 'Q.' })).toThrow(
      'would share the name "dwcp_queue" with "dwcp_queue"',
    );
  });

  test.each([
    ['counter', 'requests', 'call it "requests_total"'],
    ['gauge', 'size_total', 'call it "size" or use a counter'],
    ['gauge', 'queue size', 'call it "queue_size"'],
    ['gauge', '9lives', 'call it "_9lives"'],
    ['histogram', 'size_bucket', 'must not end in _bucket'],
    ['summary', 'size_count', 'must not end in _count'],
  ] as const)('%s "%s" is refused with a fix', (kind, name, fix) => {
    const registry = makeRegistry();
    expect(() => registry[kind]({ name, help: 'H.' })).toThrow(fix);
  });

  test.each([
    ['histogram', ['le'], 'is the label a histogram adds by itself'],
    ['summary', ['quantile'], 'is the label a summary adds by itself'],
    ['gauge', ['__name__'], 'starts with __'],
    ['gauge', ['a', 'a'], 'is there twice'],
    ['gauge', ['a-b'], 'is not of the form'],
  ] as const)('%s with labels %j is refused', (kind, labelNames, problem) => {
    const registry = makeRegistry();
    expect(() => registry[kind]({ name: 'dwcp_x', help: 'H.', labelNames })).toThrow(problem);
  });

  test('without help, with wrong buckets, quantiles or factor is refused', () => {
    const registry = makeRegistry();
    const name = 'dwcp_x';
    expect(() => registry.gauge({ name, help: ' ' })).toThrow('help: gauge "dwcp_x"');
    const help = 'H.';
    expect(() => registry.histogram({ name, help, buckets: [1, 1] })).toThrow(
      'got 1 at position 1',
    );
    expect(() => registry.histogram({ name, help, buckets: [] })).toThrow('got 0 bounds');
    expect(() => registry.histogram({ name, help, nativeBucketFactor: 1 })).toThrow(
      'must be above 1',
    );
    expect(() => registry.summary({ name, help, quantiles: [99] })).toThrow('got 99');
    expect(() => registry.summary({ name, help, maxAgeSeconds: 0 })).toThrow('got 0');
  });

  test('beyond the limit of instruments is refused', () => {
    const registry = new InstrumentRegistry({ clock: new ManualClock(), maxInstruments: 1 });
    registry.gauge({ name: 'dwcp_a', help: 'A.' });
    expect(() => registry.gauge({ name: 'dwcp_b', help: 'B.' })).toThrow('raise maxInstruments');
  });
});

describe('collecting', () => {
  test('adds the extra labels, and the instrument’s own win', () => {
    const registry = makeRegistry();
    registry
      .gauge({ name: 'dwcp_health', help: 'H.', labelNames: ['region'] })
      .labels({ region: 'ap' })
      .set(1);
    expect(collected(registry, { region: 'eu', job: 'dwcp' })).toEqual({
      'dwcp_health{job="dwcp", region="ap"}': 1,
    });
  });

  test('uses the same label sets each time while the extra labels stay', () => {
    const registry = makeRegistry();
    registry.histogram({ name: 'dwcp_x_seconds', help: 'X.' }).observe(1);
    const labelsWith = (region: string): readonly Labels[] => {
      const builder = new SampleBatchBuilder();
      registry.collect(builder, 0, { region });
      return builder.build().labels;
    };
    const first = labelsWith('eu');
    expect(labelsWith('eu').every((labels, i) => labels === first[i])).toBe(true);
    expect(labelsWith('us')[0]?.get('region')).toBe('us');
  });

  test('tells what the metrics mean, by the names stored samples have', () => {
    const registry = makeRegistry();
    registry.counter({ name: 'dwcp_read_bytes_total', help: 'Bytes read.' });
    expect(registry.metadata()).toContainEqual({
      name: 'dwcp_read_bytes_total',
      type: 'counter',
      help: 'Bytes read.',
      unit: 'bytes',
    });
    expect(registry.metadata()).toBe(registry.metadata());
  });
});

describe('exposing', () => {
  test('writes Prometheus text', async () => {
    const registry = makeRegistry();
    registry
      .counter({ name: 'a_total', help: 'A.', labelNames: ['x'] })
      .labels({ x: '"\n\\' })
      .inc(2);
    registry.gauge({ name: 'dwcp_g', help: 'G.' }).set(Number.NaN);
    registry.histogram({ name: 'h_bytes', help: 'H.', buckets: [1e-5, 1, 1e6] }).observe(2);
    expect(await registry.expose('text'))
      .toBe(`# HELP dwcp_instrument_rejected_total Observations that an instrument refused, by reason.
# TYPE dwcp_instrument_rejected_total counter

# HELP a_total A.
# TYPE a_total counter
a_total{x="\\"\\n\\\\"} 2

# HELP dwcp_g G.
# TYPE dwcp_g gauge
dwcp_g NaN

# HELP h_bytes H.
# TYPE h_bytes histogram
h_bytes_bucket{le="1e-05"} 0
h_bytes_bucket{le="1"} 0
h_bytes_bucket{le="1e+06"} 1
h_bytes_bucket{le="+Inf"} 1
h_bytes_sum 2
h_bytes_count 1
`);
    expect(registry.contentType('text')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test('writes OpenMetrics with exemplars, and text after it is as before', async () => {
    const registry = new InstrumentRegistry({ clock: new ManualClock(1_500) });
    const exemplar = { trace_id: '0af7651916cd43dd8448eb211c80319c' };
    registry.counter({ name: 'a_total', help: 'A.' }).inc(1, { exemplar });
    const histogram = registry.histogram({ name: 'h_seconds', help: 'H.', buckets: [1, 5] });
    histogram.observe(3, { exemplar });
    histogram.observe(4);
    const before = await registry.expose('text');
    const text = await registry.expose('openmetrics');
    expect(text).toContain(
      '# TYPE a counter\na_total 1 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 1 1.5\n',
    );
    expect(text).toContain('h_seconds_bucket{le="1.0"} 0\n');
    expect(text).toContain(
      'h_seconds_bucket{le="5.0"} 2 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 3 1.5\n',
    );
    expect(text.endsWith('# EOF\n')).toBe(true);
    expect(registry.contentType('openmetrics')).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    expect(await registry.expose('text')).toBe(before);
  });

  test('leaves out an exemplar that is too long, and keeps its observation', async () => {
    const registry = makeRegistry();
    registry.counter({ name: 'a_total', help: 'A.' }).inc(1, { exemplar: { id: 'x'.repeat(127) } });
    expect(collected(registry)).toEqual({
      a_total: 1,
      'dwcp_instrument_rejected_total{instrument="a_total", reason="invalid_exemplar"}': 1,
    });
    expect(await registry.expose('openmetrics')).toContain('\na_total 1\n');
  });

  test('shows instruments made since, and can be merged with a prom-client registry', async () => {
    const registry = makeRegistry();
    await registry.expose('text');
    registry.gauge({ name: 'dwcp_later', help: 'L.' }).set(7);
    expect(await registry.expose('text')).toContain('\ndwcp_later 7\n');
    const { Gauge, Registry } = await import('prom-client');
    const theirs = new Registry();
    new Gauge({ name: 'app_users', help: 'U.', registers: [theirs] }).set(3);
    const merged = await Registry.merge([theirs, await registry.promClient('text')]).metrics();
    expect(merged).toMatch(/app_users 3[^]*dwcp_later 7/);
  });
});
