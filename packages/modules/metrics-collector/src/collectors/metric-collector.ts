import { type LabelValues, type MetricMetadata, type MetricType } from '@dwcp/core';

/** Takes the samples of one collection. */
export interface MetricSink {
  /**
   * @param name of the sample, a histogram's `_bucket` and so on included
   * @param labels never changed afterwards; handing over the same object each time is the cheapest
   */
  add(name: string, labels: LabelValues | undefined, value: number): void;
}

/** Brings samples from somewhere, once per tick of the collection loop. */
export interface MetricCollector {
  /** Unique within a loop. */
  readonly name: string;
  /** What the metrics mean; the same array until there is more to say. Complete after a collection. */
  describe(): readonly MetricMetadata[];
  /**
   * Adds the current values. A failure is reported by throwing; what was added before it is dropped.
   * @param unixMs the moment the samples will carry
   */
  collect(sink: MetricSink, unixMs: number): void | Promise<void>;
}

/** Metadata gathered as metrics turn up. */
export class Metadata {
  readonly #byName = new Map<string, MetricMetadata>();
  #list: readonly MetricMetadata[] | undefined;

  /** Remembers the first word on a name. */
  add(name: string, type: MetricType, help: string, unit: string = ''): void {
    if (this.#byName.has(name)) return;
    this.#byName.set(name, { name, type, help, unit });
    this.#list = undefined;
  }

  list(): readonly MetricMetadata[] {
    return (this.#list ??= [...this.#byName.values()]);
  }
}
