import {
  type DecisionQuery,
  type DecisionRecord,
  type DecisionStore,
  InvalidInputError,
} from '@dwcp/core';
import { describe, expect, test } from 'vitest';

/** Opens a store over the same data again and again; disposing removes the data. */
export interface DecisionStoreFixture extends AsyncDisposable {
  open(): Promise<DecisionStore>;
}

const START = 1_767_323_045_000;

/** A decision record that begins so many milliseconds after a fixed moment, and stood for none. */
export function decisionRecord(
  afterMs: number,
  fields: Partial<DecisionRecord> = {},
): DecisionRecord {
  return {
    subject: 'a',
    topic: 'rule',
    unixMs: START + afterMs,
    lastUnixMs: START + afterMs,
    count: 1,
    alertName: 'HostDown',
    labels: { alertname: 'HostDown', instance: 'a:1' },
    decision: { kind: 'rule', elements: 1 },
    ...fields,
  };
}

/** What every adapter of the `DecisionStore` port does, whatever is behind it. */
export function decisionStoreContract(
  name: string,
  fixture: (options: { readonly maxRecords?: number }) => Promise<DecisionStoreFixture>,
): void {
  const everything: DecisionQuery = {
    startUnixMs: START,
    endUnixMs: START + 1_000_000,
    limit: 100,
  };

  async function withRecords(
    records: readonly DecisionRecord[],
    check: (store: DecisionStore) => Promise<void>,
    options: { readonly maxRecords?: number } = {},
  ): Promise<void> {
    await using data = await fixture(options);
    await using store = await data.open();
    await store.put(records);
    await check(store);
  }

  /** How long after the fixed moment the records found begin. */
  async function times(
    store: DecisionStore,
    query: Partial<DecisionQuery> = {},
  ): Promise<readonly number[]> {
    const { records } = await store.search({ ...everything, ...query });
    return records.map(({ unixMs }) => unixMs - START);
  }

  describe(`${name} as a DecisionStore`, () => {
    test('gives a record back as it was put', async () => {
      const record = decisionRecord(1, {
        labels: { alertname: 'Ä "quoted"', zone: '\n' },
        alertName: 'Ä "quoted"',
        decision: {
          kind: 'evaluated',
          state: 'firing',
          previous: 'pending',
          value: 'NaN',
          activeAtUnixMs: START,
          forMs: 60_000,
          keepFiringForMs: 0,
        },
      });
      await withRecords([record], async (store) => {
        expect((await store.search(everything)).records).toEqual([record]);
        expect(await store.inForce('a', START + 1)).toEqual([record]);
        expect(store.stats().recordCount).toBe(1);
      });
    });

    test('an empty put and an empty store are fine', async () => {
      await withRecords([], async (store) => {
        expect(await store.search(everything)).toEqual({ records: [], nextCursor: undefined });
        expect(await store.inForce('a', START)).toEqual([]);
        expect(await store.deleteBefore(START)).toBe(0);
      });
    });

    test('a record with the same subject, topic and beginning takes the place of the old', async () => {
      await withRecords([decisionRecord(1), decisionRecord(2)], async (store) => {
        const again = decisionRecord(1, { lastUnixMs: START + 9, count: 7 });
        await store.put([again, decisionRecord(1, { topic: 'other' })]);
        expect(store.stats().recordCount).toBe(3);
        expect(await store.inForce('a', START + 1)).toEqual([
          decisionRecord(1, { topic: 'other' }),
          again,
        ]);
      });
    });

    test('a search finds what stood in its range: last at its start or later, begun before its end', async () => {
      const records = [
        decisionRecord(0, { lastUnixMs: START + 4 }),
        decisionRecord(2, { lastUnixMs: START + 5 }),
        decisionRecord(9),
        decisionRecord(10),
      ];
      await withRecords(records, async (store) => {
        const range = { startUnixMs: START + 5, endUnixMs: START + 10 };
        expect(await times(store, range)).toEqual([9, 2]);
        expect(await times(store, { ...range, order: 'oldest-first' })).toEqual([2, 9]);
      });
    });

    test('filters by subject, alert name, label and kind hold together', async () => {
      const silence = {
        kind: 'silence',
        change: 'set',
        matchers: '{}',
        startsAtUnixMs: START,
        endsAtUnixMs: START,
        by: 'me',
        comment: '',
      } as const;
      const records = [
        decisionRecord(1),
        decisionRecord(2, { subject: 'b', labels: { zone: 'x' } }),
        decisionRecord(3, { subject: 'c', alertName: 'Other' }),
        decisionRecord(4, { subject: 'd', alertName: '', labels: {}, decision: silence }),
      ];
      await withRecords(records, async (store) => {
        expect(await times(store, { subjects: ['a', 'd', 'none'] })).toEqual([4, 1]);
        expect(await times(store, { subjects: [] })).toEqual([]);
        expect(await times(store, { alertName: 'HostDown' })).toEqual([2, 1]);
        expect(await times(store, { labels: { zone: 'x' } })).toEqual([2]);
        expect(await times(store, { labels: { zone: 'x', alertname: 'no' } })).toEqual([]);
        expect(await times(store, { kinds: ['silence', 'routed'] })).toEqual([4]);
        expect(await times(store, { kinds: ['rule'], alertName: 'HostDown' })).toEqual([2, 1]);
      });
    });

    test.each(['newest-first', 'oldest-first'] as const)(
      'pages %s are complete while records are added at either end',
      async (order) => {
        const records = Array.from({ length: 25 }, (_, i) =>
          decisionRecord(100 + Math.floor(i / 3), { subject: `s${i}` }),
        );
        await withRecords(records, async (store) => {
          const found: DecisionRecord[] = [];
          let cursor: string | undefined;
          do {
            const page = await store.search({
              ...everything,
              order,
              limit: 4,
              ...(cursor === undefined ? {} : { cursor }),
            });
            found.push(...page.records);
            cursor = page.nextCursor;
            const outside = order === 'newest-first' ? 900 : 0;
            await store.put([decisionRecord(outside, { subject: `new${found.length}` })]);
          } while (cursor !== undefined);
          const subjects = found.map(({ subject }) => subject);
          expect(new Set(subjects).size).toBe(subjects.length);
          expect(subjects.toSorted()).toEqual(records.map(({ subject }) => subject).toSorted());
        });
      },
    );

    test.each([0, -1, 1.5, 10_001])('a limit of %d is refused', async (limit) => {
      await withRecords([], async (store) => {
        await expect(store.search({ ...everything, limit })).rejects.toThrow(InvalidInputError);
      });
    });

    test('a cursor that is none of ours, or one of the other order, is refused', async () => {
      await withRecords([decisionRecord(1), decisionRecord(2)], async (store) => {
        await expect(store.search({ ...everything, cursor: 'x' })).rejects.toThrow('cursor');
        const { nextCursor = '' } = await store.search({ ...everything, limit: 1 });
        expect(nextCursor).not.toBe('');
        const other = { ...everything, cursor: nextCursor, order: 'oldest-first' } as const;
        await expect(store.search(other)).rejects.toThrow(InvalidInputError);
      });
    });

    test('in force at a moment is the last of each topic that began by then', async () => {
      const records = [
        decisionRecord(1),
        decisionRecord(5),
        decisionRecord(3, { topic: 'other' }),
        decisionRecord(4, { subject: 'b' }),
      ];
      await withRecords(records, async (store) => {
        const at = async (afterMs: number): Promise<readonly string[]> =>
          (await store.inForce('a', START + afterMs)).map(
            ({ topic, unixMs }) => `${topic} ${unixMs - START}`,
          );
        expect(await at(0)).toEqual([]);
        expect(await at(2)).toEqual(['rule 1']);
        expect(await at(4)).toEqual(['other 3', 'rule 1']);
        expect(await at(5)).toEqual(['other 3', 'rule 5']);
      });
    });

    test('what stood last before a moment is deleted, what stood since is kept', async () => {
      const records = [decisionRecord(1), decisionRecord(2, { lastUnixMs: START + 8 })];
      await withRecords([...records, decisionRecord(5)], async (store) => {
        expect(await store.deleteBefore(START + 5)).toBe(1);
        expect(await times(store)).toEqual([5, 2]);
        expect(store.stats().recordCount).toBe(2);
      });
    });

    test('above the limit of records those go that stood last longest ago', async () => {
      const records = [
        decisionRecord(1, { lastUnixMs: START + 50 }),
        decisionRecord(2),
        decisionRecord(3),
      ];
      await withRecords(
        records,
        async (store) => {
          await store.put([decisionRecord(4), decisionRecord(5)]);
          expect(await times(store)).toEqual([5, 4, 1]);
          expect(store.stats()).toMatchObject({ recordCount: 3, droppedRecords: 2 });
        },
        { maxRecords: 3 },
      );
    });

    test('a moment that is no whole number of milliseconds is refused', async () => {
      await withRecords([], async (store) => {
        const put = store.put([decisionRecord(1), decisionRecord(0.5)]);
        await expect(put).rejects.toThrow('records[1].unixMs');
        expect(await times(store)).toEqual([]);
      });
    });

    test('a closed store refuses', async () => {
      await using data = await fixture({});
      const store = await data.open();
      await store[Symbol.asyncDispose]();
      await expect(store.put([decisionRecord(1)])).rejects.toThrow('closed');
    });
  });
}
