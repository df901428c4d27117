// Queries over one kept-alive connection, and answers as numbers that can be compared.
import { Agent, get } from 'node:http';

import { type BenchServer } from '../metrics/server.ts';
import { START_UNIX_MS } from '../metrics/workload.ts';
import { type BenchQuery } from './queries.ts';

const TIMEOUT_MS = 120_000;
/** Off the whole seconds that the samples of `query-<hours>h` lie on. */
const HALF_SECOND = 0.5;

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** The data a query is about: from `START_UNIX_MS` on. */
export interface DataSpan {
  readonly hours: number;
}

export interface AskOptions {
  readonly query: BenchQuery;
  readonly span: DataSpan;
  /** Whether the server may answer from what it kept of earlier answers. */
  readonly useCache: boolean;
  /** How many steps the query ends before the end of the data; 0 by default. */
  readonly stepsBack?: number;
  /** Whole minutes, as dashboards ask, in place of half seconds. */
  readonly isAligned?: boolean;
}

/** What turns result caches off, as each server calls it; Prometheus has none. */
const uncached: Readonly<Record<BenchServer['name'], Readonly<Record<string, string>>>> = {
  prometheus: {},
  'victoria-metrics': { nocache: '1' },
  dwcp: { noCache: 'true' },
};

export function urlOf(server: BenchServer, options: AskOptions): string {
  const { query, span, useCache, stepsBack = 0, isAligned = false } = options;
  const end = START_UNIX_MS / 1_000 + span.hours * 3_600 - 60 + (isAligned ? 0 : HALF_SECOND);
  const parameters = new URLSearchParams({
    query: query.expression,
    ...(useCache ? {} : uncached[server.name]),
  });
  if (query.range === undefined) {
    parameters.set('time', String(end));
    return `${server.url}/api/v1/query?${parameters.toString()}`;
  }
  const { stepSeconds } = query.range;
  // The first five minutes are left out: ranges would reach beyond the first sample there.
  const seconds = Math.min(query.range.hours, span.hours) * 3_600 - 360;
  const to = end - stepsBack * stepSeconds;
  parameters.set('start', String(to - Math.floor(seconds / stepSeconds) * stepSeconds));
  parameters.set('end', String(to));
  parameters.set('step', String(stepSeconds));
  return `${server.url}/api/v1/query_range?${parameters.toString()}`;
}

export interface Reply {
  readonly body: string;
  /** Until the last byte was there, which is read and not yet parsed. */
  readonly wallMs: number;
}

/** @throws Error with what the server says when it does not answer 2xx */
export function ask(url: string): Promise<Reply> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const asking = get(url, { agent, timeout: TIMEOUT_MS }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const wallMs = performance.now() - startedMs;
        const body = Buffer.concat(parts).toString('utf8');
        const { statusCode = 0 } = response;
        if (statusCode >= 200 && statusCode < 300) return resolve({ body, wallMs });
        reject(new Error(`answered with ${statusCode}: ${body.slice(0, 300)}`));
      });
    });
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    asking.on('error', reject);
  });
}

/** Values by series and second. */
export type Answer = ReadonlyMap<string, ReadonlyMap<number, number>>;

type Point = readonly [seconds: number, value: string];
interface Element {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}

export function answerOf(body: string): Answer {
  const { data } = JSON.parse(body) as {
    readonly data: { readonly resultType: string; readonly result: unknown };
  };
  const toNumbers = ([seconds, text]: Point): [number, number] => [
    seconds,
    text.endsWith('Inf') ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text),
  ];
  if (data.resultType === 'scalar') {
    return new Map([['scalar', new Map([toNumbers(data.result as Point)])]]);
  }
  return new Map(
    (data.result as readonly Element[]).map(({ metric, value, values = [] }) => [
      JSON.stringify(Object.entries(metric).toSorted(([x], [y]) => (x < y ? -1 : 1))),
      new Map((value === undefined ? values : [value]).map(toNumbers)),
    ]),
  );
}

export function pointCount(answer: Answer): number {
  let count = 0;
  for (const points of answer.values()) count += points.size;
  return count;
}

/** The first difference to what is wanted, in words; undefined where all is within the tolerance. */
export function difference(got: Answer, wanted: Answer, relative: number): string | undefined {
  for (const labels of got.keys()) {
    if (!wanted.has(labels)) return `${labels} is not in the other answer`;
  }
  for (const [labels, points] of wanted) {
    const own = got.get(labels);
    if (own === undefined) return `${labels} is missing`;
    for (const seconds of own.keys()) {
      if (!points.has(seconds)) return `${labels} at ${seconds} is not in the other answer`;
    }
    for (const [seconds, value] of points) {
      const ownValue = own.get(seconds);
      if (ownValue === undefined) return `${labels} at ${seconds} is missing`;
      if (Object.is(ownValue, value) || ownValue === value) continue;
      const largest = Math.max(Math.abs(ownValue), Math.abs(value));
      // Written so that NaN is a difference.
      if (!(Math.abs(ownValue - value) <= relative * largest)) {
        return `${labels} at ${seconds} is ${ownValue}, not ${value}`;
      }
    }
  }
  return undefined;
}
