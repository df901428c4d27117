import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { nodeFileSystem, WriteAheadLog, type WriteAheadLogOptions } from '@dwcp/segments';
import { type Fate, FaultyFileSystem, type FileOperation } from '@dwcp/segments/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { temporaryDirectory } from './temporary-directory.ts';

const text = (payload: Uint8Array): string => Buffer.from(payload).toString();
const bytes = (payload: string): Uint8Array => Buffer.from(payload);

async function openLog(
  dir: string,
  options: Partial<WriteAheadLogOptions> = {},
): Promise<{ log: WriteAheadLog; records: string[] }> {
  const records: string[] = [];
  const log = await WriteAheadLog.open({
    dir,
    onRecord: (payload) => records.push(text(payload)),
    ...options,
  });
  return { log, records };
}

/** A file system that counts writes and lets planned operations fail. */
function faulty(plan: (operation: FileOperation, index: number) => Fate): FaultyFileSystem {
  return new FaultyFileSystem(nodeFileSystem, (operation, _, index) => plan(operation, index));
}

/** The segment files of a directory with three records `one`, `two`, `three` in one segment. */
async function threeRecords(): Promise<{ dir: string; path: string }> {
  const dir = temporaryDirectory();
  const { log } = await openLog(dir);
  for (const payload of ['one', 'two', 'three']) await log.append(bytes(payload));
  await log.close();
  return { dir, path: join(dir, '00000001.wal') };
}

describe('append and replay', () => {
  test('records come back in order, over many segments and openings', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.string({ minLength: 1, maxLength: 60 }), { maxLength: 20 }), {
          maxLength: 4,
        }),
        fc.integer({ min: 1, max: 300 }),
        async (runs, segmentSizeBytes) => {
          const dir = temporaryDirectory();
          const expected: string[] = [];
          for (const run of runs) {
            const { log, records } = await openLog(dir, { segmentSizeBytes });
            expect(records).toEqual(expected);
            await Promise.all(run.map((payload) => log.append(bytes(payload))));
            expected.push(...run);
            await log.close();
          }
          const { log, records } = await openLog(dir);
          expect(records).toEqual(expected);
          expect(log.recovery).toMatchObject({ tornBytes: 0, gaps: [], lostBytes: 0 });
          await log.close();
        },
      ),
      { numRuns: 30 },
    );
  });

  test('a record longer than the read buffer comes back', async () => {
    const dir = temporaryDirectory();
    const { log } = await openLog(dir);
    const long = 'x'.repeat(3_000_000);
    await Promise.all([log.append(bytes('a')), log.append(bytes(long)), log.append(bytes('b'))]);
    await log.close();
    const { log: again, records } = await openLog(dir);
    expect(records).toEqual(['a', long, 'b']);
    await again.close();
  });

  test('what waits while a write is in flight goes out in one write', async () => {
    let writes = 0;
    const fileSystem = faulty((operation) => {
      if (operation === 'write') writes++;
      return 'work';
    });
    const { log } = await openLog(temporaryDirectory(), { fileSystem });
    await Promise.all(Array.from({ length: 100 }, (_, i) => log.append(bytes(`record ${i}`))));
    expect(writes).toBe(2);
    await log.close();
  });

  test('durability disk syncs before it acknowledges, durability os does not', async () => {
    for (const [durability, wanted] of [
      ['os', 0],
      ['disk', 2],
    ] as const) {
      let syncs = 0;
      const fileSystem = faulty((operation) => {
        if (operation === 'sync') syncs++;
        return 'work';
      });
      const { log } = await openLog(temporaryDirectory(), { fileSystem, durability });
      await log.append(bytes('a'));
      await log.append(bytes('b'));
      expect(syncs).toBe(wanted);
      await log.close();
    }
  });

  test('empty and oversized records are refused', async () => {
    const { log } = await openLog(temporaryDirectory());
    await expect(log.append(new Uint8Array(0))).rejects.toThrow('got 0');
    await expect(log.append(new Uint8Array(64 * 1024 * 1024 + 1))).rejects.toThrow('got 67108865');
    await log.close();
  });

  test('when too much waits, an append is refused at once and the others are kept', async () => {
    const dir = temporaryDirectory();
    const { log } = await openLog(dir, { maxWaitingBytes: 10 });
    const first = log.append(bytes('0123456789'));
    await expect(log.append(bytes('more'))).rejects.toMatchObject({ retryable: true });
    await first;
    await log.append(bytes('later'));
    await log.close();
    const { log: again, records } = await openLog(dir);
    expect(records).toEqual(['0123456789', 'later']);
    await again.close();
  });

  test('a closed log refuses', async () => {
    const { log } = await openLog(temporaryDirectory());
    const last = log.append(bytes('last'));
    await log.close();
    await last;
    await expect(log.append(bytes('x'))).rejects.toMatchObject({ retryable: false });
  });
});

describe('cutting and dropping', () => {
  test('a cut comes after earlier appends and before later ones', async () => {
    const { log } = await openLog(temporaryDirectory());
    const order: string[] = [];
    log.enqueue(bytes('a'), () => order.push('a'));
    log.cut((segment) => order.push(`cut ${segment}`));
    log.enqueue(bytes('b'), () => order.push('b'));
    await log.append(bytes('c'));
    expect(order).toEqual(['a', 'cut 2', 'b']);
    await log.close();
  });

  test('dropping removes what was appended before the cut and nothing else', async () => {
    const dir = temporaryDirectory();
    const { log } = await openLog(dir, { segmentSizeBytes: 40 });
    await Promise.all(['a', 'b', 'c'].map((payload) => log.append(bytes(payload))));
    const cut = new Promise<number>((resolve) => log.cut(resolve));
    await log.append(bytes('d'));
    await log.dropBefore(await cut);
    await log.close();
    const { log: again, records } = await openLog(dir);
    expect(records).toEqual(['d']);
    expect(again.sizeBytes).toBe(36 + 8 + 1);
    await again.close();
  });

  test('segments below the first wanted one are not replayed, and stay until they are dropped', async () => {
    const { dir } = await threeRecords();
    const { log, records } = await openLog(dir, { firstSegment: 7 });
    expect(records).toEqual([]);
    expect(log.segment).toBe(7);
    await log.append(bytes('new'));
    expect(log.segments().map(([number]) => number)).toEqual([1, 7]);
    await log.dropBefore(7);
    await log.close();
    expect(readdirSync(dir)).toEqual(['00000007.wal', '00000008.wal']);
  });

  test('what is durable can be read from any place, part by part', async () => {
    const dir = temporaryDirectory();
    const { log } = await openLog(dir, { segmentSizeBytes: 64 });
    const payloads = Array.from({ length: 20 }, (_, i) => 'x'.repeat(i + 1));
    for (const payload of payloads) await log.append(bytes(payload));
    for (const maxBytes of [1, 30, 1_000]) {
      const found: string[] = [];
      for (const [segment] of log.segments()) {
        let offset = 0;
        for (;;) {
          const part = await log.read({ segment, offset }, maxBytes);
          if (part.records.length === 0) break;
          found.push(...part.records.map((record) => Buffer.from(record).toString()));
          ({ offset } = part);
        }
      }
      expect(found).toEqual(payloads);
    }
    expect(log.bytesAfter(log.end)).toBe(0);
    expect(log.bytesAfter({ segment: 1, offset: 0 })).toBe(log.sizeBytes);
    await log.close();
  });

  test('cutting an empty segment changes nothing', async () => {
    const { log } = await openLog(temporaryDirectory());
    const numbers: number[] = [];
    log.cut((segment) => numbers.push(segment));
    log.cut((segment) => numbers.push(segment));
    await log.append(bytes('a'));
    expect(numbers).toEqual([1, 1]);
    await log.close();
  });
});

describe('recovery', () => {
  test('a last write that stopped anywhere is cut off, and appending goes on', async () => {
    const { path } = await threeRecords();
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      const dir = temporaryDirectory();
      writeFileSync(join(dir, '00000001.wal'), whole.subarray(0, length));
      const { log, records } = await openLog(dir);
      const kept = ['one', 'two', 'three'].slice(0, length < 47 ? 0 : length < 58 ? 1 : 2);
      expect(records).toEqual(kept);
      expect(log.recovery.gaps).toEqual([]);
      await log.append(bytes('next'));
      await log.close();
      const { log: again, records: later } = await openLog(dir);
      expect(later).toEqual([...kept, 'next']);
      expect(again.recovery).toMatchObject({ tornBytes: 0, gaps: [] });
      await again.close();
    }
  });

  test('a tail of zeros, as a power cut leaves it, is cut off', async () => {
    const { dir, path } = await threeRecords();
    rmSync(join(dir, '00000002.wal'));
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(500)]));
    const { log, records } = await openLog(dir);
    expect(records).toEqual(['one', 'two', 'three']);
    expect(log.recovery).toMatchObject({ tornBytes: 500, gaps: [] });
    await log.close();
  });

  test('a flipped bit anywhere is never a wrong record, and costs the record it is in', async () => {
    const { path } = await threeRecords();
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at++) {
      const dir = temporaryDirectory();
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(join(dir, '00000001.wal'), damaged);
      const { log, records } = await openLog(dir);
      const hit = at < 36 ? undefined : at < 47 ? 'one' : at < 58 ? 'two' : 'three';
      expect(records).toEqual(['one', 'two', 'three'].filter((record) => record !== hit));
      // A longer length in the last record cannot be told from an unfinished write.
      const unfinished = at >= 58 && at < 62 && log.recovery.tornBytes > 0;
      expect(log.recovery.gaps).toHaveLength(unfinished ? 0 : 1);
      await log.close();

      const { log: again, records: later } = await openLog(dir);
      expect(later).toEqual(records);
      expect(again.recovery.gaps).toEqual([]);
      await again.close();
      const kept = readdirSync(dir).includes('00000001.wal.damaged');
      expect(kept).toBe(!unfinished);
    }
  });

  test('damage in an earlier segment is a gap: told, counted, and later segments are read', async () => {
    const { dir, path } = await threeRecords();
    const { log } = await openLog(dir);
    await log.append(bytes('four'));
    await log.close();
    writeFileSync(path, readFileSync(path).subarray(0, 61));
    const told: unknown[] = [];
    const { log: again, records } = await openLog(dir, {
      log: {
        debug: () => undefined,
        info: () => undefined,
        warn: () => undefined,
        error: (fields) => told.push(fields['err']),
        child() {
          return this;
        },
      },
    });
    expect(records).toEqual(['one', 'two', 'four']);
    expect(again.recovery.gaps).toMatchObject([{ code: 'DWCP_DATA_CORRUPT', path, offset: 58 }]);
    expect(again.recovery.lostBytes).toBe(13);
    expect(told).toEqual(again.recovery.gaps);
    await again.close();
  });

  test('a segment that is gone is told once, and the others are read', async () => {
    const { dir, path } = await threeRecords();
    const { log } = await openLog(dir);
    await log.append(bytes('four'));
    await log.close();
    const { length } = readFileSync(path);
    rmSync(path);
    const { log: again, records } = await openLog(dir);
    expect(records).toEqual(['four']);
    expect(again.recovery.gaps).toMatchObject([{ code: 'DWCP_DATA_CORRUPT', path, offset: 0 }]);
    expect(again.recovery.lostBytes).toBe(length);
    await again.close();
    const { log: later } = await openLog(dir);
    expect(later.recovery.gaps).toEqual([]);
    await later.close();
  });

  test('a segment that is gone below the first wanted one is no gap', async () => {
    const { dir, path } = await threeRecords();
    const { log } = await openLog(dir);
    await log.append(bytes('four'));
    await log.close();
    rmSync(path);
    const { log: again, records } = await openLog(dir, { firstSegment: 3 });
    expect(records).toEqual(['four']);
    expect(again.recovery.gaps).toEqual([]);
    await again.close();
  });

  test('a segment that was cut exactly between two records is told once, also the last of a closed log', async () => {
    for (const isLast of [true, false]) {
      const { dir, path } = await threeRecords();
      if (!isLast) {
        const { log } = await openLog(dir);
        await log.append(bytes('four'));
        await log.close();
      }
      // Behind `two`.
      writeFileSync(path, readFileSync(path).subarray(0, 58));
      const { log: again, records } = await openLog(dir);
      expect(records).toEqual(isLast ? ['one', 'two'] : ['one', 'two', 'four']);
      expect(again.recovery.gaps).toMatchObject([{ path, offset: 58 }]);
      expect(again.recovery.lostBytes).toBe(13);
      await again.close();
      const { log: later, records: same } = await openLog(dir);
      expect(same).toEqual(records);
      expect(later.recovery.gaps).toEqual([]);
      await later.close();
    }
  });

  test('where damage was cut out of a segment, its length is no second gap', async () => {
    const { dir, path } = await threeRecords();
    const damaged = readFileSync(path);
    damaged[50] = (damaged[50] ?? 0) ^ 1;
    writeFileSync(path, damaged);
    for (const gaps of [1, 0, 0]) {
      const { log, records } = await openLog(dir);
      expect(records.slice(0, 2)).toEqual(['one', 'three']);
      expect(log.recovery.gaps).toHaveLength(gaps);
      await log.append(bytes('more'));
      await log.close();
    }
  });

  test('a segment of a later format version stops the start and is left alone', async () => {
    const { dir, path } = await threeRecords();
    // A version 3 header with its own right checksum.
    const header = Buffer.from('445743505741 4c0a 03000000 01000000'.replaceAll(' ', ''), 'hex');
    const { crc32c } = await import('@dwcp/segments');
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(crc32c(header));
    const later = Buffer.concat([header, checksum, Buffer.from('unknown')]);
    writeFileSync(path, later);
    await expect(openLog(dir)).rejects.toThrow('start the newer version');
    expect(readFileSync(path)).toEqual(later);
  });
});

describe('failing disks', () => {
  test('a failed write rejects, is cut back, and later appends are fine', async () => {
    for (const fate of ['fail', 'half'] as const) {
      const dir = temporaryDirectory();
      let failing = false;
      const fileSystem = faulty((operation) => (failing && operation === 'write' ? fate : 'work'));
      const { log } = await openLog(dir, { fileSystem });
      await log.append(bytes('before'));
      const segment = log.segment;
      failing = true;
      const failed = await Promise.allSettled([log.append(bytes('a')), log.append(bytes('b'))]);
      for (const outcome of failed) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { retryable: true } });
      }
      failing = false;
      expect(log.segment).toBeGreaterThan(segment);
      await log.append(bytes('after'));
      expect(log.stats()).toMatchObject({ failedWrites: 1, waitingBytes: 0 });
      await log.close();
      const { log: again, records } = await openLog(dir);
      expect(records).toEqual(['before', 'after']);
      expect(again.recovery).toMatchObject({ tornBytes: 0, gaps: [] });
      await again.close();
    }
  });

  test('whichever operation fails or is the last, what was acknowledged is there, once and in order', async () => {
    for (const durability of ['os', 'disk'] as const) {
      for (const fate of ['fail', 'half', 'crash'] as const) {
        // The first run meets no fault and tells how many operations there are.
        let steps = 0;
        for (let step = -1; step < steps; step++) {
          const dir = temporaryDirectory();
          const fileSystem = faulty((_, index) => (index === step ? fate : 'work'));
          const acknowledged: string[] = [];
          let firstSegment = 1;
          const { log } = await openLog(dir, { fileSystem, durability, segmentSizeBytes: 76 });
          for (let i = 0; i < 8; i++) {
            const payload = `record ${i}`;
            const write = log.append(bytes(payload)).then(() => acknowledged.push(payload));
            await write.catch(() => undefined);
            if (i === 4) {
              const cut = await new Promise<number>((resolve) => log.cut(resolve));
              acknowledged.length = 0;
              firstSegment = cut;
              await log.dropBefore(cut).catch(() => undefined);
            }
          }
          await log.close().catch(() => undefined);
          if (step === -1) steps = fileSystem.operationCount;

          const { log: again, records } = await openLog(dir, { firstSegment });
          expect(records).toEqual([...new Set(records)].toSorted());
          expect(records.filter((record) => acknowledged.includes(record))).toEqual(acknowledged);
          expect(again.recovery.gaps).toEqual([]);
          await again.close();
        }
      }
    }
  });

  test('while the failed write cannot be cut back, appends are refused; then they work', async () => {
    const dir = temporaryDirectory();
    let broken = false;
    const fileSystem = faulty((operation) =>
      broken && (operation === 'write' || operation === 'truncate') ? 'half' : 'work',
    );
    const { log } = await openLog(dir, { fileSystem });
    await log.append(bytes('before'));
    broken = true;
    await expect(log.append(bytes('lost'))).rejects.toMatchObject({ retryable: true });
    await expect(log.append(bytes('lost too'))).rejects.toMatchObject({ retryable: true });
    expect(readdirSync(dir)).toEqual(['00000001.wal']);
    // A crash now leaves a torn tail in the last segment, which is no damage.
    const copy = temporaryDirectory();
    mkdirSync(copy, { recursive: true });
    copyFileSync(join(dir, '00000001.wal'), join(copy, '00000001.wal'));
    const { log: afterCrash, records: found } = await openLog(copy);
    expect(found).toEqual(['before']);
    expect(afterCrash.recovery.gaps).toEqual([]);
    await afterCrash.close();

    broken = false;
    await log.append(bytes('after'));
    await log.close();
    const { log: again, records } = await openLog(dir);
    expect(records).toEqual(['before', 'after']);
    await again.close();
  });
});
