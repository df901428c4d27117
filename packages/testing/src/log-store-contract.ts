import { InvalidInputError, type LogQuery, type LogRecord, type LogStore } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

/** Opens a store over the same data again and again; disposing removes the data. */
export interface LogStoreFixture extends AsyncDisposable {
  /** The test disposes the store before it opens the next one. */
  open(): Promise<LogStore>;
}

const START = 1_767_323_045_123_456_789n;

/** A log record with times in nanoseconds after a fixed moment. */
export function logRecord(nano: bigint, fields: Partial<LogRecord> = {}): LogRecord {
  return {
    timeUnixNano: START + nano,
    observedTimeUnixNano: START + nano,
    severityNumber: 9,
    severityText: 'INFO',
    body: 'hello',
    attributes: {},
    resource: { attributes: { 'service.name': 'shop', 'cloud.region': 'eu-west-1' } },
    scope: { name: 'test' },
    ...fields,
  };
}

/** What every adapter of the `LogStore` port does, whatever is behind it. */
export function logStoreContract(name: string, fixture: () => Promise<LogStoreFixture>): void {
  const everything: LogQuery = {
    startUnixNano: START,
    endUnixNano: START + 10n ** 12n,
    limit: 100,
  };

  async function withRecords(
    records: readonly LogRecord[],
    check: (store: LogStore) => Promise<void>,
  ): Promise<void> {
    await using data = await fixture();
    await using store = await data.open();
    await store.append(records);
    await check(store);
  }

  async function bodies(store: LogStore, query: Partial<LogQuery> = {}): Promise<string[]> {
    const page = await store.search({ ...everything, ...query });
    return page.records.map(({ body }) => body);
  }

  async function pages(store: LogStore, query: Partial<LogQuery>): Promise<LogRecord[]> {
    const found: LogRecord[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.search({
        ...everything,
        ...query,
        ...(cursor === undefined ? {} : { cursor }),
      });
      found.push(...page.records);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return found;
  }

  describe(`${name} as a LogStore`, () => {
    test('gives a record back as it was, after a reopening too', async () => {
      const record = logRecord(7n, {
        observedTimeUnixNano: START + 11n,
        severityNumber: 18,
        severityText: 'Fehler',
        body: 'größer 💡 ошибка \u0000 "quoted"\nsecond line',
        attributes: {
          'http.route': '/a/{b}',
          ratio: 0.1,
          big: Number.MAX_SAFE_INTEGER,
          ok: false,
          names: ['x', 'ü'],
          counts: [1, 2.5],
          flags: [true, false],
          empty: '',
          none: [],
        },
        traceId: '5b8efff798038103d269b633813fc60c',
        spanId: 'eee19b7ec3c1b174',
        scope: { name: 'lib', version: '1.2.3' },
      });
      await using data = await fixture();
      {
        await using store = await data.open();
        await store.append([record, logRecord(8n)]);
        expect((await store.search(everything)).records).toEqual([logRecord(8n), record]);
      }
      await using reopened = await data.open();
      expect((await reopened.search(everything)).records).toEqual([logRecord(8n), record]);
      expect(reopened.stats().recordCount).toBe(2);
    });

    test('an empty append and an empty store are fine', async () => {
      await withRecords([], async (store) => {
        expect(await store.search(everything)).toEqual({ records: [], nextCursor: undefined });
        expect(store.stats().recordCount).toBe(0);
      });
    });

    test('start is inclusive, end exclusive, to the nanosecond', async () => {
      const records = [0n, 1n, 2n, 3n].map((nano) => logRecord(nano, { body: String(nano) }));
      await withRecords(records, async (store) => {
        const range = { startUnixNano: START + 1n, endUnixNano: START + 3n };
        expect(await bodies(store, range)).toEqual(['2', '1']);
        const nothing = { startUnixNano: START + 2n, endUnixNano: START + 2n };
        expect(await bodies(store, nothing)).toEqual([]);
      });
    });

    test('order goes by time, however records arrive', async () => {
      await using data = await fixture();
      await using store = await data.open();
      for (const nano of [5n, 1n, 9n, 3n])
        await store.append([logRecord(nano, { body: String(nano) })]);
      expect(await bodies(store)).toEqual(['9', '5', '3', '1']);
      expect(await bodies(store, { order: 'oldest-first' })).toEqual(['1', '3', '5', '9']);
    });

    test('each filter works alone and together with the others', async () => {
      const traceId = '0af7651916cd43dd8448eb211c80319c';
      const other = { 'service.name': 'bank', 'cloud.region': 'us-east-1' };
      const records = [
        logRecord(0n, { body: 'a', severityNumber: 5 }),
        logRecord(1n, { body: 'b', severityNumber: 17, attributes: { code: 500, ok: true } }),
        logRecord(2n, { body: 'c', resource: { attributes: other }, traceId }),
        logRecord(3n, { body: 'd', severityNumber: 13, traceId, spanId: 'b7ad6b7169203331' }),
        logRecord(4n, { body: 'e', resource: { attributes: {} }, attributes: { code: '500' } }),
      ];
      await withRecords(records, async (store) => {
        expect(await bodies(store, { minSeverityNumber: 9 })).toEqual(['e', 'd', 'c', 'b']);
        expect(await bodies(store, { minSeverityNumber: 13 })).toEqual(['d', 'b']);
        expect(await bodies(store, { maxSeverityNumber: 9 })).toEqual(['e', 'c', 'a']);
        expect(await bodies(store, { minSeverityNumber: 6, maxSeverityNumber: 13 })).toEqual([
          'e',
          'd',
          'c',
        ]);
        expect(await bodies(store, { service: 'shop' })).toEqual(['d', 'b', 'a']);
        expect(await bodies(store, { service: 'nobody' })).toEqual([]);
        expect(await bodies(store, { region: 'us-east-1' })).toEqual(['c']);
        expect(await bodies(store, { traceId })).toEqual(['d', 'c']);
        expect(await bodies(store, { spanId: 'b7ad6b7169203331' })).toEqual(['d']);
        expect(await bodies(store, { attributes: { code: '500' } })).toEqual(['e', 'b']);
        expect(await bodies(store, { attributes: { code: '500', ok: 'true' } })).toEqual(['b']);
        expect(await bodies(store, { attributes: { toString: 'x' } })).toEqual([]);
        const all = { service: 'shop', traceId, minSeverityNumber: 13, region: 'eu-west-1' };
        expect(await bodies(store, { ...all, text: 'D' })).toEqual(['d']);
        expect(await bodies(store, { ...all, text: 'c' })).toEqual([]);
      });
    });

    test('text finds bodies that have all its words, in any case and any place', async () => {
      const records = [
        'Connection refused by db-7',
        'connection accepted',
        'refused: CONNECTION to "db"',
        'Größe überschritten',
        'ошибка Подключения',
        'disconnection refused',
      ].map((body, i) => logRecord(BigInt(i), { body }));
      await withRecords(records, async (store) => {
        expect(await bodies(store, { text: 'CONNECTION  refused' })).toEqual([
          'refused: CONNECTION to "db"',
          'Connection refused by db-7',
        ]);
        expect(await bodies(store, { text: 'db-7' })).toEqual(['Connection refused by db-7']);
        expect(await bodies(store, { text: 'GRÖSSE' })).toEqual([]);
        expect(await bodies(store, { text: 'GRÖßE ÜBERSCHRITTEN' })).toEqual([
          'Größe überschritten',
        ]);
        expect(await bodies(store, { text: 'подключения' })).toEqual(['ошибка Подключения']);
        expect(await bodies(store, { text: 'connect' })).toEqual([]);
        expect(await bodies(store, { text: '' })).toHaveLength(6);
      });
    });

    test.each([
      'refused OR accepted',
      'NOT x',
      'connection NEAR refused',
      'body:refused',
      'refus*',
      '"unbalanced',
      '(',
      'a AND',
      "'; DROP TABLE logs; --",
      '^x + {y}',
    ])('the text %j is words, never query syntax', async (text) => {
      await withRecords([logRecord(0n, { body: 'connection refused' })], async (store) => {
        const found = await bodies(store, { text });
        expect(found).toEqual(text === '(' ? ['connection refused'] : []);
      });
    });

    test('pages of any size give every record once, in order, ties included', async () => {
      const records = Array.from({ length: 23 }, (_, i) =>
        logRecord(BigInt(Math.floor(i / 5)), { body: `n${i} common` }),
      );
      await withRecords(records, async (store) => {
        for (const order of ['newest-first', 'oldest-first'] as const) {
          for (const text of [undefined, 'common']) {
            const query = { order, ...(text === undefined ? {} : { text }) };
            const whole = await pages(store, { ...query, limit: 100 });
            expect(whole).toHaveLength(23);
            for (const limit of [1, 4, 22, 23]) {
              expect(await pages(store, { ...query, limit })).toEqual(whole);
            }
          }
        }
      });
    });

    test('a cursor keeps its place while records are added', async () => {
      const records = Array.from({ length: 6 }, (_, i) =>
        logRecord(BigInt(i), { body: String(i) }),
      );
      await withRecords(records, async (store) => {
        const first = await store.search({ ...everything, limit: 2 });
        await store.append([logRecord(100n, { body: 'newer' }), logRecord(4n, { body: 'late' })]);
        const cursor = first.nextCursor ?? '';
        expect(await bodies(store, { cursor })).toEqual(['3', '2', '1', '0']);
      });
    });

    test.each([
      ['cursor', { cursor: 'nonsense' }],
      ['cursor', { cursor: '' }],
      ['limit', { limit: 0 }],
      ['limit', { limit: 10_001 }],
      ['limit', { limit: 1.5 }],
      ['limit', { limit: Number.NaN }],
    ] as const)('a wrong %s is refused: %j', async (field, query) => {
      await withRecords([], async (store) => {
        const search = store.search({ ...everything, ...query });
        await expect(search).rejects.toThrow(InvalidInputError);
        await expect(search).rejects.toMatchObject({ field });
      });
    });

    test('a cursor of the other order is refused', async () => {
      await withRecords([logRecord(0n), logRecord(1n)], async (store) => {
        const { nextCursor } = await store.search({ ...everything, limit: 1 });
        const cursor = nextCursor ?? '';
        const turned = store.search({ ...everything, cursor, order: 'oldest-first' });
        await expect(turned).rejects.toThrow(InvalidInputError);
      });
    });

    test('deleteBefore removes what is older, words and counts included', async () => {
      await using data = await fixture();
      {
        await using store = await data.open();
        const records = Array.from({ length: 10 }, (_, i) =>
          logRecord(BigInt(i), { body: `word ${i}` }),
        );
        await store.append(records);
        expect(await store.deleteBefore(START + 4n)).toBe(4);
        expect(await store.deleteBefore(START + 4n)).toBe(0);
        expect(await bodies(store, { order: 'oldest-first', limit: 2 })).toEqual([
          'word 4',
          'word 5',
        ]);
        expect(await bodies(store, { text: '3' })).toEqual([]);
        expect(store.stats().recordCount).toBe(6);
      }
      await using reopened = await data.open();
      expect(reopened.stats().recordCount).toBe(6);
      expect(await reopened.deleteBefore(START + 1_000n)).toBe(6);
      expect(reopened.stats().recordCount).toBe(0);
      await reopened.append([logRecord(0n)]);
      expect((await reopened.search(everything)).records).toEqual([logRecord(0n)]);
    });

    test('appends made at the same time are all kept', async () => {
      await using data = await fixture();
      await using store = await data.open();
      await Promise.all(Array.from({ length: 50 }, (_, i) => store.append([logRecord(BigInt(i))])));
      expect((await store.search(everything)).records).toHaveLength(50);
      expect(store.stats().recordCount).toBe(50);
      expect(store.stats().sizeBytes).toBeGreaterThan(0);
    });

    test('an aborted call rejects with the reason and appends nothing', async () => {
      await withRecords([logRecord(0n)], async (store) => {
        const signal = AbortSignal.abort(new Error('enough'));
        await expect(store.append([logRecord(1n)], { signal })).rejects.toThrow('enough');
        await expect(store.search(everything, { signal })).rejects.toThrow('enough');
        expect((await store.search(everything)).records).toHaveLength(1);
      });
    });
  });
}
