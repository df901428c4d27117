import { join } from 'node:path';

import { CorruptionError, type Log } from '@dwcp/core';

import { isTemporaryFile } from './atomic-file.ts';
import { type FileSystem } from './file-system.ts';
import {
  type HeaderVerdict,
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentLink,
  segmentName,
  segmentNumber,
} from './segment-format.ts';
import { damagedName, recoverSegment } from './segment-recovery.ts';

/** What opening found. */
export interface WalRecovery {
  readonly segmentCount: number;
  readonly recordCount: number;
  readonly sizeBytes: number;
  /** Cut off the end: a write that was never acknowledged. */
  readonly tornBytes: number;
  /** Places where stored bytes were damaged; the records in them are lost. */
  readonly gaps: readonly CorruptionError[];
  readonly lostBytes: number;
}

/** A segment that can be read. */
export interface StoredSegment {
  /** Up to where it may be read. */
  readonly sizeBytes: number;
  readonly headerBytes: number;
}

export interface RecoveredLog {
  readonly recovery: WalRecovery;
  readonly segments: Map<number, StoredSegment>;
  /** The number of the next segment. */
  readonly next: number;
}

interface LogSource {
  readonly dir: string;
  readonly fileSystem: FileSystem;
  readonly firstSegment: number;
  readonly onRecord: (payload: Uint8Array, segment: number) => void;
  readonly log: Log;
}

interface Found {
  readonly sizeBytes: number;
  readonly header: HeaderVerdict;
}

/**
 * Replays the segments from the first wanted one on. Each segment tells which one was before it and
 * how long, so one that is gone, or ends too early, is a gap like any other damage.
 * @throws BackendError for a segment of a later format version
 */
export async function recoverLog(source: LogSource): Promise<RecoveredLog> {
  const { dir, fileSystem, firstSegment, onRecord, log } = source;
  const found = await findSegments(source);
  const links = [...found.values()].flatMap(({ header }) =>
    header.kind === 'good' && header.previous !== undefined ? [header.previous] : [],
  );
  const segments = new Map<number, StoredSegment>();
  const gaps: CorruptionError[] = [];
  const total = { recordCount: 0, sizeBytes: 0, tornBytes: 0, lostBytes: 0 };
  for (const link of links.filter(({ number }) => number >= firstSegment && !found.has(number))) {
    const gap = await noteMissing(source, link);
    if (gap === undefined) continue;
    gaps.push(gap);
    total.lostBytes += link.sizeBytes;
  }
  const last = Math.max(0, ...found.keys());
  for (const [number, { sizeBytes, header }] of found) {
    if (number < firstSegment) {
      const headerBytes = header.kind === 'good' ? header.headerBytes : SEGMENT_HEADER_BYTES;
      if (sizeBytes > headerBytes) segments.set(number, { sizeBytes, headerBytes });
      else await fileSystem.remove(join(dir, segmentName(number)));
      continue;
    }
    const report = await recoverSegment({
      fileSystem,
      path: join(dir, segmentName(number)),
      number,
      header,
      isLast: number === last,
      wantedBytes: links.find((link) => link.number === number)?.sizeBytes ?? 0,
      onRecord: (payload) => onRecord(payload, number),
      log,
    });
    if (report.sizeBytes > 0) segments.set(number, report);
    gaps.push(...report.gaps);
    total.recordCount += report.recordCount;
    total.sizeBytes += report.sizeBytes;
    total.tornBytes += report.tornBytes;
    total.lostBytes += report.lostBytes;
  }
  const segmentCount = [...segments.keys()].filter((number) => number >= firstSegment).length;
  // Never a number that was used or promised before: a reader skips what is below its mark.
  const next = Math.max(firstSegment, last + 1);
  return { recovery: { segmentCount, gaps, ...total }, segments, next };
}

/** By number, ascending. */
async function findSegments({ dir, fileSystem }: LogSource): Promise<ReadonlyMap<number, Found>> {
  const found: (readonly [number, Found])[] = [];
  for (const name of await fileSystem.list(dir)) {
    const number = segmentNumber(name);
    if (isTemporaryFile(name)) await fileSystem.remove(join(dir, name));
    else if (number !== undefined) {
      found.push([number, await inspect(fileSystem, join(dir, name), number)]);
    }
  }
  return new Map(found.sort(([a], [b]) => a - b));
}

async function inspect(fileSystem: FileSystem, path: string, number: number): Promise<Found> {
  const file = await fileSystem.open(path, 'read');
  try {
    const sizeBytes = await file.size();
    const bytes = new Uint8Array(Math.min(sizeBytes, SEGMENT_HEADER_BYTES));
    const read = await file.read(bytes, 0);
    return { sizeBytes, header: readSegmentHeader(bytes.subarray(0, read), number) };
  } finally {
    await file.close();
  }
}

/**
 * A segment that the next one knows, and that is not there; undefined when that was told before. A
 * file beside its place remembers it, as with every damage.
 */
async function noteMissing(
  { dir, fileSystem, log }: LogSource,
  { number, sizeBytes }: SegmentLink,
): Promise<CorruptionError | undefined> {
  const name = segmentName(number);
  if ((await fileSystem.list(dir)).includes(damagedName(name))) return undefined;
  const path = join(dir, name);
  const err = new CorruptionError(path, 0, `the segment is missing; it had ${sizeBytes} bytes`);
  log.error({ err, path, lostBytes: sizeBytes }, 'a segment of the write-ahead log is missing');
  try {
    const file = await fileSystem.open(damagedName(path), 'create');
    await file.close();
  } catch (cause) {
    log.warn({ err: cause, path }, 'could not note that a log segment is missing');
  }
  return err;
}
