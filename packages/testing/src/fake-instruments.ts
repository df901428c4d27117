import {
  type Counter,
  type Gauge,
  type Histogram,
  type InstrumentOptions,
  type Instruments,
  type LabelValues,
  type Summary,
} from '@dwcp/core';

/** Keeps counters and gauges as numbers by `name{label="value"}`, histograms as their count. */
export class FakeInstruments implements Instruments {
  readonly values: Record<string, number> = {};

  counter({ name }: InstrumentOptions): Counter {
    const bound = (labels: LabelValues = {}) => ({
      inc: (value = 1) => this.#add(name, labels, value),
    });
    return { ...bound(), labels: bound };
  }

  gauge({ name }: InstrumentOptions): Gauge {
    const bound = (labels: LabelValues = {}) => ({
      set: (value: number) => {
        this.values[keyOf(name, labels)] = value;
      },
      inc: (value = 1) => this.#add(name, labels, value),
      dec: (value = 1) => this.#add(name, labels, -value),
    });
    return { ...bound(), labels: bound, remove: () => undefined };
  }

  histogram({ name }: InstrumentOptions): Histogram {
    const bound = (labels: LabelValues = {}) => ({
      observe: () => this.#add(`${name}_count`, labels, 1),
    });
    return { ...bound(), labels: bound };
  }

  summary(): Summary {
    throw new Error('no summaries here');
  }

  #add(name: string, labels: LabelValues, value: number): void {
    const key = keyOf(name, labels);
    this.values[key] = (this.values[key] ?? 0) + value;
  }
}

function keyOf(name: string, labels: LabelValues): string {
  const parts = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return parts.length === 0 ? name : `${name}{${parts.sort().join(',')}}`;
}
