// Reads a segment with nothing but docs/formats/wal.md in hand.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { WriteAheadLog } from '@dwcp/segments';
import { expect, test } from 'vitest';

import { temporaryDirectory } from './temporary-directory.ts';

/** CRC-32C bit by bit: polynomial 0x1edc6f41, reflected, initial and final value all ones. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

interface Segment {
  readonly number: number;
  readonly previous: number;
  readonly previousBytes: number;
  readonly removedBytes: number;
  readonly payloads: readonly string[];
}

function decodeSegment(file: Buffer): Segment {
  expect(file.toString('latin1', 0, 8)).toBe('DWCPWAL\n');
  expect(file.readUInt32LE(8)).toBe(2);
  expect(file.readUInt32LE(16)).toBe(checksum(file.subarray(0, 16)));
  expect(file.readUInt32LE(32)).toBe(checksum(file.subarray(20, 32)));
  const payloads: string[] = [];
  for (let at = 36; at < file.length;) {
    const length = file.readUInt32LE(at);
    const payload = file.subarray(at + 8, at + 8 + length);
    const covered = Buffer.concat([file.subarray(at, at + 4), payload]);
    expect(file.readUInt32LE(at + 4)).toBe(checksum(covered));
    payloads.push(payload.toString());
    at += 8 + length;
  }
  return {
    number: file.readUInt32LE(12),
    previous: file.readUInt32LE(20),
    previousBytes: file.readUInt32LE(24),
    removedBytes: file.readUInt32LE(28),
    payloads,
  };
}

test('a decoder written from the page reads what the log wrote', async () => {
  const dir = temporaryDirectory();
  const log = await WriteAheadLog.open({ dir, onRecord: () => undefined });
  for (const payload of ['a', 'bc', 'def']) await log.append(Buffer.from(payload));
  await log.close();
  const file = readFileSync(join(dir, '00000001.wal'));
  const first = { number: 1, previous: 0, previousBytes: 0, removedBytes: 0 };
  expect(decodeSegment(file)).toEqual({ ...first, payloads: ['a', 'bc', 'def'] });
  const end = { number: 2, previous: 1, previousBytes: file.length, removedBytes: 0, payloads: [] };
  expect(decodeSegment(readFileSync(join(dir, '00000002.wal')))).toEqual(end);
});

test('the log reads a segment of version 1, put together by hand from the page', async () => {
  const dir = temporaryDirectory();
  const header = Buffer.alloc(20);
  header.write('DWCPWAL\n', 'latin1');
  header.writeUInt32LE(1, 8);
  header.writeUInt32LE(42, 12);
  header.writeUInt32LE(checksum(header.subarray(0, 16)), 16);
  const record = Buffer.from('\x02\0\0\0....hi', 'latin1');
  const covered = Buffer.concat([record.subarray(0, 4), record.subarray(8)]);
  record.writeUInt32LE(checksum(covered), 4);
  writeFileSync(join(dir, '00000042.wal'), Buffer.concat([header, record]));
  const found: [string, number][] = [];
  const log = await WriteAheadLog.open({
    dir,
    onRecord: (payload, segment) => found.push([Buffer.from(payload).toString(), segment]),
  });
  await log.close();
  expect(found).toEqual([['hi', 42]]);
});
