// Reads tombstones and downsampled blocks with nothing but docs/formats/metric-block.md in hand.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { DAY_START, openList, seal, steps } from './block-fixture.ts';
import { temporaryDirectory } from './temporary-directory.ts';

function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test('tombstones are as the page says', async () => {
  const dir = temporaryDirectory();
  const { list } = await openList(dir);
  await seal({ list }, { a: steps(DAY_START, 1_000, 10) });
  const matchers = [{ name: 'job', operator: '=~', value: 't.*' }] as const;
  await list.delete(matchers, { from: Number.NEGATIVE_INFINITY, to: DAY_START });
  await list.close();
  const bytes = readFileSync(join(dir, 'tombstones'));
  const end = bytes.indexOf(10);
  const sum = checksum(bytes.subarray(end + 1))
    .toString(16)
    .padStart(8, '0');
  expect(bytes.toString('latin1', 0, end)).toBe(`dwcp metric store tombstones 1 ${sum}`);
  expect(JSON.parse(bytes.toString('utf8', end))).toEqual({
    lastId: 1,
    deletions: [{ id: 1, matchers, from: null, to: DAY_START }],
  });
});

test('the aggregates of a downsampled block stand where the page says', async () => {
  const dir = temporaryDirectory();
  const { list } = await openList(dir, { resolutionsMs: [300_000] });
  await seal({ list }, { a: steps(DAY_START, 60_000, 7) });
  await seal({ list }, { b: steps(DAY_START + 2 * 86_400_000, 1_000, 1) });
  while (await list.downsample(new AbortController().signal));
  await list.close();
  const name = readdirSync(dir).find((one) => one.endsWith('.300s.block')) ?? '';
  expect(name).toBe('00000001-00000001.300s.block');
  const file = readFileSync(join(dir, name));
  const footer = file.subarray(-96);
  expect(footer.readUInt32LE(64)).toBe(300_000);
  expect(footer.readDoubleLE(48)).toBe(2);
  const size = file.readUInt32LE(16);
  const group = zstdDecompressSync(file.subarray(28, 28 + size));
  const counts: number[] = [];
  let at = 0;
  for (let part = 0; part < 4; part++) {
    const length = group.readUInt8(at);
    counts.push(group.readUInt8(at + 1));
    at += 1 + length;
  }
  // Two buckets each; then the length of the four, then the samples.
  expect(counts).toEqual([2, 2, 2, 2]);
  expect(group.readUInt32LE(at)).toBe(at);
  expect(group.readUInt8(at + 4)).toBe(2);
});
