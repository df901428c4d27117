// Reads the store's files with nothing but docs/formats/metric-block.md and wal.md in hand.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

import { Labels, type NativeHistogram, SampleBatchBuilder } from '@dwcp/core';
import { expect, test } from 'vitest';

import { NOW, openStore } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

function checksum(...parts: readonly Uint8Array[]): number {
  let crc = 0xffffffff;
  for (const byte of Buffer.concat(parts)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

class Reader {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte = (): number => this.bytes.readUInt8(this.at++);
  f64 = (): number => this.bytes.readDoubleLE((this.at += 8) - 8);
  bits = (): string => this.bytes.readBigUInt64LE((this.at += 8) - 8).toString(16);
  string = (): string => {
    const length = this.varint();
    return this.bytes.toString('utf8', this.at, (this.at += length));
  };

  varint(): number {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(value);
    }
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  times<T>(count: number, read: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, i) => read(i));
  }

  /** Differences to the one before, the first to 0. */
  sums(count: number, read: () => number): number[] {
    let sum = 0;
    return this.times(count, () => (sum += read()));
  }
}

function histogram(reader: Reader): NativeHistogram {
  const schema = reader.zigzag();
  const flags = reader.byte();
  const [sum, zeroThreshold] = [reader.f64(), reader.f64()];
  const whole = (flags & 4) !== 0;
  const number = whole ? () => reader.varint() : reader.f64;
  const [count, zeroCount] = [number(), number()];
  const side = (): [{ offset: number; length: number }[], number[]] => {
    const spans = reader.times(reader.varint(), () => ({
      offset: reader.zigzag(),
      length: reader.varint(),
    }));
    const size = spans.reduce((total, { length }) => total + length, 0);
    return [
      spans,
      whole ? reader.sums(size, () => reader.zigzag()) : reader.times(size, reader.f64),
    ];
  };
  const [positiveSpans, positiveBuckets] = side();
  const [negativeSpans, negativeBuckets] = side();
  const custom =
    (flags & 8) !== 0 ? { customValues: reader.times(reader.varint(), reader.f64) } : {};
  const counterResetHint =
    (['unknown', 'reset', 'not_reset', 'gauge'] as const)[flags & 3] ?? 'unknown';
  return {
    schema,
    count,
    sum,
    zeroThreshold,
    zeroCount,
    positiveSpans,
    positiveBuckets,
    negativeSpans,
    negativeBuckets,
    counterResetHint,
    ...custom,
  };
}

type Sample = readonly [unixMs: number, bits: string | NativeHistogram];

const bitsOf = (value: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes.readBigUInt64LE().toString(16);
};

function chunkValues(reader: Reader, kind: number, count: number): string[] {
  if (kind === 0) {
    const value = reader.bits();
    return reader.times(count, () => value);
  }
  if (kind === 1) {
    const power = 10 ** reader.byte();
    const values = reader.sums(count, () => reader.zigzag()).map((m) => bitsOf(m / power));
    let position = 0;
    reader.times(reader.varint(), () => {
      position += reader.varint();
      values[position] = reader.bits();
    });
    return values;
  }
  if (kind === 3) {
    const power = 10 ** reader.byte();
    let position = 0;
    const exceptions = reader.times(reader.varint(), (): [number, string] => [
      (position += reader.varint()),
      reader.bits(),
    ]);
    const marks = reader.times(Math.floor((count - 1) / 256), () => ({
      bytes: reader.varint(),
      rise: reader.zigzag(),
    }));
    let end = reader.at;
    let sum = 0;
    const values = reader.times(count, (i) => {
      if (i > 0 && i % 256 === 0) {
        const { bytes = 0, rise = 0 } = marks[i / 256 - 1] ?? {};
        expect([reader.at - end, sum]).toEqual([bytes, rise]);
        end = reader.at;
        sum = 0;
      }
      const difference = reader.zigzag();
      sum += difference;
      return difference;
    });
    let mantissa = 0;
    const shown = values.map((difference) => bitsOf((mantissa += difference) / power));
    for (const [place, bits] of exceptions) shown[place] = bits;
    return shown;
  }
  let before = 0n;
  return reader.times(count, () => {
    const control = reader.byte();
    for (let place = 7 - (control >> 4); place >= (control & 15); place--) {
      before ^= BigInt(reader.byte()) << BigInt(place * 8);
    }
    return before.toString(16);
  });
}

function gridTimes(reader: Reader, first: number, count: number, inTail: boolean): number[] {
  const step = reader.varint();
  const least = reader.zigzag();
  const bits = reader.byte();
  const skipped = new Map<number, number>();
  let position = 0;
  reader.times(reader.varint(), () => {
    position += reader.varint();
    skipped.set(position, reader.varint());
  });
  const size = Math.ceil(((count - 1) * bits) / 8);
  const fromEnd = inTail ? reader.bytes.length - 1 - reader.varint() : 0;
  const packed = reader.times(size, (i) =>
    inTail ? reader.bytes.readUInt8(fromEnd - i) : reader.byte(),
  );
  let place = 0;
  return Array.from({ length: count - 1 }, (_, i) => {
    place += 1 + (skipped.get(i + 1) ?? 0);
    let deviation = 0;
    for (let bit = 0; bit < bits; bit++) {
      const at = i * bits + bit;
      deviation |= (((packed[at >> 3] ?? 0) >> (at & 7)) & 1) << bit;
    }
    return first + place * step + least + deviation;
  });
}

function chunk(reader: Reader): { kind: number; samples: Sample[] } {
  const count = reader.varint();
  const flags = reader.byte();
  const times = [reader.zigzag()];
  if ((flags & 16) !== 0) {
    times.push(...gridTimes(reader, times[0] ?? 0, count, (flags & 32) !== 0));
  } else {
    let step = count > 1 ? reader.varint() : 0;
    for (let i = 1; i < count; i++) {
      if (i > 1 && (flags & 4) === 0) step += reader.zigzag();
      times.push((times.at(-1) ?? 0) + step);
    }
  }
  const values: (string | NativeHistogram)[] = chunkValues(reader, flags & 3, count);
  let position = 0;
  reader.times((flags & 8) === 0 ? 0 : reader.varint(), () => {
    position += reader.varint();
    expect(values[position]).toBe('7ff8000000000000');
    values[position] = histogram(reader);
  });
  return { kind: flags & 3, samples: times.map((time, i) => [time, values[i] ?? ''] as const) };
}

function envelope(bytes: Buffer): Buffer {
  const compressed = bytes.subarray(12, 12 + bytes.readUInt32LE(0));
  expect(compressed.length + 12).toBe(bytes.length);
  expect(bytes.readUInt32LE(8)).toBe(checksum(bytes.subarray(0, 8), compressed));
  const length = bytes.readUInt32LE(4);
  const hasTail = length >= 0x80000000;
  const end = hasTail ? 4 + compressed.readUInt32LE(0) : compressed.length;
  const raw = zstdDecompressSync(compressed.subarray(hasTail ? 4 : 0, end));
  expect(raw.length + compressed.length - end).toBe(hasTail ? length - 0x80000000 : length);
  return Buffer.concat([raw, compressed.subarray(end)]);
}

function decodeBlock(file: Buffer): {
  footer: Record<string, number>;
  series: Record<string, { kinds: number[]; samples: Sample[]; newest: string }>;
} {
  expect(file.toString('latin1', 0, 8)).toBe('DWCPMBLK');
  expect(file.readUInt32LE(8)).toBe(4);
  expect(file.readUInt32LE(12)).toBe(checksum(file.subarray(0, 12)));
  const footer = file.subarray(-96);
  expect(footer.toString('latin1', 92)).toBe('MBLK');
  expect(footer.readUInt32LE(88)).toBe(checksum(footer.subarray(0, 88)));
  expect(footer.subarray(72, 88).every((byte) => byte === 0)).toBe(true);
  const indexAt = Number(footer.readBigUInt64LE(0));
  const index = new Reader(envelope(file.subarray(indexAt, indexAt + footer.readUInt32LE(8))));
  let position = 16;
  const groups = index.times(index.varint(), () => {
    const start = position;
    position += index.varint();
    return envelope(file.subarray(start, position));
  });
  expect(position).toBe(indexAt);
  const strings = index.times(index.varint(), index.string);
  const series = index.times(index.varint(), () => {
    const labels = index.times(index.varint() * 2, () => strings[index.varint()] ?? '');
    const isHistogram = index.byte();
    const newest = index.bits();
    let last = 0;
    let group = 0;
    const chunks = index.times(index.varint(), () => {
      const first = last + index.zigzag();
      last = first + index.varint();
      const count = index.varint();
      group += index.varint();
      const found = chunk(new Reader(groups[group] ?? Buffer.alloc(0), index.varint()));
      expect(found.samples).toHaveLength(count);
      expect(found.samples[0]?.[0]).toBe(first);
      expect(found.samples.at(-1)?.[0]).toBe(last);
      return found;
    });
    return [
      labels.join(' '),
      {
        kinds: chunks.map(({ kind }) => kind),
        samples: chunks.flatMap(({ samples }) => samples),
        newest: isHistogram === 1 ? 'histogram' : newest,
      },
    ] as const;
  });
  return {
    footer: {
      level: footer.readUInt32LE(12),
      firstSequence: footer.readUInt32LE(16),
      lastSequence: footer.readUInt32LE(20),
      walFrom: footer.readUInt32LE(24),
      oldest: footer.readDoubleLE(32),
      newest: footer.readDoubleLE(40),
      samples: footer.readDoubleLE(48),
      deletedThrough: footer.readUInt32LE(28),
      sealed: footer.readDoubleLE(56),
      resolutionMs: footer.readUInt32LE(64),
      series: footer.readUInt32LE(68),
    },
    series: Object.fromEntries(series),
  };
}

function decodeLog(file: Buffer): { samples: Record<string, Sample[]>; metadata: string[][] } {
  const samples: Record<string, Sample[]> = {};
  const metadata: string[][] = [];
  const labels = new Map<number, string>();
  for (let at = 36; at < file.length; at += 8 + file.readUInt32LE(at)) {
    const reader = new Reader(file.subarray(at + 8, at + 8 + file.readUInt32LE(at)));
    if (reader.byte() === 2) {
      metadata.push(...reader.times(reader.varint(), () => reader.times(4, reader.string)));
      continue;
    }
    reader.times(reader.varint(), () => {
      const id = reader.varint();
      labels.set(id, reader.times(reader.varint() * 2, reader.string).join(' '));
    });
    const count = reader.varint();
    const ids = reader.sums(count, () => reader.zigzag());
    const times = reader.sums(count, () => reader.zigzag());
    const values: (string | NativeHistogram)[] = reader.times(count, reader.bits);
    let row = 0;
    reader.times(reader.varint(), () => {
      row += reader.varint();
      const length = reader.varint();
      values[row] = histogram(new Reader(reader.bytes, reader.at));
      reader.at += length;
    });
    ids.forEach((id, i) => {
      (samples[labels.get(id) ?? '?'] ??= []).push([times[i] ?? 0, values[i] ?? '']);
    });
    expect(reader.at).toBe(reader.bytes.length);
  }
  return { samples, metadata };
}

const native: NativeHistogram = {
  schema: -53,
  count: 3,
  sum: 1.5,
  zeroThreshold: 0.001,
  zeroCount: 0,
  positiveSpans: [{ offset: -1, length: 2 }],
  positiveBuckets: [2, 1],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [0.5, 1],
  counterResetHint: 'gauge',
};

/** A store with each kind of chunk in it, and what was put in. */
async function written(): Promise<{ dir: string; expected: Record<string, Sample[]> }> {
  const dir = temporaryDirectory();
  const builder = new SampleBatchBuilder();
  const expected: Record<string, Sample[]> = {};
  const add = (name: string, values: readonly (number | 'stale' | NativeHistogram)[]): void => {
    const labels = Labels.from({ __name__: name, ü: 'x' });
    values.forEach((value, i) => {
      const unixMs = NOW - 7_200_000 + i * 1_000 + (i % 3 === 2 && name === 'jitter' ? 2 : 0);
      const samples = (expected[`__name__ ${name} ü x`] ??= []);
      if (value === 'stale') {
        builder.addStale(labels, unixMs);
        samples.push([unixMs, '7ff0000000000002']);
      } else if (typeof value === 'number') {
        builder.add(labels, unixMs, value);
        samples.push([unixMs, bitsOf(value)]);
      } else {
        builder.addHistogram(labels, unixMs, value);
        samples.push([unixMs, value]);
      }
    });
  };
  const steps = Array.from({ length: 300 }, (_, i) => i);
  add('constant', [5, 5, 5]);
  add('decimal', [
    ...steps.map((i) => i * 0.25 - 3),
    'stale',
    -0,
    Number.NEGATIVE_INFINITY,
    1e9 / 8,
  ]);
  add('short', [...steps.slice(200), 'stale', 7, -0]);
  add(
    'xor',
    steps.map((i) => Math.sqrt(i)),
  );
  add(
    'jitter',
    steps.map((i) => i % 2),
  );
  add(
    'long',
    Array.from({ length: 5_000 }, (_, i) => i),
  );
  add('histogram', [1, native, { ...native, count: 0.5, customValues: [] }]);
  const store = await openStore(dir);
  store.putMetadata([{ name: 'decimal', type: 'gauge', help: 'Hülp.', unit: 'seconds' }]);
  await store.append(builder.build());
  await store.close();
  return { dir, expected };
}

test('a decoder written from the page reads the log', async () => {
  const { dir, expected } = await written();
  const { samples, metadata } = decodeLog(readFileSync(join(dir, 'wal', '00000001.wal')));
  expect(samples).toEqual(expected);
  expect(metadata).toEqual([['decimal', 'gauge', 'Hülp.', 'seconds']]);
});

test('a decoder written from the page reads a block and the manifest', async () => {
  const { dir, expected } = await written();
  const store = await openStore(dir);
  await store.seal();
  await store.close();

  const path = join(dir, 'blocks', '00000001-00000001.block');
  const { footer, series } = decodeBlock(readFileSync(path));
  const samples = Object.fromEntries(
    Object.entries(series).map(([key, one]) => [key, one.samples]),
  );
  expect(samples).toEqual(expected);
  const kinds = Object.entries(series).map(([key, one]) => [key.split(' ')[1], one.kinds]);
  expect(Object.fromEntries(kinds)).toEqual({
    constant: [0],
    decimal: [3],
    short: [1],
    xor: [2],
    jitter: [3],
    long: [3, 3, 3],
    histogram: [2],
  });
  expect(series['__name__ constant ü x']?.newest).toBe(bitsOf(5));
  expect(series['__name__ histogram ü x']?.newest).toBe('histogram');
  expect(footer).toEqual({
    level: 0,
    firstSequence: 1,
    lastSequence: 1,
    walFrom: 3,
    oldest: NOW - 7_200_000,
    newest: NOW - 7_200_000 + 4_999_000,
    samples: Object.values(expected).flat().length,
    deletedThrough: 0,
    sealed: footer['sealed'],
    resolutionMs: 0,
    series: Object.keys(expected).length,
  });

  const manifest = readFileSync(join(dir, 'blocks', 'manifest'));
  const end = manifest.indexOf('\n');
  const title = `dwcp metric store manifest 2 ${checksum(manifest.subarray(end + 1))
    .toString(16)
    .padStart(8, '0')}`;
  expect(manifest.toString('latin1', 0, end)).toBe(title);
  expect(JSON.parse(manifest.toString('utf8', end))).toEqual({
    walFrom: 3,
    nextSequence: 2,
    blocks: [
      {
        name: '00000001-00000001.block',
        sizeBytes: statSync(path).size,
        minUnixMs: NOW - 7_200_000,
        maxUnixMs: NOW - 7_200_000 + 4_999_000,
        sampleCount: Object.values(expected).flat().length,
        level: 0,
        sealedUnixMs: footer['sealed'],
        deletedThrough: 0,
      },
    ],
    metadata: [{ name: 'decimal', type: 'gauge', help: 'Hülp.', unit: 'seconds' }],
  });
});
