import { InvalidInputError, type Span, type TraceQuery, type TraceStore } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

/** Opens a store over the same data again and again; disposing removes the data. */
export interface TraceStoreFixture extends AsyncDisposable {
  /** The test disposes the store before it opens the next one. */
  open(): Promise<TraceStore>;
}

const START = 1_767_323_045_123_456_789n;
const MS = 1_000_000n;

const traceIdOf = (n: number): string => n.toString(16).padStart(32, '0');
const spanIdOf = (n: number): string => n.toString(16).padStart(16, '0');

export interface TestSpanOptions {
  readonly trace: number;
  readonly id: number;
  readonly parent?: number;
  readonly service?: string;
  readonly region?: string;
  /** Milliseconds after a fixed moment. */
  readonly startMs?: number;
  readonly durationMs?: number;
}

/** A span with short numbers for its ids and times. */
export function testSpan(options: TestSpanOptions, fields: Partial<Span> = {}): Span {
  const { trace, id, parent, service = 'shop', region = 'eu-west-1' } = options;
  const startUnixNano = START + BigInt(options.startMs ?? trace) * MS;
  return {
    traceId: traceIdOf(trace),
    spanId: spanIdOf(id),
    ...(parent === undefined ? {} : { parentSpanId: spanIdOf(parent) }),
    name: `span ${id}`,
    kind: 'internal',
    startUnixNano,
    endUnixNano: startUnixNano + BigInt(options.durationMs ?? 1) * MS,
    attributes: {},
    events: [],
    links: [],
    status: { code: 'unset' },
    resource: { attributes: { 'service.name': service, 'cloud.region': region } },
    scope: { name: 'test' },
    ...fields,
  };
}

/** What every adapter of the `TraceStore` port does, whatever is behind it. */
export function traceStoreContract(name: string, fixture: () => Promise<TraceStoreFixture>): void {
  const everything: TraceQuery = {
    startUnixNano: START,
    endUnixNano: START + 10n ** 12n,
    limit: 100,
  };

  async function withSpans(
    spans: readonly Span[],
    check: (store: TraceStore) => Promise<void>,
  ): Promise<void> {
    await using data = await fixture();
    await using store = await data.open();
    await store.append(spans);
    await check(store);
  }

  /** The numbers of the traces found. */
  async function search(store: TraceStore, query: Partial<TraceQuery> = {}): Promise<number[]> {
    const { traces } = await store.search({ ...everything, ...query });
    return traces.map(({ traceId }) => Number.parseInt(traceId, 16));
  }

  describe(`${name} as a TraceStore`, () => {
    test('gives a span back as it was, after a reopening too', async () => {
      const span = testSpan(
        { trace: 1, id: 2, parent: 9 },
        {
          name: 'GET /größe/💡',
          kind: 'server',
          startUnixNano: START + 1n,
          endUnixNano: START + 3n,
          attributes: { 'http.route': '/a/{b}', ratio: 0.1, ok: true, list: ['x', 'ü'], none: [] },
          events: [
            { name: 'retry', unixNano: START + 2n, attributes: { attempt: 2 } },
            { name: '', unixNano: START + 2n, attributes: {} },
          ],
          links: [{ traceId: traceIdOf(7), spanId: spanIdOf(8), attributes: { why: 'batch' } }],
          status: { code: 'error', message: 'zu langsam' },
          scope: { name: 'lib', version: '1.2.3' },
        },
      );
      await using data = await fixture();
      {
        await using store = await data.open();
        await store.append([span]);
        expect(await store.trace(traceIdOf(1))).toEqual([span]);
      }
      await using reopened = await data.open();
      expect(await reopened.trace(traceIdOf(1))).toEqual([span]);
      expect(await reopened.trace(traceIdOf(2))).toEqual([]);
      expect(reopened.stats().spanCount).toBe(1);
    });

    test('spans of a trace come by start time, whatever their order of arrival', async () => {
      const spans = [5, 1, 3].map((startMs) => testSpan({ trace: 1, id: startMs, startMs }));
      await withSpans(spans, async (store) => {
        const found = await store.trace(traceIdOf(1));
        expect(found.map((span) => span.name)).toEqual(['span 1', 'span 3', 'span 5']);
      });
    });

    test('a repeated span replaces the stored one and counts once', async () => {
      const span = testSpan({ trace: 1, id: 1 });
      await withSpans([span, span], async (store) => {
        await store.append([span]);
        await store.append([
          testSpan(
            { trace: 1, id: 1, durationMs: 9, service: 'bank' },
            { status: { code: 'error' } },
          ),
        ]);
        expect(store.stats().spanCount).toBe(1);
        const { traces } = await store.search(everything);
        expect(traces).toMatchObject([{ spanCount: 1, errorCount: 1, services: ['bank'] }]);
        expect(await store.services()).toEqual(['bank']);
        await store.append([span]);
        expect((await store.search(everything)).traces).toMatchObject([
          { spanCount: 1, errorCount: 0, services: ['shop'] },
        ]);
      });
    });

    test('a summary is right for the spans so far, late ones included', async () => {
      await using data = await fixture();
      await using store = await data.open();
      const summary = async (): Promise<unknown> => (await store.search(everything)).traces[0];
      await store.append([
        testSpan({ trace: 1, id: 3, parent: 2, startMs: 30, durationMs: 5, service: 'bank' }),
      ]);
      expect(await summary()).toEqual({
        traceId: traceIdOf(1),
        rootName: 'span 3',
        rootService: 'bank',
        startUnixNano: START + 30n * MS,
        endUnixNano: START + 35n * MS,
        spanCount: 1,
        errorCount: 0,
        services: ['bank'],
        regions: ['eu-west-1'],
      });
      await store.append([
        testSpan(
          { trace: 1, id: 2, parent: 1, startMs: 20, durationMs: 100, region: 'us-east-1' },
          { status: { code: 'error' } },
        ),
      ]);
      expect(await summary()).toMatchObject({ rootName: 'span 2', rootService: 'shop' });
      // The root starts after its child: the clocks of two machines differ.
      await store.append([testSpan({ trace: 1, id: 1, startMs: 25, durationMs: 10 })]);
      expect(await summary()).toEqual({
        traceId: traceIdOf(1),
        rootName: 'span 1',
        rootService: 'shop',
        startUnixNano: START + 20n * MS,
        endUnixNano: START + 120n * MS,
        spanCount: 3,
        errorCount: 1,
        services: ['bank', 'shop'],
        regions: ['eu-west-1', 'us-east-1'],
      });
    });

    test('each filter works alone and together with the others', async () => {
      const spans = [
        testSpan({ trace: 1, id: 1, durationMs: 50 }, { name: 'GET /' }),
        testSpan({ trace: 1, id: 2, parent: 1, service: 'bank' }, { name: 'charge' }),
        testSpan(
          { trace: 2, id: 1, durationMs: 5, region: 'us-east-1' },
          { name: 'GET /', status: { code: 'error' }, attributes: { code: 500, path: '/x' } },
        ),
        testSpan({ trace: 3, id: 1, service: 'bank', durationMs: 500 }, { name: 'GET /' }),
        testSpan({ trace: 4, id: 1, service: '' }, { attributes: { code: '500' } }),
        testSpan({ trace: 4, id: 2, parent: 1 }, { attributes: { path: '/y' } }),
      ];
      await withSpans(spans, async (store) => {
        expect(await search(store)).toEqual([4, 3, 2, 1]);
        expect(await search(store, { service: 'bank' })).toEqual([3, 1]);
        expect(await search(store, { service: 'nobody' })).toEqual([]);
        expect(await search(store, { operation: 'GET /' })).toEqual([3, 2, 1]);
        expect(await search(store, { service: 'bank', operation: 'GET /' })).toEqual([3]);
        expect(await search(store, { region: 'us-east-1' })).toEqual([2]);
        expect(await search(store, { minDurationNano: 50n * MS })).toEqual([3, 1]);
        expect(await search(store, { maxDurationNano: 50n * MS })).toEqual([4, 2, 1]);
        expect(
          await search(store, { minDurationNano: 2n * MS, maxDurationNano: 50n * MS }),
        ).toEqual([2, 1]);
        expect(await search(store, { hasError: true })).toEqual([2]);
        expect(await search(store, { hasError: false })).toEqual([4, 3, 1]);
        expect(await search(store, { attributes: { code: '500' } })).toEqual([4, 2]);
        expect(await search(store, { attributes: { code: '500', path: '/x' } })).toEqual([2]);
        expect(await search(store, { attributes: { code: '500', path: '/y' } })).toEqual([]);
        expect(
          await search(store, { attributes: { 'service.name': 'bank', code: '500' } }),
        ).toEqual([]);
        expect(await search(store, { attributes: { 'service.name': 'bank' } })).toEqual([3, 1]);
        const all = { service: 'shop', operation: 'GET /', hasError: true, region: 'us-east-1' };
        expect(await search(store, { ...all, attributes: { path: '/x' } })).toEqual([2]);
        expect(await search(store, { ...all, maxDurationNano: 1n })).toEqual([]);
      });
    });

    test('start is inclusive, end exclusive, of the start of the trace', async () => {
      const spans = [1, 2, 3, 4].map((trace) => testSpan({ trace, id: 1 }));
      await withSpans(spans, async (store) => {
        const range = { startUnixNano: START + 2n * MS, endUnixNano: START + 4n * MS };
        expect(await search(store, range)).toEqual([3, 2]);
        const nothing = { startUnixNano: START + 2n * MS, endUnixNano: START + 2n * MS };
        expect(await search(store, nothing)).toEqual([]);
      });
    });

    test('pages of any size give every trace once, newest first, ties included', async () => {
      const spans = Array.from({ length: 23 }, (_, i) =>
        testSpan({ trace: i + 1, id: 1, startMs: Math.floor(i / 5) }),
      );
      await withSpans(spans, async (store) => {
        const whole = await search(store);
        expect(whole).toHaveLength(23);
        for (const filter of [{}, { service: 'shop' }, { region: 'eu-west-1' }]) {
          for (const limit of [1, 4, 22, 23]) {
            const found: string[] = [];
            let cursor: string | undefined;
            do {
              const page = await store.search({
                ...everything,
                ...filter,
                limit,
                ...(cursor === undefined ? {} : { cursor }),
              });
              found.push(...page.traces.map(({ traceId }) => traceId));
              cursor = page.nextCursor;
            } while (cursor !== undefined);
            expect(found).toEqual(whole.map(traceIdOf));
          }
        }
      });
    });

    test('a cursor keeps its place while traces are added', async () => {
      const spans = [1, 2, 3, 4].map((trace) => testSpan({ trace, id: 1 }));
      await withSpans(spans, async (store) => {
        const { nextCursor } = await store.search({ ...everything, limit: 2 });
        await store.append([testSpan({ trace: 9, id: 1 })]);
        expect(await search(store, { cursor: nextCursor ?? '' })).toEqual([2, 1]);
      });
    });

    test.each([
      ['cursor', { cursor: 'nonsense' }],
      ['cursor', { cursor: '' }],
      ['limit', { limit: 0 }],
      ['limit', { limit: 1_001 }],
      ['limit', { limit: 1.5 }],
    ] as const)('a wrong %s is refused: %j', async (field, query) => {
      await withSpans([], async (store) => {
        const wrong = store.search({ ...everything, ...query });
        await expect(wrong).rejects.toThrow(InvalidInputError);
        await expect(wrong).rejects.toMatchObject({ field });
      });
    });

    test('services and operations are listed once each, sorted', async () => {
      const spans = [
        testSpan({ trace: 1, id: 1, service: 'shop' }, { name: 'b' }),
        testSpan({ trace: 1, id: 2, service: 'bank' }, { name: 'z' }),
        testSpan({ trace: 2, id: 1, service: 'shop' }, { name: 'a' }),
        testSpan({ trace: 2, id: 2, service: 'shop', region: 'us-east-1' }, { name: 'b' }),
      ];
      await withSpans(spans, async (store) => {
        expect(await store.services()).toEqual(['bank', 'shop']);
        expect(await store.operations('shop')).toEqual(['a', 'b']);
        expect(await store.operations('nobody')).toEqual([]);
      });
    });

    test('deleteBefore removes spans that ended before, and keeps summaries right', async () => {
      await using data = await fixture();
      {
        await using store = await data.open();
        await store.append([
          testSpan({ trace: 1, id: 1, startMs: 0, durationMs: 10 }, { status: { code: 'error' } }),
          testSpan({ trace: 2, id: 1, startMs: 5, durationMs: 100, service: 'bank' }),
          testSpan({ trace: 2, id: 2, parent: 1, startMs: 6, durationMs: 1, service: 'gone' }),
        ]);
        expect(await store.deleteBefore(START + 10n * MS)).toBe(1);
        expect(await store.deleteBefore(START + 11n * MS)).toBe(1);
        expect(await store.trace(traceIdOf(1))).toEqual([]);
        expect(await search(store)).toEqual([2]);
        expect((await store.search(everything)).traces).toMatchObject([
          { spanCount: 1, rootName: 'span 1', services: ['bank'] },
        ]);
        expect(await store.services()).toEqual(['bank']);
        expect(store.stats().spanCount).toBe(1);
      }
      await using reopened = await data.open();
      expect(await reopened.deleteBefore(START + 1_000n * MS)).toBe(1);
      expect(reopened.stats().spanCount).toBe(0);
      expect(await reopened.services()).toEqual([]);
      const again = testSpan({ trace: 1, id: 1 });
      await reopened.append([again]);
      expect(await reopened.trace(traceIdOf(1))).toEqual([again]);
    });

    test('appends made at the same time are all kept', async () => {
      await using data = await fixture();
      await using store = await data.open();
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => store.append([testSpan({ trace: 1, id: i + 1 })])),
      );
      expect(await store.trace(traceIdOf(1))).toHaveLength(50);
      expect((await store.search(everything)).traces).toMatchObject([{ spanCount: 50 }]);
      expect(store.stats().sizeBytes).toBeGreaterThan(0);
    });

    test('an aborted call rejects with the reason and appends nothing', async () => {
      await withSpans([testSpan({ trace: 1, id: 1 })], async (store) => {
        const signal = AbortSignal.abort(new Error('enough'));
        const more = store.append([testSpan({ trace: 2, id: 1 })], { signal });
        await expect(more).rejects.toThrow('enough');
        await expect(store.search(everything, { signal })).rejects.toThrow('enough');
        await expect(store.trace(traceIdOf(1), { signal })).rejects.toThrow('enough');
        expect(await search(store)).toEqual([1]);
      });
    });
  });
}
