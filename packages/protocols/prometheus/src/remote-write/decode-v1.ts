import { reportInvalid } from './errors.ts';
import { reportExemplar } from './exemplars.ts';
import { readHistogram } from './histograms.ts';
import { LabelScratch } from './label-scratch.ts';
import { readLabel } from './labels.ts';
import { readMetadata } from './metadata.ts';
import { readSample } from './samples.ts';
import { type RemoteWriteVisitor } from './types.ts';
import { WireReader } from './wire-reader.ts';

// prompb.WriteRequest
const SERIES = 0x0a;
const METADATA = 0x1a;
const REQUEST_FIELDS = (1 << 1) | (1 << 3);
// prompb.TimeSeries
const LABEL = 0x0a;
const SAMPLE = 0x12;
const EXEMPLAR = 0x1a;
const HISTOGRAM = 0x22;
const SERIES_FIELDS = (1 << 1) | (1 << 2) | (1 << 3) | (1 << 4);
// prompb.Exemplar
const EXEMPLAR_FIELDS = (1 << 1) | (1 << 2) | (1 << 3);

/** Reads a prompb.WriteRequest. */
export class RequestReader1 {
  readonly #bytes: Uint8Array;
  readonly #visitor: RemoteWriteVisitor;
  readonly #reader: WireReader;
  #scratch: LabelScratch | undefined;
  /** Of the series being read, for errors; -1 outside of one. */
  seriesIndex = -1;

  constructor(message: Uint8Array, visitor: RemoteWriteVisitor) {
    this.#bytes = message;
    this.#visitor = visitor;
    this.#reader = new WireReader(message);
  }

  read(): void {
    const reader = this.#reader;
    let index = 0;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === SERIES) {
        const end = reader.payload();
        this.seriesIndex = index++;
        this.#readSeries(reader.position, end);
        reader.position = end;
        reader.end = this.#bytes.length;
        this.seriesIndex = -1;
      } else if (tag === METADATA) this.#visitor.metadata(readMetadata(reader));
      else reader.skip(tag, REQUEST_FIELDS);
    }
  }

  #readSeries(start: number, end: number): void {
    const bytes = this.#bytes;
    const visitor = this.#visitor;
    const { view } = this.#reader;
    let position = start;
    // Tag and length are read at once; lengths from 128 on have a second byte.
    while (position + 2 <= end) {
      const head = view.getUint16(position, true);
      if ((head & 0x80ff) === LABEL) position += 2 + (head >>> 8);
      else if ((head & 0xff) === LABEL) position = this.#afterField(position, end);
      else break;
    }
    if (position > end) throw this.#reader.problem('a label runs past the end of its series', end);
    if (this.#holdsNoLabel(position, end)) {
      if (!visitor.series(bytes, start, position)) return;
    } else if (!this.#gatherLabels(start, end)) return;
    this.#readData(position, end);
  }

  /** Whether only samples, exemplars and histograms follow. */
  #holdsNoLabel(start: number, end: number): boolean {
    const { view } = this.#reader;
    let position = start;
    while (position + 2 <= end) {
      const head = view.getUint16(position, true);
      const tag = head & 0xff;
      if (tag !== SAMPLE && tag !== EXEMPLAR && tag !== HISTOGRAM) return false;
      if (head < 0x8000) position += 2 + (head >>> 8);
      else position = this.#afterField(position, end);
    }
    return position === end;
  }

  /** The position after the field that starts at `position`; its tag is one byte. */
  #afterField(position: number, end: number): number {
    const reader = this.#reader;
    reader.position = position + 1;
    reader.end = end;
    return reader.payload();
  }

  /** The labels do not stand together at the start, so they are brought together. */
  #gatherLabels(start: number, end: number): boolean {
    const reader = this.#reader;
    const scratch = (this.#scratch ??= new LabelScratch(this.#bytes));
    scratch.clear();
    reader.position = start;
    reader.end = end;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === LABEL) {
        const labelEnd = reader.payload();
        scratch.message(reader.position, labelEnd);
        reader.position = labelEnd;
      } else reader.skip(tag, 1 << 1);
    }
    return this.#visitor.series(scratch.bytes, 0, scratch.length);
  }

  #readData(start: number, end: number): void {
    const bytes = this.#bytes;
    const reader = this.#reader;
    const visitor = this.#visitor;
    let position = start;
    while (position < end) {
      if (bytes[position] === SAMPLE) {
        position = readSample(reader, position, end, visitor);
        continue;
      }
      reader.position = position;
      reader.end = end;
      const tag = reader.tag();
      switch (tag) {
        case LABEL:
          reader.position = reader.payload();
          break;
        case SAMPLE: // its tag has more bytes than it needs
          reader.position = readSample(reader, reader.position - 1, end, visitor);
          break;
        case EXEMPLAR:
          reportInvalid(visitor, this.seriesIndex, this.#readExemplar());
          break;
        case HISTOGRAM:
          reportInvalid(visitor, this.seriesIndex, readHistogram(reader, visitor));
          break;
        default:
          reader.skip(tag, SERIES_FIELDS);
      }
      position = reader.position;
    }
  }

  #readExemplar(): string | undefined {
    const reader = this.#reader;
    const outer = reader.enter();
    const flat: string[] = [];
    let value = 0;
    let unixMs = 0;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 0x0a) readLabel(reader, flat);
      else if (tag === 0x11) value = reader.double();
      else if (tag === 0x18) unixMs = reader.int64();
      else reader.skip(tag, EXEMPLAR_FIELDS);
    }
    reader.leave(outer);
    return reportExemplar(this.#visitor, flat, value, unixMs);
  }
}
