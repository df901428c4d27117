import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { BackendError, type LogQuery, type LogRecord } from '@dwcp/core';
import { SqliteLogStore } from '@dwcp/log-store';
import { logRecord, logStoreContract, ManualClock } from '@dwcp/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

interface Folder extends AsyncDisposable {
  readonly dir: string;
}

async function folder(): Promise<Folder> {
  const dir = await mkdtemp(join(tmpdir(), 'dwcp-log-store-'));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

const clock = new ManualClock();
const everything: LogQuery = { startUnixNano: 0n, endUnixNano: 2n ** 64n, limit: 10_000 };

logStoreContract('SqliteLogStore', async () => {
  const { dir, [Symbol.asyncDispose]: remove } = await folder();
  return { open: () => SqliteLogStore.open({ dir, clock }), [Symbol.asyncDispose]: remove };
});

test('NaN, infinities, -0 and odd attribute names come back', async () => {
  await using data = await folder();
  await using store = await SqliteLogStore.open({ dir: data.dir, clock });
  const attributes = Object.fromEntries<number | string | number[]>([
    ['nan', Number.NaN],
    ['list', [1, Number.NEGATIVE_INFINITY, -0]],
    ['n', Number.POSITIVE_INFINITY],
    ['__proto__', 'own'],
    ['a"b\\c', '{"n":"NaN"}'],
  ]);
  await store.append([logRecord(0n, { attributes })]);
  const { records } = await store.search({
    ...everything,
    attributes: { 'a"b\\c': '{"n":"NaN"}' },
  });
  expect(records[0]?.attributes).toEqual(attributes);
  expect(Object.keys(records[0]?.attributes ?? {})).toContain('__proto__');
});

test('a time outside 64 bits is refused and the rest of the store works on', async () => {
  await using data = await folder();
  await using store = await SqliteLogStore.open({ dir: data.dir, clock });
  const wrong = store.append([logRecord(0n), logRecord(0n, { timeUnixNano: 2n ** 63n })]);
  await expect(wrong).rejects.toThrow('records[1].timeUnixNano');
  await store.append([logRecord(0n, { timeUnixNano: 2n ** 63n - 1n })]);
  expect((await store.search(everything)).records).toHaveLength(1);
});

test('many appends at once leave the event loop a turn for each thousand records', async () => {
  await using data = await folder();
  await using store = await SqliteLogStore.open({ dir: data.dir, clock });
  const records = Array.from({ length: 500 }, (_, i) => logRecord(BigInt(i)));
  const countOnTurns: number[] = [];
  const appended = Promise.all(Array.from({ length: 6 }, () => store.append(records)));
  for (let turn = 0; turn < 4; turn++) {
    await nextTurn();
    countOnTurns.push(store.stats().recordCount);
  }
  await appended;
  expect(countOnTurns.filter((count, i) => count - (countOnTurns[i - 1] ?? 0) > 1_000)).toEqual([]);
  expect(store.stats().recordCount).toBe(3_000);
});

test('walks over more records than a slice find the same as a filter over all of them', async () => {
  await using data = await folder();
  await using store = await SqliteLogStore.open({ dir: data.dir, clock });
  const records: LogRecord[] = Array.from({ length: 9_000 }, (_, i) =>
    logRecord(BigInt((i * 7_919) % 3_000), {
      body: `common r${i} ${i % 2_500 === 0 ? 'needle' : ''}`,
      severityNumber: (i % 24) + 1,
      attributes: { shard: i % 900 },
      resource: { attributes: { 'service.name': i % 3 === 0 ? 'rare' : 'chatty' } },
    }),
  );
  for (let i = 0; i < records.length; i += 1_000) await store.append(records.slice(i, i + 1_000));

  const cases: readonly (readonly [Partial<LogQuery>, (record: LogRecord) => boolean])[] = [
    [{}, () => true],
    [{ text: 'common' }, () => true],
    [{ text: 'COMMON needle' }, ({ body }) => body.includes('needle')],
    [
      { text: 'common', service: 'rare', minSeverityNumber: 20 },
      (r) => r.severityNumber >= 20 && r.resource.attributes['service.name'] === 'rare',
    ],
    [{ attributes: { shard: '7' } }, (r) => r.attributes['shard'] === 7],
    [{ text: 'common', attributes: { shard: '899' } }, (r) => r.attributes['shard'] === 899],
    [{ spanId: 'b7ad6b7169203331' }, () => false],
  ];
  for (const [query, wanted] of cases) {
    for (const limit of [700, 10_000]) {
      const found: LogRecord[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.search({
          ...everything,
          ...query,
          limit,
          ...(cursor === undefined ? {} : { cursor }),
        });
        expect(page.records.length).toBeLessThanOrEqual(limit);
        found.push(...page.records);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      const times = found.map(({ timeUnixNano }) => timeUnixNano);
      expect(times).toEqual(times.toSorted((a, b) => Number(b - a)));
      expect(new Set(found.map(({ body }) => body))).toEqual(
        new Set(records.filter(wanted).map(({ body }) => body)),
      );
      expect(found).toHaveLength(records.filter(wanted).length);
    }
  }
}, 30_000);

test('a long search lets other work run and stops when aborted', async () => {
  await using data = await folder();
  await using store = await SqliteLogStore.open({ dir: data.dir, clock });
  await store.append(Array.from({ length: 10_000 }, (_, i) => logRecord(BigInt(i))));
  const abort = new AbortController();
  const search = store.search(
    { ...everything, region: 'nowhere', limit: 1 },
    { signal: abort.signal },
  );
  setImmediate(() => abort.abort(new Error('enough')));
  await expect(search).rejects.toThrow('enough');
});

test('a page of long bodies ends before its limit and goes on at its cursor', async () => {
  await using data = await folder();
  await using store = await SqliteLogStore.open({ dir: data.dir, clock });
  const body = 'x'.repeat(3_000_000);
  for (let i = 0; i < 8; i++) await store.append([logRecord(BigInt(i), { body })]);
  const first = await store.search(everything);
  expect(first.records).toHaveLength(6);
  const second = await store.search({ ...everything, cursor: first.nextCursor ?? '' });
  expect(second.records).toHaveLength(2);
  expect(second.nextCursor).toBeUndefined();
});

test('any text that goes into a body is found by any of its words', async () => {
  await using data = await folder();
  await using store = await SqliteLogStore.open({ dir: data.dir, clock });
  let nano = 0n;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), {
        minLength: 1,
        maxLength: 5,
      }),
      async (words) => {
        const record = logRecord(nano++, { body: words.join(' ') });
        await store.append([record]);
        const range = { startUnixNano: record.timeUnixNano, endUnixNano: record.timeUnixNano + 1n };
        for (const word of words) {
          const { records } = await store.search({ ...everything, ...range, text: word });
          expect(records).toEqual([record]);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('when there is no room nothing of the append is kept, and reading goes on', async () => {
  await using data = await folder();
  await using store = await SqliteLogStore.open({
    dir: data.dir,
    clock,
    maxSizeBytes: 512 * 1024,
  });
  await store.append([logRecord(0n, { body: 'fits' })]);
  const many = Array.from({ length: 5_000 }, (_, i) =>
    logRecord(BigInt(i), { body: `filler ${i} ${'y'.repeat(200)}` }),
  );
  const failed = store.append(many);
  await expect(failed).rejects.toThrow(BackendError);
  await expect(failed).rejects.toMatchObject({ retryable: true });
  expect((await store.search(everything)).records.map(({ body }) => body)).toEqual(['fits']);
  expect(store.stats().recordCount).toBe(1);
  await store.append([logRecord(1n, { body: 'fits too' })]);
  expect(store.stats().recordCount).toBe(2);
});

test('an append while another program holds the file is refused as retryable', async () => {
  await using data = await folder();
  await using store = await SqliteLogStore.open({ dir: data.dir, clock });
  const other = new DatabaseSync(join(data.dir, 'logs.db'));
  other.exec('BEGIN IMMEDIATE');
  await expect(store.append([logRecord(0n)])).rejects.toMatchObject({
    code: 'DWCP_BACKEND_UNAVAILABLE',
    retryable: true,
  });
  other.exec('ROLLBACK');
  other.close();
  await store.append([logRecord(1n)]);
  expect((await store.search(everything)).records).toEqual([logRecord(1n)]);
});

test('a closed store has written what waited, and refuses more', async () => {
  await using data = await folder();
  const store = await SqliteLogStore.open({ dir: data.dir, clock });
  const last = store.append([logRecord(0n)]);
  await store[Symbol.asyncDispose]();
  await last;
  await expect(store.append([logRecord(1n)])).rejects.toThrow('is closed');
  await expect(store.search(everything)).rejects.toThrow('is closed');
  await using again = await SqliteLogStore.open({ dir: data.dir, clock });
  expect(again.stats().recordCount).toBe(1);
});

test('deleting gives room back to the disk', async () => {
  await using data = await folder();
  await using store = await SqliteLogStore.open({ dir: data.dir, clock });
  const body = 'z'.repeat(2_000);
  await store.append(Array.from({ length: 5_000 }, (_, i) => logRecord(BigInt(i), { body })));
  await store.deleteBefore(logRecord(4_900n).timeUnixNano);
  const file = new DatabaseSync(join(data.dir, 'logs.db'), { readOnly: true });
  const bytes = Number(file.prepare('PRAGMA page_count').get()?.['page_count']) * 4_096;
  file.close();
  expect(bytes).toBeLessThan(3_000_000);
});

test('an append that cannot be written takes no other one with it', async () => {
  await using data = await folder();
  await using store = await SqliteLogStore.open({ dir: data.dir, clock });
  const body = { not: 'a string' } as unknown as string;
  const results = await Promise.allSettled([
    store.append([logRecord(0n)]),
    store.append([logRecord(1n), logRecord(2n, { body })]),
    store.append([logRecord(3n)]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await store.search(everything)).records).toEqual([logRecord(3n), logRecord(0n)]);
  expect(store.stats().recordCount).toBe(2);
});
