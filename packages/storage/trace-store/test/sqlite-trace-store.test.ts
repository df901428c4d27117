import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { BackendError, type Span, type TraceQuery } from '@dwcp/core';
import { ManualClock, testSpan, traceStoreContract } from '@dwcp/testing';
import { SqliteTraceStore } from '@dwcp/trace-store';
import fc from 'fast-check';
import { expect, test } from 'vitest';

interface Folder extends AsyncDisposable {
  readonly dir: string;
}

async function folder(): Promise<Folder> {
  const dir = await mkdtemp(join(tmpdir(), 'dwcp-trace-store-'));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

const clock = new ManualClock();
const everything: TraceQuery = { startUnixNano: 0n, endUnixNano: 2n ** 64n, limit: 1_000 };

traceStoreContract('SqliteTraceStore', async () => {
  const { dir, [Symbol.asyncDispose]: remove } = await folder();
  return { open: () => SqliteTraceStore.open({ dir, clock }), [Symbol.asyncDispose]: remove };
});

const spanArb = fc
  .record({
    trace: fc.integer({ min: 1, max: 3 }),
    id: fc.integer({ min: 1, max: 6 }),
    parent: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    service: fc.constantFrom('shop', 'bank', ''),
    region: fc.constantFrom('eu', 'us'),
    startMs: fc.integer({ min: 0, max: 5 }),
    durationMs: fc.integer({ min: 0, max: 5 }),
    error: fc.boolean(),
  })
  .map(({ error, parent, ...options }) =>
    testSpan(
      { ...options, ...(parent === undefined ? {} : { parent }) },
      { status: { code: error ? 'error' : 'ok' } },
    ),
  );

/** What a summary should say, from all spans of the trace. */
function summarize(spans: readonly Span[]): unknown {
  const starts = spans.map(({ startUnixNano }) => startUnixNano);
  const ends = spans.map(({ endUnixNano }) => endUnixNano);
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
  const [root] = (roots.length > 0 ? roots : spans).toSorted(
    (a, b) => Number(a.startUnixNano - b.startUnixNano) || (a.spanId < b.spanId ? -1 : 1),
  );
  const names = (attribute: string): unknown =>
    [...new Set(spans.map(({ resource }) => String(resource.attributes[attribute])))]
      .filter((name) => name !== '')
      .toSorted();
  return {
    traceId: spans[0]?.traceId,
    rootName: root?.name,
    rootService: root?.resource.attributes['service.name'],
    startUnixNano: starts.toSorted((a, b) => Number(a - b))[0],
    endUnixNano: ends.toSorted((a, b) => Number(b - a))[0],
    spanCount: spans.length,
    errorCount: spans.filter(({ status }) => status.code === 'error').length,
    services: names('service.name'),
    regions: names('cloud.region'),
  };
}

test('whatever comes, is repeated and is deleted, summaries say what the spans say', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(spanArb, { maxLength: 6 }), { maxLength: 6 }),
      fc.integer({ min: 0, max: 8 }),
      async (batches, deleteMs) => {
        await using data = await folder();
        await using store = await SqliteTraceStore.open({ dir: data.dir, clock });
        const expected = new Map<string, Span>();
        for (const batch of batches) {
          await store.append(batch);
          for (const span of batch) expected.set(`${span.traceId} ${span.spanId}`, span);
        }
        const before = testSpan({ trace: 1, id: 1, startMs: deleteMs }).startUnixNano;
        await store.deleteBefore(before);
        const kept = [...expected.values()].filter(({ endUnixNano }) => endUnixNano >= before);
        expect(store.stats().spanCount).toBe(kept.length);
        const { traces } = await store.search(everything);
        const byTrace = Map.groupBy(kept, ({ traceId }) => traceId);
        expect(new Map(traces.map((summary) => [summary.traceId, summary]))).toEqual(
          new Map([...byTrace].map(([traceId, spans]) => [traceId, summarize(spans)])),
        );
        for (const [traceId, spans] of byTrace) {
          expect(new Set(await store.trace(traceId))).toEqual(new Set(spans));
        }
      },
    ),
    { numRuns: 40 },
  );
}, 30_000);

test('a search over many traces finds the same as a filter over all of them', async () => {
  await using data = await folder();
  await using store = await SqliteTraceStore.open({ dir: data.dir, clock });
  const spans = Array.from({ length: 3_000 }, (_, i) =>
    testSpan(
      {
        trace: i + 1,
        id: 1,
        startMs: (i * 7_919) % 500,
        service: i % 700 === 0 ? 'rare' : 'common',
      },
      { attributes: { shard: i % 300 } },
    ),
  );
  await store.append(spans);
  const cases: readonly (readonly [Partial<TraceQuery>, (span: Span) => boolean])[] = [
    [{}, () => true],
    [{ service: 'common' }, (span) => span.resource.attributes['service.name'] === 'common'],
    [{ service: 'rare' }, (span) => span.resource.attributes['service.name'] === 'rare'],
    [{ attributes: { shard: '7' } }, (span) => span.attributes['shard'] === 7],
    [{ region: 'nowhere' }, () => false],
  ];
  for (const [query, wanted] of cases) {
    for (const limit of [7, 1_000]) {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.search({
          ...everything,
          ...query,
          limit,
          ...(cursor === undefined ? {} : { cursor }),
        });
        found.push(...page.traces.map(({ traceId }) => traceId));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      const expected = spans.filter(wanted).map(({ traceId }) => traceId);
      expect(found.toSorted()).toEqual(expected.toSorted());
    }
  }
}, 30_000);

test('a trace of more spans than a slice is read whole and searched by attribute', async () => {
  await using data = await folder();
  await using store = await SqliteTraceStore.open({ dir: data.dir, clock });
  const spans = Array.from({ length: 3_500 }, (_, i) =>
    testSpan({ trace: 1, id: i + 1, startMs: i }, { attributes: { n: i } }),
  );
  await store.append(spans);
  expect(await store.trace(spans[0]?.traceId ?? '')).toEqual(spans);
  const found = await store.search({ ...everything, attributes: { n: '3499' } });
  expect(found.traces).toMatchObject([{ spanCount: 3_500 }]);
  expect((await store.search({ ...everything, attributes: { n: '3500' } })).traces).toEqual([]);
});

test('a long search stops when aborted', async () => {
  await using data = await folder();
  await using store = await SqliteTraceStore.open({ dir: data.dir, clock });
  await store.append(Array.from({ length: 3_000 }, (_, i) => testSpan({ trace: i + 1, id: 1 })));
  const abort = new AbortController();
  const search = store.search({ ...everything, region: 'nowhere' }, { signal: abort.signal });
  setImmediate(() => abort.abort(new Error('enough')));
  await expect(search).rejects.toThrow('enough');
});

test('times outside 64 bits are refused, numbers that JSON lacks come back', async () => {
  await using data = await folder();
  await using store = await SqliteTraceStore.open({ dir: data.dir, clock });
  const wrong = store.append([testSpan({ trace: 1, id: 1 }, { endUnixNano: 2n ** 63n })]);
  await expect(wrong).rejects.toThrow('spans[0].startUnixNano');
  const span = testSpan(
    { trace: 1, id: 1 },
    {
      attributes: { a: Number.NaN, b: [-0, Number.POSITIVE_INFINITY] },
      endUnixNano: 2n ** 63n - 1n,
    },
  );
  await store.append([span]);
  expect(await store.trace(span.traceId)).toEqual([span]);
});

test('when there is no room nothing of the append is kept, and reading goes on', async () => {
  await using data = await folder();
  await using store = await SqliteTraceStore.open({
    dir: data.dir,
    clock,
    maxSizeBytes: 512 * 1024,
  });
  const fits = testSpan({ trace: 1, id: 1 });
  await store.append([fits]);
  const many = Array.from({ length: 5_000 }, (_, i) =>
    testSpan({ trace: 1, id: i + 2 }, { name: `filler ${'y'.repeat(200)}` }),
  );
  const failed = store.append(many);
  await expect(failed).rejects.toThrow(BackendError);
  await expect(failed).rejects.toMatchObject({ retryable: true });
  expect(await store.trace(fits.traceId)).toEqual([fits]);
  expect(store.stats().spanCount).toBe(1);
  expect((await store.search(everything)).traces).toMatchObject([{ spanCount: 1 }]);
});

test('an append while another program holds the file is refused as retryable', async () => {
  await using data = await folder();
  await using store = await SqliteTraceStore.open({ dir: data.dir, clock });
  const other = new DatabaseSync(join(data.dir, 'traces.db'));
  other.exec('BEGIN IMMEDIATE');
  const span = testSpan({ trace: 1, id: 1 });
  await expect(store.append([span])).rejects.toMatchObject({
    code: 'DWCP_BACKEND_UNAVAILABLE',
    retryable: true,
  });
  other.exec('ROLLBACK');
  other.close();
  await store.append([span]);
  expect(await store.trace(span.traceId)).toEqual([span]);
});

test('a closed store has written what waited, and refuses more', async () => {
  await using data = await folder();
  const store = await SqliteTraceStore.open({ dir: data.dir, clock });
  const last = store.append([testSpan({ trace: 1, id: 1 })]);
  await store[Symbol.asyncDispose]();
  await last;
  await expect(store.append([testSpan({ trace: 1, id: 2 })])).rejects.toThrow('is closed');
  await expect(store.search(everything)).rejects.toThrow('is closed');
  await using again = await SqliteTraceStore.open({ dir: data.dir, clock });
  expect(again.stats().spanCount).toBe(1);
});
