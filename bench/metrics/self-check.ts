// Whether the first requests of a file carry what the workload says, read by another decoder than ours,
// and what the first generator of these data sets says, where that lies beside the repository.
import { existsSync } from 'node:fs';

import { decodeWriteRequest } from './borrowed.ts';
import { FIRST_GENERATOR } from './paths.ts';
import { type PackedRequest } from './request-file.ts';
import { type Workload } from './workload.ts';

const REQUESTS = 60;

interface Row {
  readonly labels: string;
  readonly unixMs: number;
  readonly value: number;
}

interface Rows {
  readonly lane: number;
  readonly rows: readonly Row[];
}

/**
 * @returns what was compared, in words
 * @throws Error naming the first difference
 */
export async function checkRequests(
  { name, series, batches }: Workload,
  requests: Iterable<PackedRequest>,
): Promise<string> {
  const sent = [...firstOf(requests)].map(decode);
  const meant = [...firstOf(batches())].map((batch): Rows => ({
    lane: batch.lane,
    rows: batch.series.map((index, row) => ({
      labels: JSON.stringify(series[index]),
      unixMs: batch.unixMs[row] ?? Number.NaN,
      value: batch.values[row] ?? Number.NaN,
    })),
  }));
  compare(name, 'the workload', sent, meant, 0);

  const first = await firstGeneratorsRows(name);
  if (first === undefined) {
    return `${sent.length} requests are as the workload has them (the first generator is not here)`;
  }
  const jitterMs = Number(/-jitter(\d+)$/.exec(name)?.[1] ?? 0);
  compare(name, 'the first generator', sent, first, jitterMs);
  const within = jitterMs === 0 ? '' : `, times within ${jitterMs} ms`;
  return `${sent.length} requests are as the workload and the first generator have them${within}`;
}

function* firstOf<T>(items: Iterable<T>): Generator<T> {
  let taken = 0;
  for (const item of items) {
    yield item;
    if (++taken === REQUESTS) return;
  }
}

function decode({ lane, sampleCount, body }: PackedRequest): Rows {
  const rows = decodeWriteRequest(body).flatMap(({ labels, samples }): Row[] => {
    const text = JSON.stringify(labels.map(({ name, value }) => [name, value]));
    return samples.map(({ value, timestamp }) => ({
      labels: text,
      unixMs: Number(timestamp),
      value,
    }));
  });
  if (rows.length !== sampleCount) {
    throw new Error(`a request has ${rows.length} samples, its header says ${sampleCount}`);
  }
  return { lane, rows };
}

function compare(
  name: string,
  source: string,
  sent: readonly Rows[],
  meant: readonly Rows[],
  jitterMs: number,
): void {
  const differs = (what: string): Error => new Error(`${name} is not what ${source} says: ${what}`);
  if (sent.length !== meant.length) {
    throw differs(`${sent.length} requests in place of ${meant.length}`);
  }
  let moved = 0;
  for (const [index, { lane, rows }] of sent.entries()) {
    const other = meant[index];
    if (lane !== other?.lane || rows.length !== other.rows.length) {
      throw differs(`request ${index} has another lane or number of samples`);
    }
    for (const [position, row] of rows.entries()) {
      const wanted = other.rows[position];
      if (
        row.labels !== wanted?.labels ||
        !Object.is(row.value, wanted.value) ||
        !(Math.abs(row.unixMs - wanted.unixMs) <= jitterMs)
      ) {
        throw differs(
          `sample ${position} of request ${index} is ${JSON.stringify(row)}, not ${JSON.stringify(wanted)}`,
        );
      }
      if (row.unixMs !== wanted.unixMs) moved++;
    }
  }
  if (jitterMs > 0 && moved === 0) throw differs('no sample is off its second');
}

/** The first generator's own module; points are flat: series, Unix ms, value, and so on. */
interface FirstGenerator {
  readonly workload: (name: string) => {
    readonly series: readonly (readonly (readonly [string, string])[])[];
    readonly batches: () => Iterable<{ readonly lane: number; readonly points: readonly number[] }>;
  };
}

async function firstGeneratorsRows(name: string): Promise<readonly Rows[] | undefined> {
  // It knows no other sets.
  if (!/^(?:ingest|query)-/.test(name) || !existsSync(FIRST_GENERATOR)) return undefined;
  const { workload: first } = (await import(FIRST_GENERATOR)) as FirstGenerator;
  const { series, batches } = first(name.replace(/-jitter\d+$/, ''));
  return [...firstOf(batches())].map(({ lane, points }) => {
    const rows: Row[] = [];
    for (let i = 0; i < points.length; i += 3) {
      rows.push({
        labels: JSON.stringify(series[points[i] ?? -1]),
        unixMs: points[i + 1] ?? Number.NaN,
        value: points[i + 2] ?? Number.NaN,
      });
    }
    return { lane, rows };
  });
}
