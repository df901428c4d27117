import {
  type Exemplar,
  Labels,
  type MetricMetadata,
  type MetricType,
  type NativeHistogram,
} from '@dwcp/core';
import { crc32c } from '@dwcp/segments';

import { ByteReader, ByteWriter } from './bytes.ts';
import { Columns } from './columns.ts';
import { type Head } from './head.ts';
import { decodeHistogram } from './histogram-codec.ts';
import { grown } from './series-state.ts';
import { type SeriesTable } from './series-table.ts';
import { type Turns } from './turns.ts';

// What the metric store writes into its log; the layout is described in docs/formats/metric-block.md.

const SAMPLES = 1;
const METADATA = 2;
/** As SAMPLES, but older than others of their series. */
const LATE_SAMPLES = 3;
const EXEMPLARS = 4;

const scratch = new ByteWriter(64 * 1024);

/** Memory for records on their way to the log, used again: else every append would leave some behind. */
export class PayloadPool {
  readonly #free: Uint8Array[] = [];

  copy(bytes: Uint8Array): Uint8Array {
    const at = this.#free.findIndex(({ length }) => length >= bytes.length);
    const [memory = new Uint8Array(pooledBytes(bytes.length))] =
      at < 0 ? [] : this.#free.splice(at, 1);
    memory.set(bytes);
    return memory.subarray(0, bytes.length);
  }

  /** Takes back what `copy` gave, when nobody reads it any more. */
  give(payload: Uint8Array): void {
    const { buffer } = payload;
    if (buffer.byteLength > MAX_POOLED_BYTES || this.#free.length >= MAX_POOLED) return;
    this.#free.push(new Uint8Array(buffer));
  }
}

/** Of few sizes: else each record that is a little longer than those before would stay in the pool. */
function pooledBytes(length: number): number {
  let size = MIN_POOLED_BYTES;
  while (size < length && size < MAX_POOLED_BYTES) size *= 2;
  return Math.max(size, length);
}

const MIN_POOLED_BYTES = 32 * 1024;
const MAX_POOLED_BYTES = 1024 * 1024;
const MAX_POOLED = 16;

/** Samples on their way to the log and from there to the head. */
export class SampleRecord {
  readonly isLate: boolean;
  count = 0;
  oldestUnixMs = Number.POSITIVE_INFINITY;
  /** Roughly how long the record will be. */
  sizeBytes = 0;
  readonly #table: SeriesTable;
  readonly #segment: number;
  #ids = new Int32Array(64);
  #columns = new Columns(64);
  /** Encoded histograms by position. */
  readonly #histograms = new Map<number, Uint8Array>();

  /** @param segment the log segment it will be in */
  constructor(table: SeriesTable, segment: number, isLate: boolean) {
    this.#table = table;
    this.#segment = segment;
    this.isLate = isLate;
  }

  add(
    id: number,
    unixMs: number,
    low: number,
    high: number,
    histogram: Uint8Array | undefined,
  ): void {
    const index = this.count++;
    if (index === this.#columns.capacity) this.#grow();
    this.#columns.put(index, unixMs, low, high);
    this.#ids[index] = id;
    if (unixMs < this.oldestUnixMs) this.oldestUnixMs = unixMs;
    if (histogram !== undefined) {
      this.#histograms.set(index, histogram);
      this.sizeBytes += histogram.length + 8;
    }
    this.sizeBytes += 16;
    if (this.#table.state.definedInSegment[id] !== this.#segment) {
      this.sizeBytes += this.#table.entryOf(id)?.labels.key.length ?? 0;
    }
  }

  /**
   * The record's bytes. Labels are written for the series that the segment does not have yet, so
   * that each segment can be read without the others.
   */
  encode(pool: PayloadPool): Uint8Array {
    const { count } = this;
    const ids = this.#ids;
    const { timestamps, words } = this.#columns;
    scratch.clear();
    scratch.byte(this.isLate ? LATE_SAMPLES : SAMPLES);
    encodeDefinitions(this.#table, this.#segment, ids.subarray(0, count));
    scratch.varint(count);
    scratch.reserve(count * 24);
    let before = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i] ?? 0;
      scratch.zigzag(id - before);
      before = id;
    }
    before = 0;
    for (let i = 0; i < count; i++) {
      const unixMs = timestamps[i] ?? 0;
      scratch.zigzag(unixMs - before);
      before = unixMs;
    }
    scratch.raw(new Uint8Array(words.buffer, words.byteOffset, count * 8));
    scratch.varint(this.#histograms.size);
    before = 0;
    for (const [index, bytes] of this.#histograms) {
      scratch.varint(index - before);
      scratch.varint(bytes.length);
      scratch.raw(bytes);
      before = index;
    }
    return pool.copy(scratch.view());
  }

  /** After the record became durable: its samples enter the head. */
  commit(head: Head): void {
    const { state } = this.#table;
    const { timestamps, words } = this.#columns;
    const ids = this.#ids;
    for (let i = 0; i < this.count; i++) {
      const id = ids[i] ?? 0;
      const unixMs = timestamps[i] ?? 0;
      const low = words[i * 2] ?? 0;
      const high = words[i * 2 + 1] ?? 0;
      const bytes = this.#histograms.get(i);
      const histogram = bytes === undefined ? undefined : decodeHistogram(new ByteReader(bytes));
      state.pending[id] = (state.pending[id] ?? 1) - 1;
      if (this.isLate) head.appendLate(id, unixMs, low, high, histogram);
      else {
        head.append(id, unixMs, low, high, histogram);
        if (bytes === undefined) state.setNewest(id, unixMs, low, high, false);
        else state.setNewest(id, unixMs, crc32c(bytes), bytes.length, true);
      }
    }
  }

  /**
   * When the record is not written, or could not be and with it all behind it. A claim on behalf of
   * another record stays until that one is through.
   * @returns ids of series that never had a sample
   */
  rollBack(): readonly number[] {
    const { state } = this.#table;
    const ids = this.#ids.subarray(0, this.count);
    for (const id of ids) {
      state.pending[id] = (state.pending[id] ?? 1) - 1;
      if (state.pending[id] === 0) state.forgetClaim(id);
    }
    return [...new Set(ids)].filter(
      (id) => state.pending[id] === 0 && state.newestUnixMs[id] === Number.NEGATIVE_INFINITY,
    );
  }

  #grow(): void {
    const capacity = this.count * 4;
    const larger = new Columns(capacity);
    larger.copyFrom(this.#columns, 0, this.#columns.capacity, 0);
    this.#columns = larger;
    this.#ids = grown(this.#ids, new Int32Array(capacity));
  }
}

/** The labels of those of the series that the segment does not have yet. */
function encodeDefinitions(table: SeriesTable, segment: number, ids: Int32Array): void {
  const { definedInSegment } = table.state;
  const unknown: number[] = [];
  for (const id of ids) {
    if (definedInSegment[id] === segment) continue;
    definedInSegment[id] = segment;
    unknown.push(id);
  }
  scratch.varint(unknown.length);
  for (const id of unknown) writeDefinition(scratch, id, table.entryOf(id)?.labels ?? Labels.empty);
}

function writeDefinition(writer: ByteWriter, id: number, labels: Labels): void {
  writer.varint(id);
  writeLabels(writer, labels);
}

function writeLabels(writer: ByteWriter, labels: Labels): void {
  writer.varint(labels.size);
  for (const text of labels.flat) writer.string(text);
}

export interface ExemplarRow {
  readonly id: number;
  readonly exemplar: Exemplar & { readonly unixMs: number };
}

export function encodeExemplars(
  table: SeriesTable,
  segment: number,
  rows: readonly ExemplarRow[],
): Uint8Array {
  scratch.clear();
  scratch.byte(EXEMPLARS);
  encodeDefinitions(
    table,
    segment,
    Int32Array.from(rows, ({ id }) => id),
  );
  scratch.varint(rows.length);
  for (const row of rows) writeExemplar(scratch, row);
  return scratch.copy();
}

function writeExemplar(writer: ByteWriter, { id, exemplar }: ExemplarRow): void {
  writer.varint(id);
  writer.zigzag(exemplar.unixMs);
  writer.float64(exemplar.value);
  writeLabels(writer, exemplar.labels);
}

/** As a record that can be read without others; there may be many rows. */
export async function encodeExemplarsAlone(
  table: SeriesTable,
  rows: readonly ExemplarRow[],
  turns: Turns,
): Promise<Uint8Array> {
  const writer = new ByteWriter(64 * 1024);
  const ids = new Set(rows.map(({ id }) => id));
  // Taken down at once: the ids may be other series' some turns later.
  const definitions = [...ids].map(
    (id) => [id, table.entryOf(id)?.labels ?? Labels.empty] as const,
  );
  await turns.spend(rows.length);
  writer.byte(EXEMPLARS);
  writer.varint(definitions.length);
  for (const [id, labels] of definitions) {
    writeDefinition(writer, id, labels);
    await turns.spend(1);
  }
  writer.varint(rows.length);
  for (const row of rows) {
    writeExemplar(writer, row);
    await turns.spend(1);
  }
  return writer.view();
}

export function encodeMetadata(metadata: readonly MetricMetadata[]): Uint8Array {
  scratch.clear();
  scratch.byte(METADATA);
  scratch.varint(metadata.length);
  for (const { name, type, help, unit } of metadata) {
    scratch.string(name);
    scratch.string(type);
    scratch.string(help);
    scratch.string(unit);
  }
  return scratch.copy();
}

export interface RecordVisitor {
  /** A series that later samples of the segment name by this number. */
  series(id: number, labels: Labels): void;
  sample(
    id: number,
    unixMs: number,
    low: number,
    high: number,
    histogram: { readonly value: NativeHistogram; readonly bytes: Uint8Array } | undefined,
    isLate: boolean,
  ): void;
  exemplar(row: ExemplarRow): void;
  metadata(metadata: MetricMetadata): void;
}

let ids = new Int32Array(1_024);
let columns = new Columns(1_024);

/** @throws RangeError or TypeError when the bytes are none of ours */
export function decodeRecord(payload: Uint8Array, visitor: RecordVisitor): void {
  const reader = new ByteReader(payload);
  const type = reader.byte();
  if (type === METADATA) decodeMetadata(reader, visitor);
  else if (type === SAMPLES) decodeSamples(reader, visitor, false);
  else if (type === LATE_SAMPLES) decodeSamples(reader, visitor, true);
  else if (type === EXEMPLARS) decodeExemplars(reader, visitor);
  else throw new TypeError(`record type ${type} is not known`);
}

function decodeMetadata(reader: ByteReader, visitor: RecordVisitor): void {
  for (let left = reader.varint(); left > 0; left--) {
    visitor.metadata({
      name: reader.string(),
      type: reader.string() as MetricType,
      help: reader.string(),
      unit: reader.string(),
    });
  }
}

function decodeDefinitions(reader: ByteReader, visitor: RecordVisitor): void {
  for (let left = reader.varint(); left > 0; left--) {
    const id = reader.varint();
    visitor.series(id, readLabels(reader));
  }
}

function readLabels(reader: ByteReader): Labels {
  return Labels.fromSortedFlat(Array.from({ length: reader.varint() * 2 }, () => reader.string()));
}

function decodeExemplars(reader: ByteReader, visitor: RecordVisitor): void {
  decodeDefinitions(reader, visitor);
  for (let left = reader.varint(); left > 0; left--) {
    const id = reader.varint();
    const unixMs = reader.zigzag();
    const value = reader.float64();
    visitor.exemplar({ id, exemplar: { labels: readLabels(reader), value, unixMs } });
  }
}

function decodeSamples(reader: ByteReader, visitor: RecordVisitor, isLate: boolean): void {
  decodeDefinitions(reader, visitor);
  const count = reader.varint();
  if (count > columns.capacity) {
    columns = new Columns(count * 2);
    ids = new Int32Array(count * 2);
  }
  let id = 0;
  for (let i = 0; i < count; i++) ids[i] = id += reader.zigzag();
  const { timestamps, words } = columns;
  let unixMs = 0;
  for (let i = 0; i < count; i++) timestamps[i] = unixMs += reader.zigzag();
  new Uint8Array(words.buffer, words.byteOffset, count * 8).set(reader.raw(count * 8));
  const histogramCount = reader.varint();
  let nextHistogram = histogramCount > 0 ? reader.varint() : -1;
  let histogramsLeft = histogramCount;
  for (let i = 0; i < count; i++) {
    let histogram: { value: NativeHistogram; bytes: Uint8Array } | undefined;
    if (i === nextHistogram) {
      const bytes = reader.raw(reader.varint());
      histogram = { value: decodeHistogram(new ByteReader(bytes)), bytes };
      nextHistogram = --histogramsLeft > 0 ? i + reader.varint() : -1;
    }
    visitor.sample(
      ids[i] ?? 0,
      timestamps[i] ?? 0,
      words[i * 2] ?? 0,
      words[i * 2 + 1] ?? 0,
      histogram,
      isLate,
    );
  }
}
