// A process that does everything a store is asked for, all at once, until it is killed. What it
// does it says on file descriptor 3: `r` and `+` lines before, `a` and `-` lines once acknowledged.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

import {
  type AppendResult,
  type Clock,
  Labels,
  type MetricTransaction,
  NO_SERIES,
  SampleBatchBuilder,
  silentLog,
  systemClock,
} from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';

import { type Orders } from './orders.ts';
import { PhasedFileSystem } from './phases.ts';
import {
  FIRST_SCRATCH,
  labelsOf,
  planOf,
  type Row,
  scatter,
  seriesLabels,
  SETTLED_ROUNDS,
  STEP_MS,
  storeOptions,
  timeOf,
} from './plan.ts';

const say = (line: string): void => void writeSync(3, `${line}\n`);
const encoder = new TextEncoder();
const traceLabels = Labels.from({ trace_id: '4bf92f3577b34da6' });
const names = seriesLabels.map((_, series) => encoder.encode(`series ${series}`));

say('ready');
const [line = ''] = await new Promise<readonly string[]>((resolve) => {
  createInterface(process.stdin).once('line', (text) => resolve([text]));
});
const orders = JSON.parse(line) as Orders;
let newestRound = orders.from - 1;
let random = orders.seed;

/** Time goes with the rounds. */
const clock: Clock = {
  ...systemClock,
  nowUnixMs: () => timeOf(newestRound),
  monotonicMs: () => newestRound * STEP_MS,
  schedule: (delayMs, callback) => systemClock.schedule(delayMs, callback),
  sleep: (delayMs, options) => systemClock.sleep(delayMs, options),
};
const store = await EmbeddedMetricStore.open({
  dir: orders.dir,
  clock,
  fileSystem: new PhasedFileSystem(orders.target, say),
  log: { ...silentLog, error: ({ err }, message) => say(`! ${message}: ${String(err)}`) },
  ...storeOptions,
});
say('o');

for (const round of orders.again) await send(round, true);
await Promise.all([0, 1, 2].map(() => appendOn()).concat(administer()));

async function appendOn(): Promise<never> {
  for (;;) {
    for (let burst = 0; burst < 3; burst++) await send(++newestRound, false);
    // Or the merges of hours would never catch up with the clock.
    await pause(15);
  }
}

async function send(round: number, isAgain: boolean): Promise<void> {
  say(`r ${round}`);
  const result = await (round % 2 === 0 ? appendBatch(round) : commitTransaction(round));
  const { main, late, exemplars } = planOf(round);
  const { exemplar = 0, ...rejected } = result.rejected;
  if (result.appended !== main.length + late.length || Object.keys(rejected).length > 0) {
    throw new Error(`round ${round}: ${JSON.stringify(result)}`);
  }
  if (exemplar > 0 && !isAgain) throw new Error(`round ${round}: refused exemplars`);
  say(`a ${round} ${exemplars.length - exemplar}`);
}

function appendBatch(round: number): Promise<AppendResult> {
  const { main, late, exemplars } = planOf(round);
  const batch = new SampleBatchBuilder();
  for (const row of [...main, ...late]) addRow(batch, row);
  for (const { series, unixMs, value } of exemplars) {
    const exemplar = { labels: traceLabels, value, unixMs };
    batch.addExemplar(labelsOf(series), exemplar);
  }
  return store.append(batch.build());
}

function commitTransaction(round: number): Promise<AppendResult> {
  const { main, late, exemplars } = planOf(round);
  const transaction = store.begin();
  const refs = new Map<number, number>();
  const words = new Uint32Array(2);
  const float = new Float64Array(words.buffer);
  for (const { series, unixMs, value, isStale, histogram } of [...main, ...late]) {
    const ref = refs.get(series) ?? refOf(transaction, series);
    refs.set(series, ref);
    float[0] = value;
    if (histogram !== undefined) transaction.histogram(ref, unixMs, histogram);
    else if (isStale === true) transaction.sample(ref, unixMs, 2, 0x7ff00000);
    else transaction.sample(ref, unixMs, words[0] ?? 0, words[1] ?? 0);
  }
  for (const { series, unixMs, value } of exemplars) {
    const ref = refs.get(series) ?? refOf(transaction, series);
    transaction.exemplar(ref, { labels: traceLabels, value, unixMs });
  }
  return transaction.commit();
}

function refOf(transaction: MetricTransaction, series: number): number {
  const name = names[series] ?? new Uint8Array();
  const known = transaction.find(name, 0, name.length);
  if (known !== NO_SERIES) return known;
  return transaction.define(name, 0, name.length, labelsOf(series));
}

/** One after the other, in an order of chance. */
async function administer(): Promise<never> {
  for (;;) {
    const choice = chance(16);
    if (choice < 4) await deleteSettled();
    else if (choice < 7) await writeAndDelete();
    else if (choice < 8) await told('clean', '', () => store.cleanTombstones());
    else if (choice < 10) await told('snapshot', '', () => store.snapshot());
    else if (choice < 15)
      await told('maintain', String(timeOf(newestRound)), () => store.maintain());
    else await told('seal', '', () => store.seal());
    await pause(chance(8));
  }
}

/** Takes samples out of the past of some series that are written on. */
async function deleteSettled(): Promise<void> {
  const to = newestRound - SETTLED_ROUNDS - chance(300);
  const from = to - chance(100);
  const all = Array.from({ length: FIRST_SCRATCH }, (_, series) => series);
  const series = all.filter(() => chance(4) === 0);
  await deleteOf(series, timeOf(from), timeOf(to));
}

/** Writes, deletes also the newest, and writes at the same times again. */
async function writeAndDelete(): Promise<void> {
  const series = FIRST_SCRATCH + chance(seriesLabels.length - FIRST_SCRATCH);
  const start = timeOf(newestRound) + 10_000;
  const write = (...offsets: readonly number[]): Promise<void> => {
    const rows = offsets.map((offset) => ({
      series,
      unixMs: start + offset,
      value: (random = scatter(random + 1)),
    }));
    return told('write', JSON.stringify(rows), async () => {
      const batch = new SampleBatchBuilder();
      for (const row of rows) addRow(batch, row);
      const result = await store.append(batch.build());
      if (result.appended !== rows.length) throw new Error(`write: ${JSON.stringify(result)}`);
    });
  };
  const take = (from: number, to: number): Promise<void> =>
    deleteOf([series], start + from, start + to);
  await write(0, 1_000, 2_000, 3_000, 4_000, 5_000);
  await take(3_000, 5_000);
  if (chance(2) === 0) await write(3_000, 4_000);
  await take(1_000, 1_000);
  await take(4_000, 40_000);
  // Older than what is left: nothing newer is known of the series at that moment.
  await write(1_000);
  if (chance(2) === 0) await told('clean', '', () => store.cleanTombstones());
  // The next one begins later.
  const before = newestRound;
  while (newestRound === before) await pause(1);
}

function deleteOf(series: readonly number[], from: number, to: number): Promise<void> {
  if (series.length === 0) return Promise.resolve();
  const chosen = series.map((each) => labelsOf(each));
  const alternatives = (name: string): string =>
    [...new Set(chosen.map((labels) => labels.get(name)))].join('|');
  const matchers = [
    { name: '__name__', operator: '=~', value: alternatives('__name__') },
    { name: 'i', operator: '=~', value: alternatives('i') },
  ] as const;
  const isMatched = (i: number): boolean =>
    chosen.some((labels) => labels.get('__name__') === labelsOf(i).get('__name__')) &&
    chosen.some((labels) => labels.get('i') === labelsOf(i).get('i'));
  const matched = seriesLabels.flatMap((_, i) => (isMatched(i) ? [i] : []));
  const range = { series: matched, from, to };
  return told('delete', JSON.stringify(range), () =>
    store.deleteSeries({ matchers, startUnixMs: from, endUnixMs: to }),
  );
}

async function told(what: string, details: string, work: () => Promise<unknown>): Promise<void> {
  say(`+ ${what} ${details}`);
  const result = await work();
  say(`- ${what} ${typeof result === 'string' ? result : ''}`);
}

function addRow(batch: SampleBatchBuilder, { series, unixMs, value, ...row }: Row): void {
  const labels = labelsOf(series);
  if (row.histogram !== undefined) batch.addHistogram(labels, unixMs, row.histogram);
  else if (row.isStale === true) batch.addStale(labels, unixMs);
  else batch.add(labels, unixMs, value);
}

function chance(below: number): number {
  return (random = scatter(random + 1)) % below;
}
