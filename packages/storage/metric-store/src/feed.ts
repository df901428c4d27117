import {
  BackendError,
  type CallOptions,
  CorruptionError,
  type FeedEntry,
  type FeedPosition,
  InvalidInputError,
  type Labels,
  type Log,
  type NativeHistogram,
  type SampleBatch,
  type SampleFeed,
  type SeriesExemplar,
} from '@dwcp/core';
import { type WalPlace, type WriteAheadLog } from '@dwcp/segments';

import { Columns } from './columns.ts';
import { decodeRecord, type RecordVisitor } from './wal-record.ts';

const ENTRY_BYTES = 256 * 1024;
/** Readers whose place is remembered with the series defined before it. */
const MAX_CURSORS = 16;

/** A reader's place in a segment, and the series that were defined before it. */
interface Cursor {
  readonly segment: number;
  offset: number;
  readonly labels: Map<number, Labels>;
}

/**
 * The log of the store as a feed. A segment defines the series it names, so that reading may begin at
 * any segment; inside of one what comes before is looked through once.
 */
export class Feed implements SampleFeed {
  readonly #wal: WriteAheadLog;
  readonly #log: Log;
  readonly #maxHeldBytes: number;
  readonly #holds = new Map<string, WalPlace>();
  #cursors: Cursor[] = [];
  #waiting: (() => void)[] = [];
  #closed = false;

  constructor(wal: WriteAheadLog, options: { readonly log: Log; readonly maxHeldBytes: number }) {
    this.#wal = wal;
    this.#log = options.log;
    this.#maxHeldBytes = options.maxHeldBytes;
  }

  end(): FeedPosition {
    return positionOf(this.#wal.end);
  }

  /** @throws InvalidInputError for a position that is none */
  async read(from: FeedPosition, { signal }: CallOptions = {}): Promise<FeedEntry | undefined> {
    signal?.throwIfAborted();
    const wanted = placeOf(from);
    const place = this.#presentPlace(wanted);
    if (place === undefined) return undefined;
    let isAfterGap = place.segment !== wanted.segment && wanted.segment < this.#oldestSegment();
    try {
      const cursor = await this.#cursorAt(place);
      const { records, offset } = await this.#wal.read(place, ENTRY_BYTES);
      const rows = new EntryRows(cursor.labels);
      for (const record of records) decodeRecord(record, rows);
      cursor.offset = offset;
      isAfterGap ||= rows.lost > 0;
      return {
        batch: rows.batch(),
        next: positionOf({ segment: place.segment, offset }),
        isAfterGap,
      };
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#log.error({ err: error, path: error.path }, 'a part of the log cannot be forwarded');
      // The rest of the segment is given up: where its next record begins is not known.
      const next = positionOf({ segment: place.segment + 1, offset: 0 });
      return { batch: new EntryRows(new Map()).batch(), next, isAfterGap: true };
    }
  }

  async more(from: FeedPosition, { signal }: CallOptions = {}): Promise<void> {
    while (this.#presentPlace(placeOf(from)) === undefined) {
      signal?.throwIfAborted();
      if (this.#closed) {
        throw new BackendError('metric store', 'the store is closed', { retryable: false });
      }
      const woken = Promise.withResolvers<void>();
      const wake = (): void => woken.resolve();
      this.#waiting.push(wake);
      signal?.addEventListener('abort', wake, { once: true });
      await woken.promise;
      signal?.removeEventListener('abort', wake);
    }
  }

  hold(reader: string, from: FeedPosition): void {
    this.#holds.set(reader, placeOf(from));
  }

  release(reader: string): void {
    this.#holds.delete(reader);
  }

  backlog(from: FeedPosition): { readonly sizeBytes: number } {
    return { sizeBytes: this.#wal.bytesAfter(placeOf(from)) };
  }

  /** Something became durable. */
  wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each();
  }

  close(): void {
    this.#closed = true;
    this.wake();
  }

  /** Removes segments below a number, except those that a reader still holds and may. */
  async dropBefore(segment: number): Promise<void> {
    let keepFrom = segment;
    for (const [reader, place] of this.#holds) {
      if (place.segment >= keepFrom) continue;
      if (this.#wal.bytesAfter(place) > this.#maxHeldBytes) {
        this.#holds.delete(reader);
        this.#log.warn(
          { reader, limitBytes: this.#maxHeldBytes },
          'a reader is too far behind: the log it has not read is given up',
        );
      } else keepFrom = place.segment;
    }
    await this.#wal.dropBefore(keepFrom);
    this.#cursors = this.#cursors.filter((cursor) => cursor.segment >= keepFrom);
  }

  #oldestSegment(): number {
    return this.#wal.segments()[0]?.[0] ?? this.#wal.segment;
  }

  /** The first place at or behind the wanted one that has a record; undefined at the end. */
  #presentPlace(wanted: WalPlace): WalPlace | undefined {
    for (const [number, size] of this.#wal.segments()) {
      if (number < wanted.segment) continue;
      if (number > wanted.segment) return { segment: number, offset: 0 };
      if (wanted.offset < size) return wanted;
    }
    return undefined;
  }

  async #cursorAt({ segment, offset }: WalPlace): Promise<Cursor> {
    const known = this.#cursors.find(
      (cursor) => cursor.segment === segment && cursor.offset === offset,
    );
    if (known !== undefined) return known;
    const cursor: Cursor = { segment, offset: 0, labels: new Map() };
    while (cursor.offset < offset) {
      const part = await this.#wal.read(
        { segment, offset: cursor.offset },
        Math.min(ENTRY_BYTES, offset - cursor.offset),
      );
      if (part.records.length === 0) break;
      const rows = new EntryRows(cursor.labels);
      for (const record of part.records) decodeRecord(record, rows);
      cursor.offset = part.offset;
    }
    this.#cursors = [cursor, ...this.#cursors].slice(0, MAX_CURSORS);
    return cursor;
  }
}

/** Rows of some records, with the labels of their series. */
class EntryRows implements RecordVisitor {
  readonly #known: Map<number, Labels>;
  readonly #labels: Labels[] = [];
  readonly #exemplars: SeriesExemplar[] = [];
  #histograms: (NativeHistogram | undefined)[] | undefined;
  #columns = new Columns(256);
  /** Samples whose series was defined in a part that is damaged. */
  lost = 0;

  constructor(known: Map<number, Labels>) {
    this.#known = known;
  }

  series(id: number, labels: Labels): void {
    this.#known.set(id, labels);
  }

  sample(
    id: number,
    unixMs: number,
    low: number,
    high: number,
    histogram: { readonly value: NativeHistogram } | undefined,
  ): void {
    const labels = this.#known.get(id);
    if (labels === undefined) {
      this.lost++;
      return;
    }
    const index = this.#labels.length;
    if (index === this.#columns.capacity) {
      const larger = new Columns(index * 2);
      larger.copyFrom(this.#columns, 0, index, 0);
      this.#columns = larger;
    }
    this.#columns.put(index, unixMs, low, high);
    this.#labels.push(labels);
    if (histogram === undefined) return;
    this.#histograms ??= [];
    this.#histograms[index] = histogram.value;
  }

  exemplar({ id, exemplar }: Parameters<RecordVisitor['exemplar']>[0]): void {
    const series = this.#known.get(id);
    if (series === undefined) this.lost++;
    else this.#exemplars.push({ series, exemplar });
  }

  metadata(): void {
    // A sender asks the store for it.
  }

  batch(): SampleBatch {
    const size = this.#labels.length;
    return {
      labels: this.#labels,
      timestamps: this.#columns.timestamps.subarray(0, size),
      values: this.#columns.values.subarray(0, size),
      ...(this.#histograms === undefined
        ? {}
        : { histograms: Array.from({ length: size }, (_, i) => this.#histograms?.[i]) }),
      ...(this.#exemplars.length === 0 ? {} : { exemplars: this.#exemplars }),
    };
  }
}

function positionOf({ segment, offset }: WalPlace): FeedPosition {
  return `${segment}:${offset}`;
}

function placeOf(position: FeedPosition): WalPlace {
  const match = /^(\d{1,15}):(\d{1,15})$/.exec(position);
  if (match === null) {
    throw new InvalidInputError('position', `is none of this feed: ${JSON.stringify(position)}`);
  }
  return { segment: Number(match[1]), offset: Number(match[2]) };
}
