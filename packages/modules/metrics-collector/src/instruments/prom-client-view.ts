import type { Registry } from 'prom-client';

import { type ExpositionFormat } from '../exposition/exposition-writer.ts';
import { type Cell, type SampleShape } from './cell.ts';
import { type InstrumentFamily } from './instrument.ts';

/** What prom-client's registry asks of a value. */
interface PromValue {
  /** Absent where the name is the family's own, to which OpenMetrics adds `_total`. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar?: {
    readonly labelSet: Readonly<Record<string, string>>;
    readonly value: number;
    /** Unix seconds. */
    readonly timestamp: number;
  };
}

/**
 * Shows families as metrics of a prom-client registry of their own, which writes the exposition and
 * can be merged with the registry of a host program. The values stay in our cells: prom-client 15
 * validates and hashes the labels on every observation, mixes up label sets such as `a="1,b:2"`
 * with `a="1"` `b="2"`, and renames counters for good when asked for OpenMetrics, so each format has
 * a registry.
 */
export class PromClientView {
  readonly #families: () => Iterable<InstrumentFamily>;
  readonly #format: ExpositionFormat;
  #registry: Promise<Registry> | undefined;
  readonly #registered = new Set<InstrumentFamily>();

  constructor(families: () => Iterable<InstrumentFamily>, format: ExpositionFormat) {
    this.#families = families;
    this.#format = format;
  }

  async registry(): Promise<Registry> {
    // Loading prom-client takes longer than the rest of this package, so it waits for the first use.
    this.#registry ??= this.#create();
    const [registry, { Gauge }] = await Promise.all([this.#registry, import('prom-client')]);
    const format = this.#format;
    for (const family of this.#families()) {
      if (this.#registered.has(family)) continue;
      this.#registered.add(family);
      const { name, help } = family.metadata;
      const metric = new Gauge({ name, help, registers: [registry] });
      // Only this method is used of it; its declared type knows nothing of names and exemplars.
      metric.get = () => Promise.resolve(describe(family, format) as never);
    }
    return registry;
  }

  async expose(): Promise<string> {
    const text = await (await this.registry()).metrics();
    return text.replaceAll(/^([^#].*) Nan$/gm, '$1 NaN');
  }

  async #create(): Promise<Registry> {
    const { Registry: PromRegistry } = await import('prom-client');
    const registry = new PromRegistry();
    if (this.#format === 'openmetrics') {
      const openMetrics = PromRegistry.OPENMETRICS_CONTENT_TYPE;
      registry.setContentType(openMetrics as never);
    }
    return registry;
  }
}

function describe(family: InstrumentFamily, format: ExpositionFormat): object {
  const { metadata, shape } = family;
  const counter = metadata.type === 'counter';
  const values: PromValue[] = [];
  const out = new Float64Array(shape.length);
  for (const cell of family.cells()) {
    cell.fill(out);
    shape.forEach((sample, index) => {
      values.push({
        ...(counter ? {} : { metricName: metadata.name + sample.suffix }),
        labels: labelsOf(cell, sample, format),
        value: out[index] ?? Number.NaN,
        ...exemplarOf(cell, index),
      });
    });
  }
  const name =
    counter && format === 'openmetrics' ? metadata.name.replace(/_total$/, '') : metadata.name;
  return { name, help: metadata.help, type: metadata.type, values, aggregator: 'sum' };
}

function labelsOf(
  cell: Cell,
  { label }: SampleShape,
  format: ExpositionFormat,
): Readonly<Record<string, string>> {
  if (label === undefined) return cell.labelValues;
  return { ...cell.labelValues, [label.name]: label[format] };
}

function exemplarOf(cell: Cell, index: number): Pick<PromValue, 'exemplar'> {
  const exemplar = cell.exemplar(index);
  if (exemplar === undefined) return {};
  const { labels, value, unixMs = 0 } = exemplar;
  return { exemplar: { labelSet: labels.toObject(), value, timestamp: unixMs / 1_000 } };
}
