import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Labels, QueryError, type QueryValue } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { Child, findProgram, freePort, ManualClock, MemoryMetricStore, wants } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { QueryGenerator } from './support/random-queries.ts';
import {
  DATA_DURATION_MS,
  DATA_START_MS,
  pick,
  randomOf,
  referenceSeries,
  toOpenMetrics,
} from './support/reference-series.ts';

const prometheus = findProgram('prometheus');
const promtool = findProgram('promtool');
const SEED = 20_260_301;
const QUERY_COUNT = 1_000;

/** A real Prometheus over the reference series, in blocks that promtool made. */
class Reference implements AsyncDisposable {
  readonly #child: Child;
  readonly #folder: string;
  readonly #url: string;

  private constructor(child: Child, folder: string, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.#url = url;
  }

  static async start(openMetrics: string): Promise<Reference> {
    const folder = await mkdtemp(join(tmpdir(), 'dwcp-differential-'));
    const data = join(folder, 'data');
    await mkdir(data);
    await writeFile(join(folder, 'series.txt'), openMetrics);
    await writeFile(join(folder, 'prometheus.yml'), '');
    await promisify(execFile)(promtool ?? '', [
      'tsdb',
      'create-blocks-from',
      'openmetrics',
      join(folder, 'series.txt'),
      data,
    ]);
    const address = `127.0.0.1:${await freePort()}`;
    const child = await Child.start({
      program: prometheus ?? '',
      args: [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${data}`,
        '--storage.tsdb.retention.time=100y',
        `--web.listen-address=${address}`,
      ],
      readyUrl: `http://${address}/-/ready`,
    });
    return new Reference(child, folder, `http://${address}`);
  }

  /** The answer in our terms, or the message of a failure. */
  async ask(path: string, parameters: Record<string, string>): Promise<Answer> {
    const body = new URLSearchParams(parameters);
    const response = await fetch(`${this.#url}/api/v1/${path}`, { method: 'POST', body });
    const answer = (await response.json()) as ApiAnswer;
    if (answer.status === 'error') return { error: answer.error };
    const { resultType, result } = answer.data;
    if (resultType === 'scalar')
      return { order: [], points: { scalar: [toPoint(result as ApiPoint)] } };
    const series = result as readonly ApiSeries[];
    const keys = series.map(({ metric }) => Labels.from(metric).toString());
    const points = series.map(({ value, values = [] }) =>
      (value === undefined ? values : [value]).map(toPoint),
    );
    return {
      order: keys,
      points: Object.fromEntries(keys.map((key, i) => [key, points[i] ?? []])),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.end();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

type Point = readonly [unixMs: number, value: number];
type Answer =
  | { readonly error: string }
  | { readonly order: readonly string[]; readonly points: Record<string, readonly Point[]> };
type ApiPoint = readonly [number, string];
interface ApiSeries {
  readonly metric: Record<string, string>;
  readonly value?: ApiPoint;
  readonly values?: readonly ApiPoint[];
}
type ApiAnswer =
  | { readonly status: 'error'; readonly error: string }
  | {
      readonly status: 'success';
      readonly data: { readonly resultType: string; readonly result: unknown };
    };

function toPoint([seconds, text]: ApiPoint): Point {
  const special = { '+Inf': Infinity, '-Inf': -Infinity }[text];
  return [Math.round(seconds * 1000), special ?? Number(text)];
}

async function ours(ask: () => Promise<{ readonly value: QueryValue }>): Promise<Answer> {
  try {
    return inPoints((await ask()).value);
  } catch (error) {
    if (error instanceof QueryError) return { error: error.message };
    throw error;
  }
}

function inPoints(value: QueryValue): Answer {
  if (value.kind === 'string') throw new Error('the run asks for no strings');
  if (value.kind === 'scalar')
    return { order: [], points: { scalar: [[value.unixMs, value.value]] } };
  const list: [string, Point[]][] =
    value.kind === 'vector'
      ? value.samples.map(({ labels, unixMs, value: v }) => [labels.toString(), [[unixMs, v]]])
      : value.series.map(({ labels, timestamps, values }) => [
          labels.toString(),
          Array.from(timestamps, (unixMs, i) => [unixMs, values[i] ?? 0] as const),
        ]);
  return { order: list.map(([key]) => key), points: Object.fromEntries(list) };
}

function isClose(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-3);
}

/** Whether the values come in the same order; equal values have none. */
function hasSameOrder(got: Answer, wanted: Answer): boolean {
  if ('error' in got || 'error' in wanted) return true;
  const values = ({ order, points }: typeof got): number[] =>
    order.map((key) => points[key]?.[0]?.[1] ?? Number.NaN);
  const theirs = values(wanted);
  return values(got).every((value, i) => isClose(value, theirs[i] ?? Number.NaN));
}

/** What differs between two answers; undefined when they agree. */
function difference(got: Answer, wanted: Answer): string | undefined {
  if ('error' in got || 'error' in wanted) {
    if ('error' in got && 'error' in wanted) return undefined;
    return 'error' in got
      ? `we fail: ${got.error}`
      : `Prometheus fails: ${'error' in wanted ? wanted.error : ''}`;
  }
  const [mine, theirs] = [Object.keys(got.points).sort(), Object.keys(wanted.points).sort()];
  if (mine.join('\n') !== theirs.join('\n')) {
    const only = (a: string[], b: string[]): string =>
      a
        .filter((key) => !b.includes(key))
        .slice(0, 3)
        .join(' ');
    return `only ours: ${only(mine, theirs)}; only theirs: ${only(theirs, mine)}`;
  }
  for (const [key, points] of Object.entries(wanted.points)) {
    const own = got.points[key] ?? [];
    if (own.length !== points.length) return `${key}: ${own.length} points, not ${points.length}`;
    for (const [i, [unixMs, value]] of points.entries()) {
      const [ownMs, ownValue] = own[i] ?? [0, 0];
      if (ownMs !== unixMs) return `${key}: point at ${ownMs}, not ${unixMs}`;
      if (!isClose(ownValue, value)) return `${key} at ${unixMs}: ${ownValue}, not ${value}`;
    }
  }
  return undefined;
}

test.skipIf(prometheus === undefined || promtool === undefined)(
  `random queries have the answers of a real Prometheus (${wants('prometheus', 'promtool')})`,
  async () => {
    const series = referenceSeries(SEED);
    await using reference = await Reference.start(toOpenMetrics(series));
    const store = new MemoryMetricStore();
    for (const one of series) store.put(one);
    const engine = new PromqlEngine({ store, clock: new ManualClock() });
    const random = randomOf(SEED + 1);
    // Whole seconds, 2 modulo 5, never fall on a sample nor on a step of a subquery.
    const seconds = Array.from(
      { length: 9 },
      (_, i) => (DATA_START_MS + (DATA_DURATION_MS * i) / 8) / 1000 + 302,
    );
    const queries = new QueryGenerator(random, seconds);
    const differences: string[] = [];
    let failures = 0;
    let empty = 0;
    for (let i = 0; i < QUERY_COUNT; i++) {
      const { ours: own, theirs } = queries.next();
      const time = pick(random, seconds);
      const step = pick(random, [15, 35, 60, 300]);
      const end = time + step * Math.floor(random() * 40);
      const instant = {
        got: await ours(() => engine.instant({ expression: own, unixMs: time * 1000 })),
        wanted: await reference.ask('query', { query: theirs, time: String(time) }),
      };
      const range = {
        got: await ours(() =>
          engine.range({
            expression: own,
            startUnixMs: time * 1000,
            endUnixMs: end * 1000,
            stepMs: step * 1000,
          }),
        ),
        wanted: await reference.ask('query_range', {
          query: theirs,
          start: String(time),
          end: String(end),
          step: String(step),
        }),
      };
      if ('error' in instant.wanted) failures++;
      else if (Object.keys(instant.wanted.points).length === 0) empty++;
      const where = `${own}\n    at ${time}, to ${end} by ${step}`;
      if (/^(?:sort|topk|bottomk)/.test(own) && !hasSameOrder(instant.got, instant.wanted)) {
        differences.push(`instant: ${where}\n    the order differs`);
      }
      for (const [kind, { got, wanted }] of Object.entries({ instant, range })) {
        const found = difference(got, wanted);
        if (found !== undefined) differences.push(`${kind}: ${where}\n    ${found}`);
      }
    }
    expect(differences.join('\n')).toBe('');
    // A run that compares failures with failures and nothing with nothing would prove little.
    expect(failures).toBeLessThan(QUERY_COUNT / 5);
    expect(empty).toBeLessThan(QUERY_COUNT / 2);
  },
);
