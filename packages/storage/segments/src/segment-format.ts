import { crc32c } from './crc32c.ts';

// The file format is described byte by byte in docs/formats/wal.md.

export const SEGMENT_HEADER_BYTES = 36;
export const RECORD_HEADER_BYTES = 8;
/** A longer record is refused when written and taken for damage when read. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;

const MAGIC = new TextEncoder().encode('DWCPWAL\n');
const VERSION = 2;
/** The part that all versions begin with, and all that version 1 has. */
const FIXED_BYTES = 20;

export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.wal`;
}

/** The number in a segment's name; undefined for other files. */
export function segmentNumber(name: string): number | undefined {
  const match = /^(\d{8,15})\.wal$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** A segment as the next one knows it, so that none goes missing or becomes shorter unnoticed. */
export interface SegmentLink {
  readonly number: number;
  /** Of the whole file, as it was when the next segment began. */
  readonly sizeBytes: number;
}

export interface SegmentHeader {
  readonly number: number;
  /** The segment before; undefined when there was none. */
  readonly previous: SegmentLink | undefined;
  /** Damaged bytes that were left out when the segment was written anew. */
  readonly removedBytes: number;
}

export function writeSegmentHeader(
  target: Uint8Array,
  { number, previous, removedBytes }: SegmentHeader,
): void {
  const view = new DataView(target.buffer, target.byteOffset, SEGMENT_HEADER_BYTES);
  target.set(MAGIC);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, number, true);
  view.setUint32(16, crc32c(target.subarray(0, 16)), true);
  view.setUint32(20, previous?.number ?? 0, true);
  view.setUint32(24, previous?.sizeBytes ?? 0, true);
  view.setUint32(28, removedBytes, true);
  view.setUint32(32, crc32c(target.subarray(FIXED_BYTES, 32)), true);
}

/** What a segment begins with: fine, written by a later version of the format, or damaged. */
export type HeaderVerdict =
  | ({ readonly kind: 'good'; readonly headerBytes: number } & SegmentHeader)
  | { readonly kind: 'unknown-version' }
  | { readonly kind: 'damaged'; readonly headerBytes: number };

export function readSegmentHeader(bytes: Uint8Array, number: number): HeaderVerdict {
  const damaged = { kind: 'damaged', headerBytes: SEGMENT_HEADER_BYTES } as const;
  if (bytes.length < FIXED_BYTES) return damaged;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(16, true) !== crc32c(bytes.subarray(0, 16))) return damaged;
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return damaged;
  const version = view.getUint32(8, true);
  if (version > VERSION) return { kind: 'unknown-version' };
  if (view.getUint32(12, true) !== number) return damaged;
  if (version === 1) {
    const headerBytes = FIXED_BYTES;
    return { kind: 'good', headerBytes, number, previous: undefined, removedBytes: 0 };
  }
  if (bytes.length < SEGMENT_HEADER_BYTES) return damaged;
  if (view.getUint32(32, true) !== crc32c(bytes.subarray(FIXED_BYTES, 32))) return damaged;
  const before = view.getUint32(20, true);
  return {
    kind: 'good',
    headerBytes: SEGMENT_HEADER_BYTES,
    number,
    previous: before === 0 ? undefined : { number: before, sizeBytes: view.getUint32(24, true) },
    removedBytes: view.getUint32(28, true),
  };
}

/** Writes a record at an offset; returns the offset after it. */
export function writeRecord(target: Uint8Array, offset: number, payload: Uint8Array): number {
  const view = new DataView(target.buffer, target.byteOffset + offset, RECORD_HEADER_BYTES);
  view.setUint32(0, payload.length, true);
  target.set(payload, offset + RECORD_HEADER_BYTES);
  view.setUint32(4, recordChecksum(target, offset, payload.length), true);
  return offset + RECORD_HEADER_BYTES + payload.length;
}

/** The length field of a record, or -1 when no record can start there with that many bytes. */
export function recordLength(bytes: Uint8Array, offset: number): number {
  const length =
    ((bytes[offset] ?? 0) |
      ((bytes[offset + 1] ?? 0) << 8) |
      ((bytes[offset + 2] ?? 0) << 16) |
      ((bytes[offset + 3] ?? 0) << 24)) >>>
    0;
  return length === 0 || length > MAX_RECORD_BYTES ? -1 : length;
}

/** Whether the record at the offset, which lies wholly inside `bytes`, is what was written. */
export function isRecordIntact(bytes: Uint8Array, offset: number, length: number): boolean {
  const stored =
    ((bytes[offset + 4] ?? 0) |
      ((bytes[offset + 5] ?? 0) << 8) |
      ((bytes[offset + 6] ?? 0) << 16) |
      ((bytes[offset + 7] ?? 0) << 24)) >>>
    0;
  return stored === recordChecksum(bytes, offset, length);
}

/** Over the length field and the payload, so that a run of zeros is no record. */
function recordChecksum(bytes: Uint8Array, offset: number, length: number): number {
  const start = offset + RECORD_HEADER_BYTES;
  return crc32c(bytes.subarray(start, start + length), crc32c(bytes.subarray(offset, offset + 4)));
}
