import { join } from 'node:path';

import { BackendError, InvalidInputError, type Log, silentLog } from '@dwcp/core';

import { type FileSystem, nodeFileSystem, type OpenFile } from './file-system.ts';
import {
  type RecoveredLog,
  recoverLog,
  type StoredSegment,
  type WalRecovery,
} from './log-recovery.ts';
import {
  MAX_RECORD_BYTES,
  RECORD_HEADER_BYTES,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  type SegmentLink,
  segmentName,
  writeRecord,
  writeSegmentHeader,
} from './segment-format.ts';
import { readSegmentPart, type WalPart, type WalPlace } from './segment-reader.ts';

/**
 * What an acknowledged record survives: `os` the end of the process (`kill -9`), `disk` also a power
 * cut, at the price of one fdatasync per group of records.
 */
export type Durability = 'os' | 'disk';

export interface WriteAheadLogOptions {
  /** Made when missing. The log must be its only user; see DirectoryLock. */
  readonly dir: string;
  /**
   * Called while opening, once per stored record, oldest first. The payload is a view into a buffer
   * that is used again: copy what is kept.
   */
  readonly onRecord: (payload: Uint8Array, segment: number) => void;
  /**
   * Segments below this number are not replayed: what they hold is stored elsewhere. They stay until
   * `dropBefore`, for readers that are behind.
   */
  readonly firstSegment?: number;
  /** A new segment begins when the current one is this long. Default 64 MiB. */
  readonly segmentSizeBytes?: number;
  /** Default `os`. */
  readonly durability?: Durability;
  /** Records that wait for the disk, in bytes; above it appends are refused. Default 64 MiB. */
  readonly maxWaitingBytes?: number;
  readonly fileSystem?: FileSystem;
  readonly log?: Log;
}

export interface WalStats {
  readonly segmentCount: number;
  readonly sizeBytes: number;
  readonly waitingBytes: number;
  readonly appendedRecords: number;
  readonly appendedBytes: number;
  /** Groups of records that could not be written; their appends were rejected. */
  readonly failedWrites: number;
}

type Waiting =
  | {
      readonly kind: 'record';
      readonly payload: Uint8Array;
      readonly segment: number;
      readonly done: (error: BackendError | undefined) => void;
    }
  | { readonly kind: 'cut'; readonly done: () => void };

type WaitingRecord = Extract<Waiting, { kind: 'record' }>;

interface CurrentFile {
  readonly number: number;
  readonly path: string;
  readonly file: OpenFile;
  /** Bytes known to be good; what lies behind is the rest of a failed write. */
  size: number;
}

/** Bytes written in one call, at most (one record may be longer). */
const MAX_GROUP_BYTES = 8 * 1024 * 1024;
const MAX_KEPT_BUFFER_BYTES = 1024 * 1024;

/**
 * Records that survive a crash, in numbered segment files. Appends that wait while a write is in
 * flight go out together in the next one (group commit). A segment can be read without the others:
 * `segment` tells a writer where its next record goes, so that it can repeat what readers need.
 *
 * When a write fails, every waiting append is rejected, the file is cut back to its last good
 * record, and a new segment begins.
 */
export class WriteAheadLog implements AsyncDisposable {
  readonly recovery: WalRecovery;
  readonly #dir: string;
  readonly #fileSystem: FileSystem;
  readonly #log: Log;
  readonly #segmentSizeBytes: number;
  readonly #durability: Durability;
  readonly #maxWaitingBytes: number;
  /** The segments on disk, ascending. */
  readonly #segments: Map<number, StoredSegment>;
  /** The last one that was written to, dropped or not. */
  #last: SegmentLink | undefined;
  #current: CurrentFile | undefined;
  /** Where the next append goes, and how long that segment will then be. */
  #segment: number;
  #segmentBytes = SEGMENT_HEADER_BYTES;
  #queue: Waiting[] = [];
  #waitingBytes = 0;
  #writeBuffer = Buffer.allocUnsafeSlow(64 * 1024);
  #isDraining = false;
  #drained: Promise<void> = Promise.resolve();
  #closed = false;
  #appendedRecords = 0;
  #appendedBytes = 0;
  #failedWrites = 0;

  private constructor(options: WriteAheadLogOptions, { recovery, segments, next }: RecoveredLog) {
    this.recovery = recovery;
    this.#dir = options.dir;
    this.#fileSystem = options.fileSystem ?? nodeFileSystem;
    this.#log = options.log ?? silentLog;
    this.#segmentSizeBytes = options.segmentSizeBytes ?? 64 * 1024 * 1024;
    this.#durability = options.durability ?? 'os';
    this.#maxWaitingBytes = options.maxWaitingBytes ?? 64 * 1024 * 1024;
    this.#segments = segments;
    this.#segment = next;
    for (const [number, { sizeBytes }] of segments) this.#last = { number, sizeBytes };
  }

  /**
   * Replays what is stored and opens the log for appending. A damaged place is logged, counted in
   * `recovery` and passed over; see recoverLog.
   * @throws BackendError for a segment of a later format version
   */
  static async open(options: WriteAheadLogOptions): Promise<WriteAheadLog> {
    const { dir, onRecord, firstSegment = 1 } = options;
    const fileSystem = options.fileSystem ?? nodeFileSystem;
    await fileSystem.makeDirectory(dir);
    const recovered = await recoverLog({
      dir,
      fileSystem,
      firstSegment,
      onRecord,
      log: options.log ?? silentLog,
    });
    return new WriteAheadLog(options, recovered);
  }

  /** The segment that the next append goes to. Rises only; after a failed write it has risen. */
  get segment(): number {
    return this.#segment;
  }

  /** Whether so much waits for the disk that `append` refuses. */
  get isFull(): boolean {
    return this.#waitingBytes >= this.#maxWaitingBytes;
  }

  get sizeBytes(): number {
    let size = 0;
    for (const { sizeBytes } of this.#segments.values()) size += sizeBytes;
    return size;
  }

  /**
   * Resolves once the record is durable. The payload must not be changed until then.
   * @throws BackendError, retryable, when it could not be written or too much waits already
   */
  append(payload: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.isFull) {
        throw this.#error(`${this.#waitingBytes} bytes wait for the disk already`, {
          retryable: true,
        });
      }
      this.enqueue(payload, (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  /**
   * As `append`, with a callback, and without looking at `isFull`: that is the caller's to do.
   * Callbacks run in the order of the calls, and those of one write in one go, so that state kept in
   * step with the log is never seen half way.
   * @throws BackendError at once when closed; then `done` is not called
   */
  enqueue(payload: Uint8Array, done: (error: BackendError | undefined) => void): void {
    if (payload.length === 0 || payload.length > MAX_RECORD_BYTES) {
      throw new InvalidInputError(
        'payload',
        `a record has 1 to ${MAX_RECORD_BYTES} bytes, got ${payload.length}`,
      );
    }
    if (this.#closed) throw this.#error('the log is closed', { retryable: false });
    this.#queue.push({ kind: 'record', payload, segment: this.#segment, done });
    this.#waitingBytes += payload.length;
    this.#segmentBytes += RECORD_HEADER_BYTES + payload.length;
    if (this.#segmentBytes >= this.#segmentSizeBytes) this.#beginSegment();
    this.#run();
  }

  /**
   * Ends the current segment. `done` runs after the callbacks of all earlier appends and before
   * those of later ones, with the number that later ones start from.
   */
  cut(done: (firstSegment: number) => void): void {
    if (this.#segmentBytes > SEGMENT_HEADER_BYTES) this.#beginSegment();
    const firstSegment = this.#segment;
    this.#queue.push({ kind: 'cut', done: () => done(firstSegment) });
    this.#run();
  }

  /** The place behind the last durable record. */
  get end(): WalPlace {
    const current = this.#current;
    return current === undefined || current.number < this.#segment
      ? { segment: this.#segment, offset: 0 }
      : { segment: current.number, offset: current.size };
  }

  /** Bytes of durable records between a place and the end. */
  bytesAfter({ segment, offset }: WalPlace): number {
    let bytes = -Math.min(offset, this.#segments.get(segment)?.sizeBytes ?? 0);
    for (const [number, { sizeBytes }] of this.#segments) {
      if (number >= segment) bytes += sizeBytes;
    }
    return Math.max(0, bytes);
  }

  /** The segments there are, ascending, with the bytes that may be read of each. */
  segments(): readonly (readonly [number: number, sizeBytes: number])[] {
    return [...this.#segments].map(([number, { sizeBytes }]) => [number, sizeBytes] as const);
  }

  /**
   * The durable records from a place on, up to about so many bytes of one segment.
   * @throws CorruptionError when what is stored there is no record
   */
  async read(place: WalPlace, maxBytes: number): Promise<WalPart> {
    const path = join(this.#dir, segmentName(place.segment));
    const segment = this.#segments.get(place.segment);
    if (segment === undefined) return { records: [], offset: place.offset };
    const { headerBytes, sizeBytes: size } = segment;
    const { offset } = place;
    return readSegmentPart(this.#fileSystem, { path, headerBytes, size, offset, maxBytes });
  }

  /**
   * Removes the segments below a number that `cut` gave, which the next `open` wants as `firstSegment`:
   * without it they are told as missing.
   */
  async dropBefore(segment: number): Promise<void> {
    for (const number of this.#segments.keys()) {
      if (number >= segment) continue;
      // Also while it is still open: nothing is written to it any more.
      await this.#fileSystem.remove(join(this.#dir, segmentName(number)));
      this.#segments.delete(number);
    }
  }

  stats(): WalStats {
    return {
      segmentCount: this.#segments.size,
      sizeBytes: this.sizeBytes,
      waitingBytes: this.#waitingBytes,
      appendedRecords: this.#appendedRecords,
      appendedBytes: this.#appendedBytes,
      failedWrites: this.#failedWrites,
    };
  }

  /** Writes what waits, asks the disk to keep it, and refuses appends from now on. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#drained;
    const current = this.#current;
    this.#current = undefined;
    try {
      await current?.file.sync();
    } finally {
      await current?.file.close();
    }
    await this.#writeEnd();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A segment of nothing but its header, so that the next start knows how long the last one is. */
  async #writeEnd(): Promise<void> {
    if (this.#segments.size === 0) return;
    const number = Math.max(this.#segment, (this.#last?.number ?? 0) + 1);
    const path = join(this.#dir, segmentName(number));
    try {
      const file = await this.#fileSystem.open(path, 'create');
      try {
        const header = new Uint8Array(SEGMENT_HEADER_BYTES);
        writeSegmentHeader(header, this.#header(number));
        await file.write(header, 0);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (err) {
      this.#log.warn({ err, path }, 'could not note the end of the write-ahead log');
    }
  }

  #header(number: number): SegmentHeader {
    return { number, previous: this.#last, removedBytes: 0 };
  }

  #beginSegment(): void {
    this.#segment++;
    this.#segmentBytes = SEGMENT_HEADER_BYTES;
  }

  #run(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#drained = this.#drain();
  }

  async #drain(): Promise<void> {
    for (;;) {
      const first = this.#queue[0];
      if (first === undefined) {
        // In the same step as the look at the queue, or an append in between would never start.
        this.#isDraining = false;
        return;
      }
      if (first.kind === 'cut') {
        this.#queue.shift();
        first.done();
        continue;
      }
      const group = this.#takeGroup(first.segment);
      let failure: { readonly cause: unknown } | undefined;
      try {
        await this.#write(group);
      } catch (cause) {
        failure = { cause };
      }
      if (failure === undefined) this.#acknowledge(group);
      else {
        this.#rejectAll(group, failure.cause);
        await this.#cutBack().catch((err: unknown) => {
          this.#log.error({ err, path: this.#current?.path }, 'cannot cut back a failed log write');
        });
      }
    }
  }

  /** The waiting records for one segment, up to a cut or the size of one write. */
  #takeGroup(segment: number): readonly WaitingRecord[] {
    const group: WaitingRecord[] = [];
    let bytes = 0;
    for (const item of this.#queue) {
      if (item.kind === 'cut' || item.segment !== segment) break;
      if (group.length > 0 && bytes + item.payload.length > MAX_GROUP_BYTES) break;
      bytes += item.payload.length;
      group.push(item);
    }
    this.#queue.splice(0, group.length);
    return group;
  }

  async #write(group: readonly WaitingRecord[]): Promise<void> {
    const current = await this.#fileFor(group[0]?.segment ?? this.#segment);
    const isNew = current.size === 0;
    let length = isNew ? SEGMENT_HEADER_BYTES : 0;
    for (const { payload } of group) length += RECORD_HEADER_BYTES + payload.length;
    const bytes = this.#buffer(length);
    let offset = 0;
    if (isNew) {
      writeSegmentHeader(bytes, this.#header(current.number));
      offset = SEGMENT_HEADER_BYTES;
    }
    for (const { payload } of group) offset = writeRecord(bytes, offset, payload);
    await current.file.write(bytes, current.size);
    if (this.#durability === 'disk') {
      await current.file.sync();
      if (isNew) await this.#fileSystem.syncDirectory(this.#dir);
    }
    current.size += length;
    this.#last = { number: current.number, sizeBytes: current.size };
    this.#segments.set(current.number, {
      sizeBytes: current.size,
      headerBytes: SEGMENT_HEADER_BYTES,
    });
    this.#appendedRecords += group.length;
    this.#appendedBytes += length;
  }

  /** One write is on its way at a time, so they share their memory, unless one is very long. */
  #buffer(length: number): Buffer {
    if (length > MAX_KEPT_BUFFER_BYTES) return Buffer.allocUnsafe(length);
    if (this.#writeBuffer.length < length) {
      this.#writeBuffer = Buffer.allocUnsafeSlow(Math.max(length, this.#writeBuffer.length * 2));
    }
    return this.#writeBuffer.subarray(0, length);
  }

  async #fileFor(segment: number): Promise<CurrentFile> {
    if (this.#current?.number === segment) return this.#current;
    // After a failed write this is a second try; else the file is good and is only closed.
    await this.#cutBack();
    const path = join(this.#dir, segmentName(segment));
    const file = await this.#fileSystem.open(path, 'create');
    this.#current = { number: segment, path, file, size: 0 };
    return this.#current;
  }

  /** Leaves the current file with its good records only, and closes it. */
  async #cutBack(): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    if (current.size === 0) await this.#fileSystem.remove(current.path);
    else if ((await current.file.size()) !== current.size) {
      await current.file.truncate(current.size);
    }
    this.#current = undefined;
    await current.file.close();
  }

  #acknowledge(group: readonly WaitingRecord[]): void {
    for (const { payload, done } of group) {
      this.#waitingBytes -= payload.length;
      done(undefined);
    }
  }

  /**
   * Records behind a failed one may build on it, so they fail with it. The next append starts a new
   * segment, whose writer knows that nothing of this one can be counted on.
   */
  #rejectAll(group: readonly WaitingRecord[], cause: unknown): void {
    this.#failedWrites++;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const path = join(this.#dir, segmentName(group[0]?.segment ?? this.#segment));
    const error = this.#error(`could not write ${path}: ${reason}`, { retryable: true, cause });
    this.#log.error({ err: error, path }, 'write-ahead log write failed');
    const waiting = this.#queue;
    this.#queue = [];
    this.#waitingBytes = 0;
    this.#beginSegment();
    for (const item of [...group, ...waiting]) {
      if (item.kind === 'record') item.done(error);
      else item.done();
    }
  }

  #error(message: string, options: ErrorOptions & { readonly retryable: boolean }): BackendError {
    return new BackendError('write-ahead log', message, options);
  }
}
