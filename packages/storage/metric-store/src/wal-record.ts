import { Labels, type MetricMetadata, type MetricType, type NativeHistogram } from '@dwcp/core';
import { crc32c } from '@dwcp/segments';

import { ByteReader, ByteWriter } from './bytes.ts';
import { Columns } from './columns.ts';
import { type Head } from './head.ts';
import { decodeHistogram } from './histogram-codec.ts';
import { type SeriesEntry } from './series-table.ts';

// What the metric store writes into its log; the layout is described in docs/formats/metric-block.md.

const SAMPLES = 1;
const METADATA = 2;

const scratch = new ByteWriter(64 * 1024);

/** Samples on their way to the log and from there to the head. */
export class SampleRecord {
  readonly entries: SeriesEntry[] = [];
  /** Encoded histograms by position. */
  readonly histograms: Uint8Array[] = [];
  /** Roughly how long the record will be. */
  sizeBytes = 0;
  readonly #segment: number;
  #columns = new Columns(64);

  /** @param segment the log segment it will be in */
  constructor(segment: number) {
    this.#segment = segment;
  }

  get columns(): Columns {
    return this.#columns;
  }

  add(
    entry: SeriesEntry,
    unixMs: number,
    low: number,
    high: number,
    histogram: Uint8Array | undefined,
  ): void {
    const index = this.entries.length;
    if (index === this.#columns.capacity) {
      const larger = new Columns(index * 2);
      larger.copyFrom(this.#columns, index, 0);
      this.#columns = larger;
    }
    this.#columns.put(index, unixMs, low, high);
    if (histogram !== undefined) {
      this.histograms[index] = histogram;
      this.sizeBytes += histogram.length + 8;
    }
    this.entries.push(entry);
    this.sizeBytes += 16;
    if (entry.definedInSegment !== this.#segment) this.sizeBytes += entry.labels.key.length;
  }

  /**
   * The record's bytes. Labels are written for the series that the segment does not have yet, so
   * that each segment can be read without the others.
   */
  encode(): Uint8Array {
    const { entries, histograms } = this;
    const { timestamps, words } = this.#columns;
    scratch.clear();
    scratch.byte(SAMPLES);
    const unknown = new Set<SeriesEntry>();
    for (const entry of entries) if (entry.definedInSegment !== this.#segment) unknown.add(entry);
    scratch.varint(unknown.size);
    for (const entry of unknown) {
      const { flat } = entry.labels;
      scratch.varint(entry.id);
      scratch.varint(flat.length / 2);
      for (const text of flat) scratch.string(text);
      entry.definedInSegment = this.#segment;
    }
    scratch.varint(entries.length);
    let before = 0;
    for (const { id } of entries) {
      scratch.zigzag(id - before);
      before = id;
    }
    before = 0;
    for (let i = 0; i < entries.length; i++) {
      const unixMs = timestamps[i] ?? 0;
      scratch.zigzag(unixMs - before);
      before = unixMs;
    }
    scratch.raw(new Uint8Array(words.buffer, words.byteOffset, entries.length * 8));
    const present = Object.keys(histograms).map(Number);
    scratch.varint(present.length);
    before = 0;
    for (const index of present) {
      const bytes = histograms[index] ?? new Uint8Array(0);
      scratch.varint(index - before);
      scratch.varint(bytes.length);
      scratch.raw(bytes);
      before = index;
    }
    return scratch.copy();
  }

  /** After the record became durable: its samples enter the head. */
  commit(head: Head): void {
    const { timestamps, words } = this.#columns;
    for (const [i, entry] of this.entries.entries()) {
      const unixMs = timestamps[i] ?? 0;
      const low = words[i * 2] ?? 0;
      const high = words[i * 2 + 1] ?? 0;
      const bytes = this.histograms[i];
      entry.pending--;
      if (bytes === undefined) {
        head.append(entry, unixMs, low, high, undefined);
        entry.setNewest(unixMs, low, high, false);
      } else {
        head.append(entry, unixMs, low, high, decodeHistogram(new ByteReader(bytes)));
        entry.setNewest(unixMs, crc32c(bytes), bytes.length, true);
      }
    }
  }

  /** After the record failed, and with it all behind it. Returns series that never had a sample. */
  rollBack(): readonly SeriesEntry[] {
    for (const entry of this.entries) {
      entry.pending--;
      entry.forgetClaims();
    }
    return this.entries.filter(
      ({ pending, newestUnixMs }) => pending === 0 && newestUnixMs === Number.NEGATIVE_INFINITY,
    );
  }
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
  ): void;
  metadata(metadata: MetricMetadata): void;
}

let ids = new Int32Array(1_024);
let columns = new Columns(1_024);

/** @throws RangeError or TypeError when the bytes are none of ours */
export function decodeRecord(payload: Uint8Array, visitor: RecordVisitor): void {
  const reader = new ByteReader(payload);
  const type = reader.byte();
  if (type === METADATA) decodeMetadata(reader, visitor);
  else if (type === SAMPLES) decodeSamples(reader, visitor);
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

function decodeSamples(reader: ByteReader, visitor: RecordVisitor): void {
  for (let left = reader.varint(); left > 0; left--) {
    const id = reader.varint();
    const flat = Array.from({ length: reader.varint() * 2 }, () => reader.string());
    visitor.series(id, Labels.fromSortedFlat(flat));
  }
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
    );
  }
}
