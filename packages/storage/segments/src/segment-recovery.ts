import { BackendError, CorruptionError, type Log } from '@dwcp/core';

import { writeFileAtomically } from './atomic-file.ts';
import { type FileSystem, type OpenFile } from './file-system.ts';
import {
  type HeaderVerdict,
  isRecordIntact,
  MAX_RECORD_BYTES,
  RECORD_HEADER_BYTES,
  recordLength,
  SEGMENT_HEADER_BYTES,
  writeSegmentHeader,
} from './segment-format.ts';

export interface SegmentSource {
  readonly fileSystem: FileSystem;
  readonly path: string;
  readonly number: number;
  readonly header: HeaderVerdict;
  /** Only the last segment may end in a write that a crash cut short. */
  readonly isLast: boolean;
  /** How long the next segment says that it was; 0 when nothing tells. */
  readonly wantedBytes: number;
  readonly onRecord: (payload: Uint8Array) => void;
  readonly log: Log;
}

export interface SegmentReport {
  /** Bytes of the file as it is left behind; 0 when it was removed. */
  readonly sizeBytes: number;
  /** Where its first record is. */
  readonly headerBytes: number;
  readonly recordCount: number;
  /** Cut from the end: the unfinished last write. */
  readonly tornBytes: number;
  /** One for each place where stored bytes could not be read. */
  readonly gaps: readonly CorruptionError[];
  readonly lostBytes: number;
}

/** A run of intact records, as offsets into the file. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/**
 * Replays one segment. An unfinished write at the end of the last segment is cut off. Damage
 * anywhere else is passed over to the next intact record; the segment is then rewritten with its
 * intact records, and the damaged original stays beside it as `*.damaged`.
 */
export async function recoverSegment(source: SegmentSource): Promise<SegmentReport> {
  const { fileSystem, path, header, isLast, wantedBytes, log } = source;
  if (header.kind === 'unknown-version') {
    throw new BackendError(
      'write-ahead log',
      `${path} has a version this program does not know; start the newer version that wrote it`,
      { retryable: false },
    );
  }
  let { headerBytes } = header;
  let removedBytes = header.kind === 'good' ? header.removedBytes : 0;
  const runs: Run[] = [];
  const gaps: CorruptionError[] = [];
  let recordCount = 0;
  let tornBytes = 0;
  let lostBytes = 0;
  let size = 0;
  const file = await fileSystem.open(path, 'modify');
  try {
    size = await file.size();
    const cutBytes = Math.max(0, wantedBytes - size - removedBytes);
    let position = Math.min(size, headerBytes);
    if (header.kind === 'damaged' && !(isLast && size < SEGMENT_HEADER_BYTES)) {
      gaps.push(new CorruptionError(path, 0, 'the segment header is damaged'));
    }
    while (position < size) {
      const run = await readRecords(file, { start: position, size }, source.onRecord);
      recordCount += run.recordCount;
      if (run.end > position) runs.push({ start: position, end: run.end });
      if (run.end === size) break;
      const rest = await readRange(file, run.end, size);
      const next = findRecord(rest);
      if (next === undefined && isLast && isUnfinished(rest)) {
        tornBytes = rest.length;
        break;
      }
      const lost = next ?? rest.length + cutBytes;
      lostBytes += lost;
      gaps.push(new CorruptionError(path, run.end, `${lost} bytes are no intact record`));
      position = run.end + lost;
    }
    if (cutBytes > 0 && position <= size) {
      lostBytes += cutBytes;
      gaps.push(new CorruptionError(path, size, `${cutBytes} bytes are missing at the end`));
    }
    removedBytes += lostBytes;
    if (tornBytes > 0) {
      await file.truncate(size - tornBytes);
      size -= tornBytes;
      log.warn({ path, tornBytes }, 'cut an unfinished write off the write-ahead log');
    }
  } finally {
    await file.close();
  }
  if (recordCount === 0 && gaps.length === 0) {
    await fileSystem.remove(path);
    size = 0;
  }
  for (const err of gaps) {
    log.error(
      { err, path, offset: err.offset },
      'the write-ahead log is damaged; going on after it',
    );
  }
  if (gaps.length > 0) {
    const salvaged = await salvage(source, { runs, removedBytes });
    if (salvaged !== undefined) {
      size = salvaged;
      headerBytes = SEGMENT_HEADER_BYTES;
    }
  }
  return { sizeBytes: size, headerBytes, recordCount, tornBytes, gaps, lostBytes };
}

/** Reads records until the end or until something that is none; returns where it stopped. */
async function readRecords(
  file: OpenFile,
  range: { readonly start: number; readonly size: number },
  onRecord: (payload: Uint8Array) => void,
): Promise<{ readonly end: number; readonly recordCount: number }> {
  let buffer = Buffer.allocUnsafe(READ_BYTES);
  let filePosition = range.start;
  let start = 0;
  let filled = 0;
  let recordCount = 0;
  for (;;) {
    // All whole records of the buffer, without a copy.
    let wanted = RECORD_HEADER_BYTES;
    while (filled - start >= RECORD_HEADER_BYTES) {
      const length = recordLength(buffer, start);
      wanted = RECORD_HEADER_BYTES + length;
      const offset = filePosition - (filled - start);
      if (length === -1 || offset + wanted > range.size) return { end: offset, recordCount };
      if (filled - start < wanted) break;
      if (!isRecordIntact(buffer, start, length)) return { end: offset, recordCount };
      onRecord(buffer.subarray(start + RECORD_HEADER_BYTES, start + wanted));
      recordCount++;
      start += wanted;
      wanted = RECORD_HEADER_BYTES;
    }
    const rest = filled - start;
    if (filePosition === range.size) return { end: filePosition - rest, recordCount };
    if (wanted > buffer.length) {
      const larger = Buffer.allocUnsafe(wanted);
      buffer.copy(larger, 0, start, filled);
      buffer = larger;
    } else {
      buffer.copyWithin(0, start, filled);
    }
    start = 0;
    const bytesRead = await file.read(
      buffer.subarray(rest, Math.min(buffer.length, rest + range.size - filePosition)),
      filePosition,
    );
    if (bytesRead === 0) return { end: filePosition - rest, recordCount };
    filled = rest + bytesRead;
    filePosition += bytesRead;
  }
}

const READ_BYTES = 1024 * 1024;

async function readRange(file: OpenFile, start: number, end: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(end - start);
  return bytes.subarray(0, await file.read(bytes, start));
}

/** Checksum work spent on looking for the next record, at most; about half a second. */
const SEARCH_BYTES = 512 * 1024 * 1024;

/** Offset of the first intact record after the start of the bytes. */
function findRecord(bytes: Uint8Array): number | undefined {
  let budget = SEARCH_BYTES;
  for (let offset = 1; offset + RECORD_HEADER_BYTES < bytes.length && budget > 0; offset++) {
    const length = recordLength(bytes, offset);
    const end = offset + RECORD_HEADER_BYTES + length;
    if (length === -1 || end > bytes.length) continue;
    budget -= length;
    if (isRecordIntact(bytes, offset, length)) return offset;
  }
  return undefined;
}

/** Whether bytes look like a write that stopped half way, or like blocks that were never filled. */
function isUnfinished(bytes: Uint8Array): boolean {
  if (bytes.length < RECORD_HEADER_BYTES) return true;
  const length = recordLength(bytes, 0);
  if (length !== -1) return RECORD_HEADER_BYTES + length > bytes.length;
  return bytes.every((byte) => byte === 0);
}

/** Where the damaged original of a segment stays. */
export function damagedName(path: string): string {
  return `${path}.damaged`;
}

interface Salvage {
  readonly runs: readonly Run[];
  /** What the new file lacks, to stand in its header. */
  readonly removedBytes: number;
}

/** Writes the intact records to a new file of the same name. Returns its size; undefined when it could not. */
async function salvage(
  source: SegmentSource,
  { runs, removedBytes }: Salvage,
): Promise<number | undefined> {
  const { fileSystem, path, number, log } = source;
  const previous = source.header.kind === 'good' ? source.header.previous : undefined;
  const aside = damagedName(path);
  try {
    // The link comes first, so that no crash leaves us with neither file.
    await fileSystem.link(path, aside).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
    if (runs.length === 0) {
      await fileSystem.remove(path);
      return 0;
    }
    const original = await fileSystem.open(path, 'read');
    let end = SEGMENT_HEADER_BYTES;
    try {
      await writeFileAtomically(fileSystem, path, async (file) => {
        const header = new Uint8Array(SEGMENT_HEADER_BYTES);
        writeSegmentHeader(header, { number, previous, removedBytes });
        await file.write(header, 0);
        for (const run of runs) {
          for (let at = run.start; at < run.end; at += MAX_RECORD_BYTES) {
            const part = await readRange(original, at, Math.min(run.end, at + MAX_RECORD_BYTES));
            await file.write(part, end);
            end += part.length;
          }
        }
      });
    } finally {
      await original.close();
    }
    return end;
  } catch (err) {
    // The records were read and are in memory; the next start will find the same damage again.
    log.warn({ err, path }, 'could not write a clean copy of a damaged log segment');
    return undefined;
  }
}
