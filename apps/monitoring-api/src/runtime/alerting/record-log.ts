import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { type OutboxJournal, type RecordStore } from '@dwcp/alerting';
import { BackendError, CorruptionError, type Log } from '@dwcp/core';
import {
  type FileSystem,
  nodeFileSystem,
  readWholeFile,
  WriteAheadLog,
  writeFileAtomically,
} from '@dwcp/segments';

export interface RecordLogOptions {
  /** Made when missing; the log must be its only user. */
  readonly dir: string;
  readonly log: Log;
  readonly fileSystem?: FileSystem;
}

/** The first byte of each entry. */
const RECORD = 0;
const REPLACE_BEGIN = 1;
const REPLACE_RECORD = 2;
/** Behind it the number of records in between, as text. */
const REPLACE_END = 3;

/** Names the first segment that counts. */
const MARKER = 'first-segment';

/**
 * Records that survive a crash and a power cut, with a `replace` that happens as a whole or not at
 * all: the new records stand between a begin and an end, and only with the end do they count. Then
 * the marker moves, and the segments before go.
 */
export class RecordLog implements AsyncDisposable {
  readonly #wal: WriteAheadLog;
  readonly #dir: string;
  readonly #fileSystem: FileSystem;
  readonly #log: Log;
  #loaded: readonly Uint8Array[] | undefined;
  /** As the marker has it. */
  #firstSegment: number;
  #marking: Promise<void> = Promise.resolve();

  private constructor(
    options: RecordLogOptions,
    opened: {
      readonly wal: WriteAheadLog;
      readonly loaded: readonly Uint8Array[];
      readonly firstSegment: number;
    },
  ) {
    this.#wal = opened.wal;
    this.#firstSegment = opened.firstSegment;
    this.#dir = options.dir;
    this.#fileSystem = options.fileSystem ?? nodeFileSystem;
    this.#log = options.log;
    this.#loaded = opened.loaded;
  }

  /**
   * Reads what is stored.
   * @throws BackendError when it cannot be read, CorruptionError when the marker is damaged
   */
  static async open(options: RecordLogOptions): Promise<RecordLog> {
    const { dir, log, fileSystem = nodeFileSystem } = options;
    const replay = new Replay(dir, log);
    try {
      await fileSystem.makeDirectory(dir);
      const firstSegment = await readMarker(fileSystem, join(dir, MARKER));
      const wal = await WriteAheadLog.open({
        dir,
        firstSegment,
        durability: 'disk',
        onRecord: (payload) => replay.take(payload),
        fileSystem,
        log,
      });
      const opened = new RecordLog(options, { wal, loaded: replay.records, firstSegment });
      // A crash may have come before they were removed.
      await wal.dropBefore(firstSegment).catch((err: unknown) => {
        log.warn({ err, dir }, 'replaced alerting records could not be removed');
      });
      return opened;
    } catch (cause) {
      if (cause instanceof CorruptionError || cause instanceof BackendError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new BackendError('alerting', `cannot read ${dir}: ${reason}`, {
        retryable: false,
        cause,
      });
    }
  }

  /** What was stored when it was opened, oldest first; once, for then it is let go of. */
  takeLoaded(): readonly Uint8Array[] {
    const loaded = this.#loaded;
    if (loaded === undefined) throw new Error('the records were taken before');
    this.#loaded = undefined;
    return loaded;
  }

  /** Resolves once all are durable. @throws BackendError, retryable */
  append(payloads: readonly Uint8Array[]): Promise<void> {
    return this.#write(payloads.map((payload) => entryOf(RECORD, payload)));
  }

  /**
   * Puts records in the place of all earlier ones; what is appended after the call stays. @throws
   * BackendError, retryable, when that was not done
   */
  async replace(payloads: readonly Uint8Array[]): Promise<void> {
    let firstSegment = 1;
    this.#wal.cut((segment) => (firstSegment = segment));
    await this.#write([
      entryOf(REPLACE_BEGIN),
      ...payloads.map((payload) => entryOf(REPLACE_RECORD, payload)),
      entryOf(REPLACE_END, Buffer.from(String(payloads.length))),
    ]);
    // From here on it is done; the rest only makes room.
    const marking = this.#marking.then(() => this.#moveMarker(firstSegment));
    this.#marking = marking;
    await marking;
  }

  /** One at a time, and never back: the segments before it are gone. */
  async #moveMarker(firstSegment: number): Promise<void> {
    if (firstSegment <= this.#firstSegment) return;
    try {
      await writeFileAtomically(this.#fileSystem, join(this.#dir, MARKER), (file) =>
        file.write(Buffer.from(`${firstSegment}\n`), 0),
      );
      this.#firstSegment = firstSegment;
      await this.#wal.dropBefore(firstSegment);
    } catch (err) {
      this.#log.warn({ err, dir: this.#dir }, 'replaced alerting records could not be removed');
    }
  }

  get sizeBytes(): number {
    return this.#wal.sizeBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#marking;
    await this.#wal.close();
  }

  /** In one go, so that they go out together and nothing comes between. */
  #write(entries: readonly Uint8Array[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#wal.isFull) {
      const message = 'too much waits for the disk already';
      reject(new BackendError('alerting', message, { retryable: true }));
      return promise;
    }
    let waiting = entries.length;
    if (waiting === 0) resolve();
    const done = (error: BackendError | undefined): void => {
      if (error !== undefined) reject(error);
      else if (--waiting === 0) resolve();
    };
    try {
      for (const entry of entries) this.#wal.enqueue(entry, done);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
    return promise;
  }
}

/** Puts the entries of a log together again. */
class Replay {
  readonly records: Uint8Array[] = [];
  readonly #dir: string;
  readonly #log: Log;
  #replacing: Uint8Array[] | undefined;

  constructor(dir: string, log: Log) {
    this.#dir = dir;
    this.#log = log;
  }

  take(entry: Uint8Array): void {
    // A copy, for the log uses the memory again; `slice` of a Buffer would make none.
    const payload = new Uint8Array(entry.subarray(1));
    const [kind = -1] = entry;
    switch (kind) {
      case RECORD:
        // A replacement without its end was not carried through.
        this.#replacing = undefined;
        this.records.push(payload);
        return;
      case REPLACE_BEGIN:
        this.#replacing = [];
        return;
      case REPLACE_RECORD:
        this.#replacing?.push(payload);
        return;
      case REPLACE_END:
        this.#end(Number(Buffer.from(payload).toString()));
        return;
      default:
        this.#log.error({ dir: this.#dir, kind }, 'unknown alerting record left out');
    }
  }

  #end(count: number): void {
    const replacing = this.#replacing ?? [];
    this.#replacing = undefined;
    if (replacing.length === count) this.records.length = 0;
    // Damage took some of them: what was before may still tell of those.
    else this.#log.error({ dir: this.#dir, count }, 'stored alerting records are missing');
    for (const record of replacing) this.records.push(record);
  }
}

function entryOf(kind: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const entry = Buffer.allocUnsafe(payload.length + 1);
  entry[0] = kind;
  entry.set(payload, 1);
  return entry;
}

async function readMarker(fileSystem: FileSystem, path: string): Promise<number> {
  let text: string;
  try {
    text = Buffer.from(await readWholeFile(fileSystem, path)).toString();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return 1;
    throw cause;
  }
  if (!/^[1-9]\d{0,9}\n$/.test(text)) {
    throw new CorruptionError(path, 0, 'is no number of a segment');
  }
  return Number(text);
}

/** Encoded in one go; then others get their turn. */
const SLICE_BYTES = 1_048_576;

/** State of alerting, each record a line of JSON in UTF-8. */
export class FileRecordStore<T> implements RecordStore<T>, AsyncDisposable {
  readonly #log: RecordLog;
  /** Resolves once the last replacement is on its way: what is appended later stands behind it. */
  #replacing: Promise<unknown> = Promise.resolve();

  private constructor(log: RecordLog) {
    this.#log = log;
  }

  /** @throws BackendError, CorruptionError, as RecordLog */
  static async open<T>(options: RecordLogOptions): Promise<FileRecordStore<T>> {
    return new FileRecordStore<T>(await RecordLog.open(options));
  }

  /** Once. @throws SyntaxError for a record that is no JSON, which this class did not write */
  async load(): Promise<readonly T[]> {
    return this.#log.takeLoaded().map((record) => JSON.parse(textOf(record)) as T);
  }

  async append(records: readonly T[]): Promise<void> {
    const payloads = records.map(bytesOf);
    await this.#replacing;
    await this.#log.append(payloads);
  }

  async replace(records: readonly T[]): Promise<void> {
    const before = this.#replacing;
    const begun = Promise.withResolvers<void>();
    this.#replacing = begun.promise;
    let done: Promise<void>;
    try {
      await before;
      done = this.#log.replace(await encodedInSlices(records));
    } finally {
      begun.resolve();
    }
    await done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#replacing;
    await this.#log[Symbol.asyncDispose]();
  }
}

/** What the outbox has taken over. */
export class FileOutboxJournal implements OutboxJournal, AsyncDisposable {
  readonly #log: RecordLog;

  private constructor(log: RecordLog) {
    this.#log = log;
  }

  /** @throws BackendError, CorruptionError, as RecordLog */
  static async open(options: RecordLogOptions): Promise<FileOutboxJournal> {
    return new FileOutboxJournal(await RecordLog.open(options));
  }

  async load(): Promise<readonly Uint8Array[]> {
    return this.#log.takeLoaded();
  }

  append(record: Uint8Array): Promise<void> {
    return this.#log.append([record]);
  }

  replace(records: readonly Uint8Array[]): Promise<void> {
    return this.#log.replace(records);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log[Symbol.asyncDispose]();
  }
}

async function encodedInSlices(records: readonly unknown[]): Promise<readonly Uint8Array[]> {
  const payloads: Uint8Array[] = [];
  let sliceBytes = 0;
  for (const record of records) {
    const payload = bytesOf(record);
    payloads.push(payload);
    sliceBytes += payload.length;
    if (sliceBytes < SLICE_BYTES) continue;
    sliceBytes = 0;
    await setImmediate();
  }
  return payloads;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function bytesOf(record: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}
