// A day of a store in a few seconds per hour. Prints a line of JSON after each hour, and at the end
// what was wrong with the answers. Needs --expose-gc.
import { readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { Labels, type MetricTransaction, NO_SERIES, SampleBatchBuilder } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { ManualClock } from '@dwcp/testing';

import {
  generationOf,
  hasExemplars,
  histogramOf,
  INTERVAL_MS,
  isHistogram,
  isLate,
  labelsOf,
  LATE_ROUNDS,
  replacedIn,
  ROUNDS_PER_HOUR,
  SLOTS,
  START_UNIX_MS,
  unixMsOf,
  valueOf,
} from './long-run-load.ts';
import { problemsOf } from './long-run-oracle.ts';

const [dir = '', hours = '24'] = process.argv.slice(2);
const HOUR_MS = 3_600_000;
const clock = new ManualClock(START_UNIX_MS);
const store = await EmbeddedMetricStore.open({
  dir,
  clock,
  retentionMs: 4 * HOUR_MS,
  downsampledRetention: { fiveMinutesMs: 5 * HOUR_MS, hourMs: 6 * HOUR_MS },
  outOfOrderMs: 10 * 60_000,
  maxExemplars: 1_000,
  // Soon full, so that what it takes is the same from then on.
  cacheBytes: 256 * 1024,
});

/** What a sender has of each slot: labels, or for the half that is appended by name its bytes. */
const labels: Labels[] = [];
const names: Uint8Array[] = [];
const renew = (slot: number, round: number): void => {
  const own = labelsOf(slot, generationOf(slot, round));
  labels[slot] = own;
  // Memory of its own: a Buffer would keep the pool it is cut from.
  names[slot] = new Uint8Array(Buffer.from(JSON.stringify(own)));
};
for (let slot = 0; slot < SLOTS; slot++) renew(slot, 0);

const words = new Uint32Array(2);
const float = new Float64Array(words.buffer);

function addByName(transaction: MetricTransaction, slot: number, round: number): void {
  const bytes = names[slot] ?? new Uint8Array();
  let id = transaction.find(bytes, 0, bytes.length);
  if (id === NO_SERIES) {
    // As a protocol would: out of the bytes.
    const record = JSON.parse(Buffer.from(bytes).toString()) as Record<string, string>;
    id = transaction.define(bytes, 0, bytes.length, Labels.from(record));
  }
  if (isHistogram(slot)) {
    transaction.histogram(id, unixMsOf(round), histogramOf(slot, round));
  } else {
    float[0] = valueOf(slot, round);
    transaction.sample(id, unixMsOf(round), words[0] ?? 0, words[1] ?? 0);
  }
}

/** Late samples that wait: of the labels they were measured with. */
const waiting: { readonly dueRound: number; readonly send: (into: SampleBatchBuilder) => void }[] =
  [];

async function append(round: number): Promise<void> {
  const batch = new SampleBatchBuilder();
  const transaction = store.begin();
  const unixMs = unixMsOf(round);
  let expected = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const own = labels[slot] ?? Labels.empty;
    if (isLate(slot, round)) {
      waiting.push({
        dueRound: round + LATE_ROUNDS,
        send: (into) => into.add(own, unixMs, valueOf(slot, round)),
      });
      continue;
    }
    expected++;
    if (slot % 2 === 0) addByName(transaction, slot, round);
    else if (isHistogram(slot)) batch.addHistogram(own, unixMs, histogramOf(slot, round));
    else batch.add(own, unixMs, valueOf(slot, round));
    if (hasExemplars(slot)) {
      const trace = Labels.from({ trace_id: `${slot}-${round}` });
      batch.addExemplar(own, { labels: trace, value: round, unixMs });
    }
  }
  while ((waiting[0]?.dueRound ?? Number.POSITIVE_INFINITY) <= round) {
    waiting.shift()?.send(batch);
    expected++;
  }
  const results = await Promise.all([store.append(batch.build()), transaction.commit()]);
  const appended = results.reduce((sum, result) => sum + result.appended, 0);
  if (appended !== expected) {
    throw new Error(`round ${round}: ${appended} of ${expected}, ${JSON.stringify(results)}`);
  }
}

/** One after the other, each beside an append. */
async function query(round: number): Promise<void> {
  const endUnixMs = unixMsOf(round);
  const last = (ms: number) => ({ startUnixMs: endUnixMs - ms, endUnixMs });
  const metric = { name: '__name__', operator: '=', value: `metric_${round % 50}_total` } as const;
  const region = { name: 'region', operator: '=~', value: 'eu-.*' } as const;
  if (round % 12 === 0) await store.select({ matchers: [metric], ...last(HOUR_MS / 2) });
  if (round % 12 === 4) await store.labelValues('pod', { matchers: [region], ...last(HOUR_MS) });
  if (round % 12 === 8) await store.series({ matchers: [metric, region], ...last(5 * HOUR_MS) });
  if (round % 240 === 33) await store.select({ matchers: [metric], ...last(8 * HOUR_MS) });
}

/** As someone who sends on what is appended: behind by up to ten minutes. */
let position = store.feed.end();
async function forward(): Promise<void> {
  for (;;) {
    const entry = await store.feed.read(position);
    if (entry === undefined) break;
    if (entry.isAfterGap) throw new Error('the feed has a gap');
    position = entry.next;
  }
  store.feed.hold('sender', position);
}

function measure(hour: number): Record<string, number> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const diskBytes = files.reduce(
    (sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size,
    0,
  );
  // Twice: what a first collection finds to be finalised goes with the second.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, heapTotal, arrayBuffers, external, rss } = process.memoryUsage();
  return {
    hour,
    heapUsed,
    heapTotal,
    arrayBuffers,
    external,
    rss,
    files: files.length,
    diskBytes,
    series: store.stats().seriesCount,
    descriptors: readdirSync('/proc/self/fd').length,
    timers: clock.timerCount,
  };
}

const rounds = Number(hours) * ROUNDS_PER_HOUR;
for (let round = 0; round < rounds; round++) {
  for (const slot of replacedIn(round)) renew(slot, round);
  await Promise.all([append(round), query(round)]);
  if (round % 40 === 39) await forward();
  await clock.advance(INTERVAL_MS);
  if ((round + 1) % ROUNDS_PER_HOUR === 0) {
    // What the clock has begun is to be over.
    await store.maintain();
    writeSync(1, `${JSON.stringify(measure((round + 1) / ROUNDS_PER_HOUR))}\n`);
  }
}
writeSync(1, `${JSON.stringify({ problems: await problemsOf(store, rounds - 1) })}\n`);
await store.close();
