import { SampleBatchBuilder, systemClock } from '@dwcp/core';
import { InstrumentRegistry } from '@dwcp/metrics-collector';
import { Counter as PromCounter, Registry } from 'prom-client';
import { expect, test } from 'vitest';

const labelNames = ['method', 'route', 'status'];
const values = { method: 'GET', route: '/api/v1/query', status: '200' };

test('counting under three labels', async ({ bench }) => {
  const registry = new InstrumentRegistry({ clock: systemClock });
  const counter = registry.counter({ name: 'ours_total', help: 'Ours.', labelNames });
  const bound = counter.labels(values);
  const theirs = new PromCounter({
    name: 'theirs_total',
    help: 'Theirs.',
    labelNames,
    registers: [new Registry()],
  });
  const theirBound = theirs.labels(values);
  await bench.compare(
    bench('bound', () => bound.inc()),
    bench('unbound', () => counter.labels({ ...values }).inc()),
    bench('prom-client, bound', () => theirBound.inc()),
    bench('prom-client, unbound', () => theirs.inc({ ...values })),
  );
  expect(await registry.expose('text')).toMatch(/ours_total\{.*\} [1-9]/);
});

test('observing under three labels', async ({ bench }) => {
  const registry = new InstrumentRegistry({ clock: systemClock });
  const help = 'X.';
  const histogram = registry.histogram({ name: 'h', help, labelNames });
  const native = registry.histogram({ name: 'n', help, labelNames, nativeBucketFactor: 1.1 });
  const summary = registry.summary({ name: 's', help, labelNames });
  const bound = [histogram, native, summary].map((instrument) => instrument.labels(values));
  let seed = 1;
  const next = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  await bench.compare(
    bench('histogram, bound', () => bound[0]?.observe(next())),
    bench('histogram, unbound', () => histogram.labels({ ...values }).observe(next())),
    bench('native histogram, bound', () => bound[1]?.observe(next())),
    bench('summary, bound', () => bound[2]?.observe(next())),
  );
  expect(await registry.expose('text')).toMatch(/s_count\{.*\} [1-9]/);
});

test('collecting 1,000 series of 500 gauges and 36 histograms', async ({ bench }) => {
  const registry = new InstrumentRegistry({ clock: systemClock });
  const gauge = registry.gauge({ name: 'g', help: 'G.', labelNames: ['x'] });
  for (let i = 0; i < 500; i++) gauge.labels({ x: String(i) }).set(i);
  const histogram = registry.histogram({ name: 'h', help: 'H.', labelNames: ['x'] });
  for (let i = 0; i < 36; i++) histogram.labels({ x: String(i) }).observe(i);
  const extra = { region: 'eu', instance: 'box', job: 'dwcp' };
  let size = 0;
  await bench('collect', () => {
    const builder = new SampleBatchBuilder();
    registry.collect(builder, 0, extra);
    ({ size } = builder);
  }).run();
  expect(size).toBeGreaterThanOrEqual(1_000);
});
