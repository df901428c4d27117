import { malformed, reportInvalid } from './errors.ts';
import { reportExemplar } from './exemplars.ts';
import { readHistogram } from './histograms.ts';
import { LabelScratch } from './label-scratch.ts';
import { SeriesMetadataReader } from './metadata-v2.ts';
import { RefList } from './ref-list.ts';
import { readSample } from './samples.ts';
import { SymbolTable } from './symbols.ts';
import { type RemoteWriteVisitor } from './types.ts';
import { WireReader } from './wire-reader.ts';

// io.prometheus.write.v2.Request
const SYMBOL = 0x22;
const SERIES = 0x2a;
const REQUEST_FIELDS = (1 << 4) | (1 << 5);
// io.prometheus.write.v2.TimeSeries
const LABEL_REFS = 0x0a;
const LABEL_REF = 0x08;
const SAMPLE = 0x12;
const HISTOGRAM = 0x1a;
const EXEMPLAR = 0x22;
const METADATA = 0x2a;
const SERIES_FIELDS = (1 << 1) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 5);
// io.prometheus.write.v2.Exemplar
const EXEMPLAR_FIELDS = (1 << 1) | (1 << 2) | (1 << 3);

/** Of one series. A reference of a byte can stand for a symbol of megabytes. */
const MAX_LABEL_BYTES = 1 << 20;
/** How many times its own size a request may name in labels, all series together. */
const MAX_EXPANSION = 256;
const MAX_EXPANDED_BYTES = 2 ** 30;

/** Reads an io.prometheus.write.v2.Request. */
export class RequestReader2 {
  readonly #bytes: Uint8Array;
  readonly #visitor: RemoteWriteVisitor;
  readonly #reader: WireReader;
  readonly #symbols: SymbolTable;
  readonly #scratch: LabelScratch;
  readonly #metadata: SeriesMetadataReader;
  readonly #refs = new RefList();
  readonly #exemplarRefs = new RefList();
  #bytesLeft: number;
  /** Of the series being read, for errors; -1 outside of one. */
  seriesIndex = -1;

  constructor(message: Uint8Array, visitor: RemoteWriteVisitor) {
    this.#bytes = message;
    this.#visitor = visitor;
    this.#reader = new WireReader(message);
    this.#symbols = new SymbolTable(message);
    this.#scratch = new LabelScratch(message);
    this.#metadata = new SeriesMetadataReader(this.#reader, this.#symbols);
    this.#bytesLeft = Math.min(
      MAX_LABEL_BYTES + message.length * MAX_EXPANSION,
      MAX_EXPANDED_BYTES,
    );
  }

  read(): void {
    // The symbols usually stand before the series, but need not.
    const seriesCount = this.#readSymbols();
    if (seriesCount === 0) return;
    this.#symbols.checkFirst();
    const reader = this.#reader;
    reader.position = 0;
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
      } else reader.skip(tag, 0);
    }
  }

  #readSymbols(): number {
    const reader = this.#reader;
    let seriesCount = 0;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === SYMBOL) {
        const end = reader.payload();
        this.#symbols.add(reader.position, end);
        reader.position = end;
      } else if (tag === SERIES) {
        seriesCount++;
        reader.position = reader.payload();
      } else reader.skip(tag, REQUEST_FIELDS);
    }
    return seriesCount;
  }

  #readSeries(start: number, end: number): void {
    const dataStart = this.#readRefs(start, end);
    const problem = this.#writeLabels();
    if (problem !== undefined) {
      reportInvalid(this.#visitor, this.seriesIndex, problem);
      return;
    }
    if (!this.#visitor.series(this.#scratch.bytes, 0, this.#scratch.length)) return;
    this.#readData(dataStart, end);
  }

  /** Gathers the label references. @returns where the first other field stands */
  #readRefs(start: number, end: number): number {
    const reader = this.#reader;
    const refs = this.#refs;
    refs.clear();
    reader.position = start;
    reader.end = end;
    let dataStart = -1;
    while (reader.more()) {
      const fieldStart = reader.position;
      const tag = reader.tag();
      if (tag === LABEL_REFS || tag === LABEL_REF) refs.read(reader, tag);
      else {
        if (dataStart < 0) dataStart = fieldStart;
        reader.skip(tag, 1 << 1);
      }
    }
    return dataStart < 0 ? end : dataStart;
  }

  #writeLabels(): string | undefined {
    const refs = this.#refs;
    const symbols = this.#symbols;
    const problem = refs.problem(symbols.count);
    if (problem !== undefined) return problem;
    const scratch = this.#scratch;
    scratch.clear();
    if (!scratch.labels(refs.values, refs.count, symbols.places, MAX_LABEL_BYTES)) {
      return `its labels have more than ${MAX_LABEL_BYTES} bytes: use shorter label values`;
    }
    this.#bytesLeft -= scratch.length;
    if (this.#bytesLeft < 0) {
      throw malformed(
        `the labels of all series have far more bytes than the request: use shorter label values`,
      );
    }
    return undefined;
  }

  #readData(start: number, end: number): void {
    const bytes = this.#bytes;
    const reader = this.#reader;
    const visitor = this.#visitor;
    const metadata = this.#metadata;
    metadata.begin();
    let hasHistogram = false;
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
        case SAMPLE: // its tag has more bytes than it needs
          reader.position = readSample(reader, reader.position - 1, end, visitor);
          break;
        case HISTOGRAM:
          hasHistogram = true;
          reportInvalid(visitor, this.seriesIndex, readHistogram(reader, visitor));
          break;
        case EXEMPLAR:
          reportInvalid(visitor, this.seriesIndex, this.#readExemplar());
          break;
        case METADATA:
          metadata.read();
          break;
        case LABEL_REF:
        case LABEL_REFS:
          reader.skip(tag, 0);
          break;
        default: // among them the created timestamp
          reader.skip(tag, SERIES_FIELDS);
      }
      position = reader.position;
    }
    reportInvalid(visitor, this.seriesIndex, metadata.report(visitor, this.#refs, hasHistogram));
  }

  #readExemplar(): string | undefined {
    const reader = this.#reader;
    const symbols = this.#symbols;
    const refs = this.#exemplarRefs;
    refs.clear();
    const outer = reader.enter();
    let value = 0;
    let unixMs = 0;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === LABEL_REFS || tag === LABEL_REF) refs.read(reader, tag);
      else if (tag === 0x11) value = reader.double();
      else if (tag === 0x18) unixMs = reader.int64();
      else reader.skip(tag, EXEMPLAR_FIELDS);
    }
    reader.leave(outer);
    const problem = refs.problem(symbols.count);
    if (problem !== undefined) return `an exemplar of the value ${value}: ${problem}`;
    const flat: string[] = [];
    for (let i = 0; i < refs.count; i++) flat.push(symbols.text(refs.at(i)));
    return reportExemplar(this.#visitor, flat, value, unixMs);
  }
}
