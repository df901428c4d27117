import { BackendError, CorruptionError, Labels } from '@dwcp/core';
import { crc32c } from '@dwcp/segments';

import { ByteReader, ByteWriter } from './bytes.ts';

// The file format is described byte by byte in docs/formats/metric-block.md.

export const HEADER_BYTES = 16;
export const ENVELOPE_BYTES = 12;
const MAGIC = 'DWCPMBLK';
const FOOTER_MAGIC = 'MBLK';
/** 1 had a shorter footer, 2 no stored tails, 3 no marks; all are read, the last one is written. */
export const BLOCK_VERSION = 4;
export type BlockVersion = keyof typeof FOOTER_BYTES;
/** Of the footer, by version. */
export const FOOTER_BYTES = { 1: 64, 2: 96, 3: 96, 4: 96 } as const;
/** Flag in the raw length of an envelope: what follows the compressed bytes is stored as it is. */
export const STORED_TAIL = 0x80000000;

/** What a block says about itself in its last bytes. */
export interface BlockFooter {
  readonly indexOffset: number;
  readonly indexBytes: number;
  /** The sealed heads it is made of, by number. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Log segments below this number are in this block or in earlier ones. */
  readonly walFrom: number;
  /** How often its samples were merged. */
  readonly level: number;
  readonly minUnixMs: number;
  readonly maxUnixMs: number;
  readonly sampleCount: number;
  /** When the head was sealed, by the wall clock; of a merged block the latest of its sources. */
  readonly sealedUnixMs: number;
  /**
   * Deletions up to this number do not concern the block: its samples came later, or what was
   * deleted is not in it.
   */
  readonly deletedThrough: number;
  /** 0 for samples as they came; else one sample stands for this much time, see downsample.ts. */
  readonly resolutionMs: number;
  readonly seriesCount: number;
}

/** Where a series' samples of a stretch of time are: a chunk inside a group. */
export interface ChunkRow {
  readonly minUnixMs: number;
  readonly maxUnixMs: number;
  readonly count: number;
  readonly group: number;
  /** Inside the group's raw bytes. */
  readonly offset: number;
}

export interface BlockSeries {
  readonly labels: Labels;
  /** The last sample's value, or the digest of its histogram. */
  readonly lastLow: number;
  readonly lastHigh: number;
  readonly lastIsHistogram: boolean;
  /** Oldest first; at least one. */
  readonly chunks: readonly ChunkRow[];
}

/** A compressed run of chunks in the file. */
export interface GroupPlace {
  readonly position: number;
  /** With its envelope. */
  readonly sizeBytes: number;
}

export interface BlockIndex {
  readonly groups: readonly GroupPlace[];
  /** Decoded one by one as it is iterated, once. */
  readonly series: Iterable<BlockSeries>;
}

/** What a file name tells of a block. */
export interface BlockName {
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** How often it was written anew from the same heads. */
  readonly revision: number;
  readonly resolutionMs: number;
}

/** A name is never used twice for different content, so that files can be linked and copied. */
export function blockName(block: BlockName): string {
  const { firstSequence, lastSequence, revision, resolutionMs } = block;
  const [first, last] = [firstSequence, lastSequence].map((n) => String(n).padStart(8, '0'));
  const resolution = resolutionMs === 0 ? '' : `.${resolutionMs / 1_000}s`;
  return `${first}-${last}${resolution}${revision === 0 ? '' : `.r${revision}`}.block`;
}

/** Undefined for what is no block's name. */
export function parseBlockName(name: string): BlockName | undefined {
  const match = /^(\d{8,10})-(\d{8,10})(?:\.(\d{1,6})s)?(?:\.r(\d{1,9}))?\.block$/.exec(name);
  if (match === null) return undefined;
  const [, first, last, seconds, revision] = match.map((text: string | undefined) =>
    Number(text ?? 0),
  );
  return {
    firstSequence: first ?? 0,
    lastSequence: last ?? 0,
    revision: revision ?? 0,
    resolutionMs: (seconds ?? 0) * 1_000,
  };
}

export function isBlockName(name: string): boolean {
  return parseBlockName(name) !== undefined;
}

export function encodeHeader(version: BlockVersion = BLOCK_VERSION): Uint8Array {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write(MAGIC, 'latin1');
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, 12)), 12);
  return bytes;
}

/**
 * @returns the version of the format
 * @throws CorruptionError; BackendError for a later format version
 */
export function checkHeader(path: string, bytes: Uint8Array): BlockVersion {
  const buffer = Buffer.from(bytes);
  if (
    buffer.length < HEADER_BYTES ||
    buffer.toString('latin1', 0, 8) !== MAGIC ||
    buffer.readUInt32LE(12) !== crc32c(buffer.subarray(0, 12))
  ) {
    throw new CorruptionError(path, 0, 'the block header is damaged');
  }
  const version = buffer.readUInt32LE(8);
  if (!isKnown(version)) throw laterVersion(path);
  return version;
}

function isKnown(version: number): version is BlockVersion {
  return version in FOOTER_BYTES;
}

/** What a newer program wrote is neither damaged nor ours to move. */
export function laterVersion(path: string): BackendError {
  return new BackendError(
    'metric store',
    `${path} has a version this program does not know; start the newer version that wrote it`,
    { retryable: false },
  );
}

export function encodeFooter(footer: BlockFooter, version: BlockVersion = BLOCK_VERSION): Buffer {
  const bytes = Buffer.alloc(FOOTER_BYTES[version]);
  bytes.writeBigUInt64LE(BigInt(footer.indexOffset), 0);
  bytes.writeUInt32LE(footer.indexBytes, 8);
  bytes.writeUInt32LE(footer.level, 12);
  bytes.writeUInt32LE(footer.firstSequence, 16);
  bytes.writeUInt32LE(footer.lastSequence, 20);
  bytes.writeUInt32LE(footer.walFrom, 24);
  bytes.writeDoubleLE(footer.minUnixMs, 32);
  bytes.writeDoubleLE(footer.maxUnixMs, 40);
  bytes.writeDoubleLE(footer.sampleCount, 48);
  if (version !== 1) {
    bytes.writeUInt32LE(footer.deletedThrough, 28);
    bytes.writeDoubleLE(footer.sealedUnixMs, 56);
    bytes.writeUInt32LE(footer.resolutionMs, 64);
    bytes.writeUInt32LE(footer.seriesCount, 68);
  }
  const end = bytes.length - 8;
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, end)), end);
  bytes.write(FOOTER_MAGIC, end + 4, 'latin1');
  return bytes;
}

/**
 * @param offset where the footer stands in the file
 * @throws CorruptionError
 */
export function decodeFooter(
  path: string,
  offset: number,
  bytes: Uint8Array,
  version: BlockVersion,
): BlockFooter {
  const buffer = Buffer.from(bytes);
  const end = FOOTER_BYTES[version] - 8;
  if (
    buffer.length !== FOOTER_BYTES[version] ||
    buffer.toString('latin1', end + 4) !== FOOTER_MAGIC ||
    buffer.readUInt32LE(end) !== crc32c(buffer.subarray(0, end))
  ) {
    throw new CorruptionError(path, offset, 'the block footer is damaged or cut off');
  }
  const maxUnixMs = buffer.readDoubleLE(40);
  return {
    indexOffset: Number(buffer.readBigUInt64LE(0)),
    indexBytes: buffer.readUInt32LE(8),
    level: buffer.readUInt32LE(12),
    firstSequence: buffer.readUInt32LE(16),
    lastSequence: buffer.readUInt32LE(20),
    walFrom: buffer.readUInt32LE(24),
    deletedThrough: buffer.readUInt32LE(28),
    minUnixMs: buffer.readDoubleLE(32),
    maxUnixMs,
    sampleCount: buffer.readDoubleLE(48),
    // Version 1 took only what was about as new as its arrival.
    sealedUnixMs: version === 1 ? maxUnixMs : buffer.readDoubleLE(56),
    resolutionMs: version === 1 ? 0 : buffer.readUInt32LE(64),
    seriesCount: version === 1 ? 0 : buffer.readUInt32LE(68),
  };
}

/** What stands before compressed bytes. */
export function encodeEnvelope(
  parts: readonly Uint8Array[],
  rawLength: number,
  flags: 0 | typeof STORED_TAIL = 0,
): Uint8Array {
  const bytes = Buffer.allocUnsafe(ENVELOPE_BYTES);
  bytes.writeUInt32LE(lengthOf(parts), 0);
  bytes.writeUInt32LE(rawLength + flags, 4);
  let checksum = crc32c(bytes.subarray(0, 8));
  for (const part of parts) checksum = crc32c(part, checksum);
  bytes.writeUInt32LE(checksum, 8);
  return bytes;
}

/** Bytes of all parts together. */
export function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** What is in an envelope. */
export interface Unwrapped {
  /** Compressed bytes; with a tail u32 their length, they, and the tail. */
  readonly content: Buffer;
  readonly rawLength: number;
  readonly hasTail: boolean;
}

/** @throws CorruptionError when the envelope or its content is damaged */
export function unwrap(path: string, offset: number, bytes: Uint8Array): Unwrapped {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    buffer.length <= ENVELOPE_BYTES ||
    buffer.readUInt32LE(0) !== buffer.length - ENVELOPE_BYTES ||
    buffer.readUInt32LE(8) !== envelopeChecksum(buffer)
  ) {
    throw new CorruptionError(path, offset, `${bytes.length} bytes do not match their checksum`);
  }
  const length = buffer.readUInt32LE(4);
  const hasTail = length >= STORED_TAIL;
  const rawLength = hasTail ? length - STORED_TAIL : length;
  return { content: buffer.subarray(ENVELOPE_BYTES), rawLength, hasTail };
}

function envelopeChecksum(bytes: Uint8Array): number {
  return crc32c(bytes.subarray(ENVELOPE_BYTES), crc32c(bytes.subarray(0, 8)));
}

/** Series are encoded between yields, since there may be very many; see BlockWriter. */
export class IndexEncoder {
  readonly #numbers = new Map<string, number>();
  readonly #strings = new Pieces();
  readonly #series = new Pieces();
  #count = 0;

  add({ labels, lastLow, lastHigh, lastIsHistogram, chunks }: BlockSeries): void {
    const { writer } = this.#series;
    this.#count++;
    writer.varint(labels.size);
    for (const text of labels.flat) {
      let number = this.#numbers.get(text);
      if (number === undefined) {
        this.#numbers.set(text, (number = this.#numbers.size));
        this.#strings.writer.string(text);
        this.#strings.cut();
      }
      writer.varint(number);
    }
    writer.byte(lastIsHistogram ? 1 : 0);
    writer.words(lastLow, lastHigh);
    writer.varint(chunks.length);
    let unixMs = 0;
    let group = 0;
    for (const chunk of chunks) {
      writer.zigzag(chunk.minUnixMs - unixMs);
      writer.varint(chunk.maxUnixMs - chunk.minUnixMs);
      writer.varint(chunk.count);
      writer.varint(chunk.group - group);
      writer.varint(chunk.offset);
      unixMs = chunk.maxUnixMs;
      group = chunk.group;
    }
    this.#series.cut();
  }

  /** The index, to be put together. */
  finish(groups: readonly GroupPlace[]): readonly Uint8Array[] {
    const head = new ByteWriter(16 * 1024);
    head.varint(groups.length);
    for (const { sizeBytes } of groups) head.varint(sizeBytes);
    head.varint(this.#numbers.size);
    const between = new ByteWriter(16);
    between.varint(this.#count);
    return [head.copy(), ...this.#strings.finish(), between.copy(), ...this.#series.finish()];
  }
}

const PIECE_BYTES = 256 * 1024;

/** Bytes in pieces: one long buffer would be copied as a whole each time it grows. */
class Pieces {
  readonly writer = new ByteWriter(16 * 1024);
  readonly #pieces: Uint8Array[] = [];

  /** To be called between two values. */
  cut(): void {
    if (this.writer.length < PIECE_BYTES) return;
    this.#pieces.push(this.writer.copy());
    this.writer.clear();
  }

  finish(): readonly Uint8Array[] {
    return [...this.#pieces, this.writer.copy()];
  }
}

/** Groups stand one behind the other after the header, so their sizes give their places. */
export function decodeIndex(bytes: Uint8Array): BlockIndex {
  const reader = new ByteReader(bytes);
  let position = HEADER_BYTES;
  const groups = Array.from({ length: reader.varint() }, () => {
    const place = { position, sizeBytes: reader.varint() };
    position += place.sizeBytes;
    return place;
  });
  const strings = Array.from({ length: reader.varint() }, () => reader.string());
  return { groups, series: decodeSeries(reader, strings) };
}

function* decodeSeries(reader: ByteReader, strings: readonly string[]): Iterable<BlockSeries> {
  for (let left = reader.varint(); left > 0; left--) {
    const flat = Array.from({ length: reader.varint() * 2 }, () => strings[reader.varint()] ?? '');
    const lastIsHistogram = reader.byte() === 1;
    const lastLow = reader.uint32();
    const lastHigh = reader.uint32();
    let unixMs = 0;
    let group = 0;
    const chunks = Array.from({ length: reader.varint() }, () => {
      const minUnixMs = unixMs + reader.zigzag();
      unixMs = minUnixMs + reader.varint();
      const count = reader.varint();
      group += reader.varint();
      return { minUnixMs, maxUnixMs: unixMs, count, group, offset: reader.varint() };
    });
    yield { labels: Labels.fromSortedFlat(flat), lastLow, lastHigh, lastIsHistogram, chunks };
  }
}
