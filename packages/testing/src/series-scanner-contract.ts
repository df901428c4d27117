import {
  Labels,
  type MetricStore,
  SampleBatchBuilder,
  type Series,
  type SeriesQuery,
  type SeriesScanner,
} from '@dwcp/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { rowsOf } from './metric-store-contract.ts';

/** What the contract needs: an empty store and its present moment. */
export interface SeriesScannerUnderTest {
  readonly store: MetricStore & SeriesScanner;
  /** Samples are written within the hour before this moment. */
  readonly nowUnixMs: number;
}

const SERIES = 300;
const SAMPLES = 40;

/**
 * What every SeriesScanner does. Registers its tests with Vitest.
 * @param open gives an empty store of its own each time; the suite disposes it
 */
export function seriesScannerContract(
  name: string,
  open: () => Promise<SeriesScannerUnderTest>,
): void {
  describe(`${name} as a SeriesScanner`, () => {
    let store: MetricStore & SeriesScanner;
    let t0: number;

    beforeEach(async () => {
      const opened = await open();
      store = opened.store;
      t0 = opened.nowUnixMs - 30 * 60_000;
      const batch = new SampleBatchBuilder();
      for (let k = 0; k < SAMPLES; k++) {
        for (let i = 0; i < SERIES; i++) {
          // Appended in an order that is not that of the labels; each as long as its number says.
          const id = String((i * 7) % SERIES).padStart(3, '0');
          const labels = Labels.from({ __name__: 'm', id });
          if (k === i % SAMPLES && i % 5 === 0) batch.addStale(labels, t0 + k * 1_000);
          else if (k <= i) batch.add(labels, t0 + k * 1_000, i === 9 ? -0 : k / (i + 1));
        }
      }
      await store.append(batch.build());
    });

    afterEach(async () => {
      await store[Symbol.asyncDispose]();
    });

    const all = (): SeriesQuery => ({
      matchers: [],
      startUnixMs: t0,
      endUnixMs: t0 + SAMPLES * 1_000,
    });
    const scanned = async (query: SeriesQuery): Promise<ReturnType<typeof rowsOf>[]> => {
      const rows: ReturnType<typeof rowsOf>[] = [];
      await store.scan(query, (series) => void rows.push(rowsOf(copyOf(series))));
      return rows;
    };

    test('visits what select answers, in the same order, to the bit', async () => {
      const rows = await scanned(all());
      expect(rows).toHaveLength(SERIES);
      expect(rows).toEqual((await store.select(all())).map(rowsOf));
    });

    test('samples outside the range are left out, and series without any inside', async () => {
      const query = { ...all(), startUnixMs: t0 + 10_000, endUnixMs: t0 + 12_999 };
      const rows = await scanned(query);
      expect(rows).toEqual((await store.select(query)).map(rowsOf));
      expect(rows).toHaveLength(SERIES - 10);
      expect(rows.at(-1)?.samples).toHaveLength(3);
    });

    test('waits for a visit that takes its time before the next series', async () => {
      let open = 0;
      let visits = 0;
      await store.scan(all(), async ({ values }) => {
        expect(++open).toBe(1);
        const before = [...values];
        await Promise.resolve();
        expect([...values]).toEqual(before);
        open--;
        visits++;
      });
      expect(visits).toBe(SERIES);
    });

    test('a visit that fails ends the scan with its error', async () => {
      let visits = 0;
      const scan = store.scan(all(), () => {
        visits++;
        throw new Error('enough');
      });
      await expect(scan).rejects.toThrow('enough');
      expect(visits).toBe(1);
      // What was held for the scan is free again: the store can go on.
      expect(await scanned(all())).toHaveLength(SERIES);
    });

    test('an aborted signal ends the scan with its reason', async () => {
      const signal = AbortSignal.abort(new Error('given up'));
      const scan = store.scan(all(), () => undefined, { signal });
      await expect(scan).rejects.toThrow('given up');
    });

    test('a wrong regular expression is refused as select refuses it', async () => {
      const matchers = [{ name: 'id', operator: '=~', value: '(' }] as const;
      await expect(store.scan({ ...all(), matchers }, () => undefined)).rejects.toThrow('(');
    });
  });
}

function copyOf({ labels, timestamps, values }: Series): Series {
  return { labels, timestamps: timestamps.slice(), values: values.slice() };
}
