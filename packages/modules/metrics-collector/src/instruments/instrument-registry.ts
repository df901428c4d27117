import {
  type Clock,
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramOptions,
  type InstrumentOptions,
  type Instruments,
  InvalidInputError,
  type LabelValues,
  type MetricMetadata,
  type MetricType,
  type SampleBatchBuilder,
  type Summary,
  type SummaryOptions,
} from '@dwcp/core';
import type { Registry } from 'prom-client';

import { contentTypeOf, type ExpositionFormat } from '../exposition/exposition-writer.ts';
import { type Cell, type ExtraLabels } from './cell.ts';
import { CounterInstrument } from './counter.ts';
import { GaugeInstrument } from './gauge.ts';
import { checkBuckets, DEFAULT_BUCKETS, HistogramInstrument } from './histogram.ts';
import {
  collectFamily,
  type Instrument,
  type InstrumentContext,
  type InstrumentFamily,
} from './instrument.ts';
import { checkInstrumentName, checkLabelNames } from './names.ts';
import { schemaOf } from './native-buckets.ts';
import { PromClientView } from './prom-client-view.ts';
import { Rejections } from './rejections.ts';
import {
  checkSummary,
  DEFAULT_MAX_AGE_SECONDS,
  DEFAULT_QUANTILES,
  SummaryInstrument,
} from './summary.ts';

export interface InstrumentRegistryOptions {
  readonly clock: Clock;
  /** Label sets of one instrument; a new one above it is refused and counted. Default 2,000. */
  readonly maxLabelSets?: number;
  /** Instruments; one above it is an InvalidInputError. Default 5,000. */
  readonly maxInstruments?: number;
}

/** Names of samples and families that a metric takes, in either format. */
function namesTakenBy(name: string, type: MetricType): readonly string[] {
  if (type === 'counter') return [name, name.replace(/_total$/, '')];
  if (type === 'histogram') return [name, `${name}_bucket`, `${name}_sum`, `${name}_count`];
  if (type === 'summary') return [name, `${name}_sum`, `${name}_count`];
  return [name];
}

/**
 * The instruments of one process. Making one may throw InvalidInputError; observing never throws:
 * what is wrong is refused and counted in `dwcp_instrument_rejected_total{instrument,reason}`.
 */
export class InstrumentRegistry implements Instruments {
  readonly #context: InstrumentContext;
  readonly #maxInstruments: number;
  readonly #instruments = new Map<string, Instrument<Cell>>();
  readonly #families: InstrumentFamily[];
  readonly #taken = new Map<string, string>();
  readonly #views: Readonly<Record<ExpositionFormat, PromClientView>>;
  #extra: ExtraLabels = {};
  #scratch = new Float64Array(64);
  #metadata: readonly MetricMetadata[] | undefined;

  constructor(options: InstrumentRegistryOptions) {
    const { clock, maxLabelSets = 2_000, maxInstruments = 5_000 } = options;
    const rejections = new Rejections();
    this.#context = { clock, rejections, maxLabelSets };
    this.#maxInstruments = maxInstruments;
    this.#families = [rejections];
    this.#claim(rejections.metadata.name, 'counter');
    const families = (): Iterable<InstrumentFamily> => this.#families;
    this.#views = {
      text: new PromClientView(families, 'text'),
      openmetrics: new PromClientView(families, 'openmetrics'),
    };
  }

  counter(options: InstrumentOptions): Counter {
    const { name, help, labelNames = [] } = options;
    const known = this.#known(options, 'counter');
    if (known instanceof CounterInstrument) return known;
    return this.#add(new CounterInstrument(name, help, labelNames, this.#context));
  }

  gauge(options: InstrumentOptions): Gauge {
    const { name, help, labelNames = [] } = options;
    const known = this.#known(options, 'gauge');
    if (known instanceof GaugeInstrument) return known;
    return this.#add(new GaugeInstrument(name, help, labelNames, this.#context));
  }

  /** Asked for again with other buckets, the first ones stay. */
  histogram(options: HistogramOptions): Histogram {
    const { name, help, labelNames = [], buckets = DEFAULT_BUCKETS, nativeBucketFactor } = options;
    const known = this.#known(options, 'histogram');
    if (known instanceof HistogramInstrument) return known;
    const bounds = buckets.at(-1) === Infinity ? buckets.slice(0, -1) : buckets;
    checkBuckets(name, bounds);
    const nativeSchema =
      nativeBucketFactor === undefined ? undefined : schemaOf(nativeBucketFactor);
    const context = this.#context;
    return this.#add(
      new HistogramInstrument(name, help, labelNames, { bounds, nativeSchema, context }),
    );
  }

  /** Asked for again with other quantiles, the first ones stay. */
  summary(options: SummaryOptions): Summary {
    const { name, help, labelNames = [], quantiles = DEFAULT_QUANTILES } = options;
    const { maxAgeSeconds = DEFAULT_MAX_AGE_SECONDS } = options;
    const known = this.#known(options, 'summary');
    if (known instanceof SummaryInstrument) return known;
    checkSummary(name, quantiles, maxAgeSeconds);
    const context = this.#context;
    return this.#add(
      new SummaryInstrument(name, help, labelNames, { quantiles, maxAgeSeconds, context }),
    );
  }

  /** All current values as exposition text. Native histograms are not in it: the formats lack them. */
  expose(format: ExpositionFormat): Promise<string> {
    return this.#views[format].expose();
  }

  contentType(format: ExpositionFormat): string {
    return contentTypeOf(format);
  }

  /**
   * The instruments as a prom-client registry, for a program that has one already:
   * `Registry.merge([own, await instruments.promClient('text')])`. Instruments made later are missing
   * there until this is called again.
   */
  promClient(format: ExpositionFormat): Promise<Registry> {
    return this.#views[format].registry();
  }

  /**
   * Adds all current values to a batch as samples of one moment. Label sets are kept from call to
   * call while `extra` stays the same; a label of the instrument wins over one in `extra`.
   */
  collect(into: SampleBatchBuilder, unixMs: number, extra: LabelValues = {}): void {
    if (!sameLabels(extra, this.#extra)) this.#extra = { ...extra };
    for (const family of this.#families) {
      collectFamily(family, into, unixMs, this.#extra, this.#scratch);
    }
  }

  /** What the metrics mean, by the names stored samples have; the same array until one is added. */
  metadata(): readonly MetricMetadata[] {
    this.#metadata ??= this.#families.map(({ metadata }) => metadata);
    return this.#metadata;
  }

  /** The instrument of that name, after checking that it is what is asked for. */
  #known(options: InstrumentOptions, type: MetricType): Instrument<Cell> | undefined {
    const { name, help, labelNames = [] } = options;
    const known = this.#instruments.get(name);
    if (known !== undefined) {
      const same =
        known.metadata.type === type &&
        known.labelNames.length === labelNames.length &&
        labelNames.every((label) => known.labelNames.includes(label));
      if (same) return known;
      throw new InvalidInputError(
        'name',
        `"${name}" is already a ${known.metadata.type} with labels [${known.labelNames.join(', ')}]; ` +
          `give the ${type} with labels [${labelNames.join(', ')}] another name`,
      );
    }
    checkInstrumentName(name, type);
    checkLabelNames(name, type, labelNames);
    if (typeof help !== 'string' || help.trim() === '') {
      throw new InvalidInputError(
        'help',
        `${type} "${name}" wants a sentence that says what it is`,
      );
    }
    return undefined;
  }

  #add<I extends Instrument<Cell>>(instrument: I): I {
    const { name, type } = instrument.metadata;
    if (this.#instruments.size >= this.#maxInstruments) {
      throw new InvalidInputError(
        'name',
        `${type} "${name}" would be instrument ${this.#maxInstruments + 1}; ` +
          'put what varies into labels, or raise maxInstruments',
      );
    }
    this.#claim(name, type);
    if (instrument.labelNames.length === 0) instrument.labels({});
    if (instrument.shape.length > this.#scratch.length) {
      this.#scratch = new Float64Array(instrument.shape.length);
    }
    this.#instruments.set(name, instrument);
    this.#families.push(instrument);
    this.#metadata = undefined;
    return instrument;
  }

  #claim(name: string, type: MetricType): void {
    const names = namesTakenBy(name, type);
    for (const taken of names) {
      const owner = this.#taken.get(taken);
      if (owner === undefined) continue;
      throw new InvalidInputError(
        'name',
        `${type} "${name}" would share the name "${taken}" with "${owner}"; rename one of them`,
      );
    }
    for (const taken of names) this.#taken.set(taken, name);
  }
}

function sameLabels(a: LabelValues, b: LabelValues): boolean {
  if (a === b) return true;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
