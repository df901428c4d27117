import { type Exemplar, METRIC_NAME, type MetricMetadata, type NativeHistogram } from '@dwcp/core';
import {
  encodeRemoteWrite,
  type RemoteWriteSeries,
  type RemoteWriteVersion,
} from '@dwcp/protocol-prometheus';

import { type Counts } from './answer.ts';
import { type EncodedLoad, type Load } from './delivery.ts';
import { type OutgoingSeries } from './outgoing-series.ts';
import { histogramOf, type Piece } from './rows.ts';

/** What is known of metrics, by family. */
export type MetadataByName = ReadonlyMap<string, MetricMetadata>;

export interface BatchOptions {
  /** Without it, native histograms are sent in 2.0 only. */
  readonly sendNativeHistograms: boolean | undefined;
  readonly metadata: () => MetadataByName;
}

/** Rows of one series of one kind. The specification wants samples and histograms apart. */
interface Group {
  readonly series: OutgoingSeries;
  isHistogram: boolean;
  readonly rows: Place[];
  exemplars: Exemplar[] | undefined;
}

type Place = readonly [piece: Piece, row: number];

let lastToken = 0;

/** Rows that go in one request, in their order. The same rows encode to the same bytes. */
export class Batch implements Load {
  readonly pieces: readonly Piece[];
  readonly rowCount: number;
  readonly #options: BatchOptions;
  #encoded:
    | { readonly version: RemoteWriteVersion; readonly load: EncodedLoad | undefined }
    | undefined;
  /** Of the last encoding: what that version has no place for. */
  #unsent: Counts = { samples: 0, histograms: 0, exemplars: 0 };

  constructor(pieces: readonly Piece[], options: BatchOptions) {
    this.pieces = pieces;
    this.rowCount = pieces.reduce((sum, { rows }) => sum + rows.length, 0);
    this.#options = options;
  }

  /** An earlier process may have sent some of it. */
  get isDoubtful(): boolean {
    return this.pieces.some(({ entry }) => entry.isDoubtful);
  }

  get unsent(): Counts {
    return this.#unsent;
  }

  /** The newest of its timestamps; -Infinity without one. */
  get highestUnixMs(): number {
    let highest = -Infinity;
    for (const { source, rows } of this.pieces) {
      for (const row of rows) {
        const unixMs = source.batch.timestamps[row];
        if (unixMs !== undefined && unixMs > highest) highest = unixMs;
      }
    }
    return highest;
  }

  encode(version: RemoteWriteVersion): EncodedLoad | undefined {
    if (this.#encoded?.version !== version) {
      this.#encoded = { version, load: this.#encode(version) };
    }
    return this.#encoded.load;
  }

  /** Both halves in order; the whole where it is one row. */
  halves(): readonly Batch[] {
    const middle = Math.floor(this.rowCount / 2);
    if (middle === 0) return [this];
    return [this.#part(0, middle), this.#part(middle, this.rowCount)];
  }

  #part(start: number, end: number): Batch {
    const pieces: Piece[] = [];
    let at = 0;
    for (const piece of this.pieces) {
      const rows = piece.rows.slice(Math.max(0, start - at), Math.max(0, end - at));
      if (rows.length > 0) pieces.push({ ...piece, rows });
      at += piece.rows.length;
    }
    return new Batch(pieces, this.#options);
  }

  #encode(version: RemoteWriteVersion): EncodedLoad | undefined {
    const counts = { samples: 0, histograms: 0, exemplars: 0 };
    const unsent = { samples: 0, histograms: 0, exemplars: 0 };
    const sendHistograms = this.#options.sendNativeHistograms ?? version === '2.0';
    const series: RemoteWriteSeries[] = [];
    const columns = new Columns(this.rowCount);
    for (const group of this.#groups()) {
      const exemplarCount = group.exemplars?.length ?? 0;
      const hasRows = group.rows.length > 0;
      // In 2.0 a series must have a sample or histogram, so exemplars cannot come alone.
      if ((group.isHistogram && !sendHistograms) || (!hasRows && version === '2.0')) {
        unsent.histograms += group.rows.length;
        unsent.exemplars += exemplarCount;
        continue;
      }
      counts[group.isHistogram ? 'histograms' : 'samples'] += group.rows.length;
      counts.exemplars += exemplarCount;
      series.push(seriesOf(group, columns));
    }
    this.#unsent = unsent;
    if (series.length === 0) return undefined;
    const metadata = version === '2.0' ? familiesOf(series, this.#options.metadata()) : [];
    return { body: encodeRemoteWrite(series, { version, metadata }), counts };
  }

  #groups(): readonly Group[] {
    const token = ++lastToken;
    const groups: Group[] = [];
    for (const piece of this.pieces) {
      const { source } = piece;
      for (const row of piece.rows) {
        const series = source.series[row];
        if (series === undefined) continue;
        const isAlone = row >= source.batch.labels.length;
        const isHistogram = !isAlone && histogramOf(source, row) !== undefined;
        let group = series.groupToken === token ? groups[series.group] : undefined;
        if (group?.rows.length === 0) group.isHistogram = isHistogram;
        if (group === undefined || (!isAlone && group.isHistogram !== isHistogram)) {
          group = { series, isHistogram, rows: [], exemplars: undefined };
          series.groupToken = token;
          series.group = groups.length;
          groups.push(group);
        }
        if (!isAlone) group.rows.push([piece, row]);
        const exemplars = source.exemplars.get(row);
        if (exemplars !== undefined) (group.exemplars ??= []).push(...exemplars);
      }
    }
    return groups;
  }
}

/** Room for the rows of all series, as views of one buffer: making one for each takes longer than encoding. */
class Columns {
  readonly #timestamps: Float64Array;
  readonly #values: Float64Array;
  readonly #words: Int32Array;
  #used = 0;

  constructor(rowCount: number) {
    this.#timestamps = new Float64Array(rowCount);
    this.#values = new Float64Array(rowCount);
    this.#words = new Int32Array(this.#values.buffer);
  }

  /** Copies rows, the values by their bits. */
  fill(rows: readonly Place[]): Pick<RemoteWriteSeries, 'timestamps' | 'values'> {
    const start = this.#used;
    for (const [{ source }, row] of rows) {
      const at = this.#used++;
      this.#timestamps[at] = source.batch.timestamps[row] ?? 0;
      this.#words[2 * at] = source.words[2 * row] ?? 0;
      this.#words[2 * at + 1] = source.words[2 * row + 1] ?? 0;
    }
    return {
      timestamps: this.#timestamps.subarray(start, this.#used),
      values: this.#values.subarray(start, this.#used),
    };
  }
}

function seriesOf(
  { series, isHistogram, rows, exemplars }: Group,
  columns: Columns,
): RemoteWriteSeries {
  const ordered = byTime(rows);
  return {
    labels: series.labels,
    ...columns.fill(ordered),
    ...(isHistogram && { histograms: histogramsOf(ordered) }),
    ...(exemplars !== undefined && { exemplars }),
  };
}

function histogramsOf(rows: readonly Place[]): (NativeHistogram | undefined)[] {
  return rows.map(([{ source }, row]) => histogramOf(source, row));
}

/** A series must be sent in the order of time; late samples of a store are not. */
function byTime(rows: readonly Place[]): readonly Place[] {
  const timeOf = ([{ source }, row]: Place): number => source.batch.timestamps[row] ?? 0;
  for (let i = 1; i < rows.length; i++) {
    const [before, after] = [rows[i - 1], rows[i]];
    if (before !== undefined && after !== undefined && timeOf(after) < timeOf(before)) {
      return rows.toSorted((a, b) => timeOf(a) - timeOf(b));
    }
  }
  return rows;
}

const SUFFIX = /_(?:bucket|sum|count|gsum|gcount|total|info)$/;

/** All metadata that may belong to one of the series; which do is for the encoder to say. */
function familiesOf(
  series: readonly RemoteWriteSeries[],
  metadata: MetadataByName,
): readonly MetricMetadata[] {
  if (metadata.size === 0) return [];
  const families = new Set<MetricMetadata>();
  let last = '';
  for (const { labels } of series) {
    const name = labels.get(METRIC_NAME);
    if (name === last) continue;
    last = name;
    for (const family of [metadata.get(name), metadata.get(name.replace(SUFFIX, ''))]) {
      if (family !== undefined) families.add(family);
    }
  }
  return [...families];
}
