import { readdirSync, readFileSync } from 'node:fs';

import { type MetricQuery, QueryError, type QueryResult, silentLog } from '@dwcp/core';
import { MemoryLimitError } from '@dwcp/promql';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { HeavyStore, START } from './heavy-store.ts';

const SHAPE = { series: 40, inBlock: 140, inHead: 60 };
const EXPRESSIONS = [
  'requests_total',
  'sum by (job) (rate(requests_total[5m]))',
  'topk(3, requests_total)',
  'max_over_time(sum(rate(requests_total[2m]))[10m:1m])',
  'requests_total / on (instance, job) requests_total',
  'scalar(sum(requests_total))',
  'quantile(2, requests_total)',
  'label_replace(requests_total, "a", "$1\xff", "instance", "host-(.)")',
  'requests_total[3m]',
  'rate(requests_total[5m]) == 17',
  'histogram_quantile(0.9, requests_total)',
  'requests_total + on (job) requests_total',
  'sort_desc(requests_total',
  'absent(requests_total{job="none"})',
];
/** Many seconds of work. */
const ENDLESS = 'quantile_over_time(0.3, rate(requests_total[10m])[40m:1s])';

/** What a query came to, its error where it failed. */
async function outcomeOf(result: Promise<QueryResult>): Promise<unknown> {
  try {
    const { value, warnings, infos } = await result;
    return { value, warnings, infos };
  } catch (error) {
    return error instanceof QueryError
      ? { type: error.errorType, message: error.message, position: error.position }
      : error;
  }
}

function both(query: MetricQuery, heavy: HeavyStore, expression: string): Promise<unknown[]> {
  const { endUnixMs } = heavy;
  const results = [
    query.instant({ expression, unixMs: endUnixMs }),
    query.range({ expression, startUnixMs: START, endUnixMs, stepMs: 60_000 }),
  ];
  return Promise.all(results.map(outcomeOf));
}

function endless(heavy: HeavyStore, signal?: AbortSignal): Promise<QueryResult> {
  const { endUnixMs } = heavy;
  return heavy.workers.range(
    { expression: ENDLESS, startUnixMs: START, endUnixMs, stepMs: 1_000 },
    signal === undefined ? {} : { signal },
  );
}

async function workersOf(heavy: HeavyStore): Promise<string | undefined> {
  return /^dwcp_query_workers (\d+)$/m.exec(await heavy.exposed())?.[1];
}

async function countOf(heavy: HeavyStore, outcome: string): Promise<string | undefined> {
  const line = new RegExp(
    `^dwcp_query_worker_queries_total\\{outcome="${outcome}"\\} (\\d+)$`,
    'm',
  );
  return line.exec(await heavy.exposed())?.[1];
}

/** How nice each thread of this process is. @see proc(5), field 19 of stat */
function niceness(): readonly number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

test.skipIf(process.platform !== 'linux')('a worker gives way to the main thread', async () => {
  const before = niceness();
  await using heavy = await HeavyStore.make(SHAPE, { heavy: 0 });
  await both(heavy.workers, heavy, 'sum(requests_total)');
  const low = (all: readonly number[]): number => all.filter((nice) => nice === 10).length;
  expect(low(niceness())).toBeGreaterThan(low(before));
});

test('a worker answers as the engine does, errors and warnings too', async () => {
  await using heavy = await HeavyStore.make(SHAPE, { heavy: 0 });
  for (const expression of EXPRESSIONS) {
    const there = await both(heavy.workers, heavy, expression);
    expect(there).toEqual(await both(heavy.engine, heavy, expression));
  }
  await expect.poll(() => heavy.workers.openReads).toBe(0);
  // What cannot be parsed is refused on this thread.
  expect(await countOf(heavy, 'success')).toBe('23');
  expect(await countOf(heavy, 'execution')).toBe('2');
  expect(await countOf(heavy, 'bad_data')).toBe('1');
});

test('what is light stays on this thread, and without workers everything does', async () => {
  await using heavy = await HeavyStore.make(SHAPE, { heavy: 5_000 });
  const light = { expression: 'requests_total{instance="host-1"}', unixMs: START };
  await heavy.workers.instant(light);
  expect(await workersOf(heavy)).toBe('0');
  const expression = 'requests_total';
  const range = { expression, startUnixMs: START, endUnixMs: heavy.endUnixMs, stepMs: 60_000 };
  const { stats } = await heavy.workers.range(range, { stats: true });
  expect(stats?.onWorker).toBe(true);
  expect(await workersOf(heavy)).toBe('1');

  await using without = await HeavyStore.make(SHAPE, { heavy: 0, workers: 0 });
  await without.workers.range(range);
  expect(await workersOf(without)).toBe('0');
});

test('samples are appended, sealed and merged while a query reads, and the answer is of one moment', async () => {
  await using heavy = await HeavyStore.make(SHAPE);
  const { endUnixMs } = heavy;
  const query = {
    expression: 'sum by (job) (increase(requests_total[5m]))',
    startUnixMs: START,
    endUnixMs,
    stepMs: 15_000,
  };
  const expected = await outcomeOf(heavy.engine.range(query));
  let appended = 0;
  for (let round = 0; round < 10; round++) {
    const answers = [1, 2, 3].map(() => outcomeOf(heavy.workers.range(query)));
    const isDone = Promise.all(answers).then(() => 'done');
    // Beyond a day samples would be of the future, and to refuse them lets no event loop turn.
    const next = (): Promise<unknown> => (heavy.rounds < 5_000 ? heavy.append(1) : isDone);
    while ((await Promise.race([isDone, next()])) !== 'done') appended++;
    expect(await Promise.all(answers)).toEqual([expected, expected, expected]);
    await heavy.store.seal();
    await heavy.store.maintain();
  }
  expect(appended).toBeGreaterThan(10);
  expect(await countOf(heavy, 'success')).toBe('30');
});

test('an abort is answered at once, and the worker is free for the next query', async () => {
  await using heavy = await HeavyStore.make(SHAPE);
  const stop = new AbortController();
  const query = endless(heavy, stop.signal);
  const next = heavy.workers.range({
    expression: 'count(requests_total)',
    startUnixMs: START,
    endUnixMs: heavy.endUnixMs,
    stepMs: 15_000,
  });
  setImmediate(() => stop.abort(new Error('the client has gone')));

  await expect(query).rejects.toMatchObject({
    errorType: 'canceled',
    message: 'query was canceled in expression evaluation',
    cause: new Error('the client has gone'),
  });
  expect((await next).value.kind).toBe('matrix');
  expect(await workersOf(heavy)).toBe('1');
  await expect.poll(() => heavy.workers.openReads).toBe(0);
});

test('a worker that does not hear a cancellation within a second is replaced', async () => {
  const clock = new ManualClock();
  await using heavy = await HeavyStore.make(SHAPE, { clock });
  const stop = new AbortController();
  const query = endless(heavy, stop.signal);
  const next = outcomeOf(endless(heavy));
  stop.abort();
  await expect(query).rejects.toThrow('query was canceled in expression evaluation');
  await clock.advance(1_000);

  // The next one has a worker then, on which it runs into its time-out.
  await expect.poll(() => workersOf(heavy)).toBe('1');
  await clock.advance(121_000);
  expect(await next).toMatchObject({ type: 'timeout' });
  await expect.poll(() => workersOf(heavy)).toBe('0');
  await expect.poll(() => heavy.workers.openReads).toBe(0);
});

test('a query that needs too much memory fails alone', async () => {
  await using heavy = await HeavyStore.make(
    { series: 20_000, inBlock: 1, inHead: 2 },
    { maxHeapMegabytes: 24 },
  );
  const query = { unixMs: heavy.endUnixMs };

  const large = heavy.workers.instant({ ...query, expression: 'requests_total' });
  await expect(large).rejects.toMatchObject({
    errorType: 'execution',
    message:
      'the query needs more than the 24 MB of memory that a query worker has; narrow it by labels or time, or aggregate',
  });
  const small = await heavy.workers.instant({
    ...query,
    expression: 'count(requests_total{job="job-1"})',
  });
  expect(small.value).toMatchObject({ kind: 'vector', samples: [{ value: 2_857 }] });
});

test('where no worker can be started queries are answered on this thread, and the log tells', async () => {
  const told: string[] = [];
  const log = { ...silentLog, warn: (_fields: object, message: string) => void told.push(message) };
  const entry = new URL('./no-such-file.js', import.meta.url);
  await using heavy = await HeavyStore.make(SHAPE, { heavy: 0, entry, log });
  const query = { expression: 'count(requests_total)', unixMs: heavy.endUnixMs };

  const first = await heavy.workers.instant(query);
  const second = await heavy.workers.instant(query);

  expect([first, second]).toEqual(Array(2).fill(await heavy.engine.instant(query)));
  expect(told).toEqual(['no query worker can be started: queries run on the main thread']);
  expect(await countOf(heavy, 'not_started')).toBe('1');
  await expect.poll(() => workersOf(heavy)).toBe('0');
});

test('queries wait for a worker, some at most, and not longer than they may take', async () => {
  const clock = new ManualClock();
  await using heavy = await HeavyStore.make(SHAPE, { clock, maxWaiting: 2 });
  const running = outcomeOf(endless(heavy));
  const stop = new AbortController();
  const waiting = [endless(heavy, stop.signal), endless(heavy)].map(outcomeOf);

  await expect(endless(heavy)).rejects.toThrow(
    '2 heavy queries wait already (query.maxConcurrent); try again later',
  );
  stop.abort();
  expect(await waiting[0]).toMatchObject({ message: 'query was canceled in query queue' });
  await clock.advance(120_000);
  expect(await waiting[1]).toMatchObject({ message: 'query timed out in query queue' });
  await clock.advance(1_000);
  expect(await running).toMatchObject({ message: 'query timed out in expression evaluation' });
});

test('a worker without work ends after a while', async () => {
  const clock = new ManualClock();
  await using heavy = await HeavyStore.make(SHAPE, { clock, idleMs: 60_000 });
  const query = () =>
    heavy.workers.range({
      expression: 'requests_total',
      startUnixMs: START,
      endUnixMs: heavy.endUnixMs,
      stepMs: 15_000,
    });
  await query();
  await clock.advance(59_999);
  await query();
  await clock.advance(59_999);
  expect(await workersOf(heavy)).toBe('1');
  await clock.advance(1);
  await expect.poll(() => workersOf(heavy)).toBe('0');
  await query();
  expect(await workersOf(heavy)).toBe('1');
});

test('a thousand queries with kills in the middle leave nothing pinned and no memory behind', async () => {
  const clock = new ManualClock();
  await using heavy = await HeavyStore.make(SHAPE, { clock, workers: 2, maxWaiting: 100 });
  const { endUnixMs } = heavy;
  const query = { expression: 'requests_total', startUnixMs: START, endUnixMs, stepMs: 15_000 };
  const expected = await outcomeOf(heavy.engine.range(query));
  const memory: number[] = [];
  let killed = 0;
  for (let round = 0; round < 100; round++) {
    const stop = new AbortController();
    const queries = Array.from({ length: 10 }, (_, i) =>
      outcomeOf(heavy.workers.range(query, i < 2 ? { signal: stop.signal } : {})),
    );
    if (round % 10 === 9) {
      // While the two are starting, reading or answering.
      for (let turns = 0; turns < round; turns++) await new Promise(setImmediate);
      stop.abort();
      await clock.advance(1_000);
    }
    const answers = await Promise.all(queries);
    const whole = answers.filter((answer) => !Object.hasOwn(answer as object, 'type'));
    killed += answers.length - whole.length;
    expect(whole).toEqual(whole.map(() => expected));
    await heavy.append(2);
    if (round % 10 === 5) {
      await heavy.store.seal();
      await heavy.store.maintain();
      memory.push(heavy.store.stats().headMemoryBytes);
    }
  }
  await expect.poll(() => heavy.workers.openReads).toBe(0);
  expect(killed).toBeGreaterThan(0);
  expect(memory.at(-1)).toBe(memory[1]);
}, 60_000);

test('what turns out to need more memory than expected runs on a worker', async () => {
  await using heavy = await HeavyStore.make(SHAPE, {
    heavy: Number.MAX_VALUE,
    lightEngine: {
      instant: () => Promise.reject(new MemoryLimitError('too much')),
      range: () => Promise.reject(new MemoryLimitError('too much')),
    },
  });
  const { value } = await heavy.workers.instant({
    expression: 'count(requests_total)',
    unixMs: heavy.endUnixMs,
  });
  expect(value).toMatchObject({ samples: [{ value: SHAPE.series }] });
  expect(await countOf(heavy, 'success')).toBe('1');
});

test.each([
  [
    'sum_over_time(sum_over_time(requests_total[1d:1s])[1d:1s])',
    /^the query is too much work: about 3e\+11 values to look at, which takes \d+ s at the very least, where 0\.1 s are allowed \(query\.timeout\); narrow it by/,
  ],
  ['requests_total * requests_total', /too many samples .*\(query\.maxSamples\); narrow it/],
  ['sum by (instance) (requests_total)', /too many samples .*\(query\.maxSamples\); narrow it/],
  ['topk(3, requests_total)', /too many samples .*\(query\.maxSamples\); narrow it/],
])('%s is refused before anything is read', async (expression, reason) => {
  await using heavy = await HeavyStore.make(SHAPE, { timeoutMs: 100, maxSamples: 500 });
  await expect(heavy.workers.instant({ expression, unixMs: heavy.endUnixMs })).rejects.toThrow(
    reason,
  );
  expect(await workersOf(heavy)).toBe('0');
});
