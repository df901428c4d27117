import { CorruptionError } from '@dwcp/core';

import { type FileSystem, type OpenFile } from './file-system.ts';
import { isRecordIntact, RECORD_HEADER_BYTES, recordLength } from './segment-format.ts';

/** A place between two records; the offset 0 is that of a segment's first one too. */
export interface WalPlace {
  readonly segment: number;
  /** Bytes into the segment's file. */
  readonly offset: number;
}

/** Records of one segment, and the offset behind them. */
export interface WalPart {
  readonly records: readonly Uint8Array[];
  readonly offset: number;
}

/**
 * Reads whole records of a segment, at least one where there is one.
 * @param part `size` is how far the segment is known to be written, `headerBytes` where its first
 *   record is
 * @throws CorruptionError when what is stored there is no record
 */
export async function readSegmentPart(
  fileSystem: FileSystem,
  part: {
    readonly path: string;
    readonly headerBytes: number;
    readonly size: number;
    readonly offset: number;
    readonly maxBytes: number;
  },
): Promise<WalPart> {
  const { path, size, maxBytes } = part;
  const start = Math.max(part.offset, part.headerBytes);
  if (start >= size) return { records: [], offset: start };
  const file = await fileSystem.open(path, 'read');
  try {
    let bytes = await readRange(file, start, Math.min(size, start + maxBytes));
    const first = RECORD_HEADER_BYTES + Math.max(0, recordLength(bytes, 0));
    // A record may be longer than what was asked for.
    if (first > bytes.length) bytes = await readRange(file, start, Math.min(size, start + first));
    return recordsOf(bytes, { path, start });
  } finally {
    await file.close();
  }
}

function recordsOf(
  bytes: Uint8Array,
  { path, start }: { readonly path: string; readonly start: number },
): WalPart {
  const records: Uint8Array[] = [];
  let at = 0;
  while (at + RECORD_HEADER_BYTES <= bytes.length) {
    const length = recordLength(bytes, at);
    if (length > 0 && at + RECORD_HEADER_BYTES + length > bytes.length && at > 0) break;
    const isWhole = length > 0 && at + RECORD_HEADER_BYTES + length <= bytes.length;
    if (!isWhole || !isRecordIntact(bytes, at, length)) {
      if (records.length > 0) break;
      throw new CorruptionError(path, start + at, 'there is no intact record');
    }
    const from = at + RECORD_HEADER_BYTES;
    records.push(bytes.subarray(from, from + length));
    at = from + length;
  }
  return { records, offset: start + at };
}

async function readRange(file: OpenFile, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  return bytes.subarray(0, await file.read(bytes, start));
}
