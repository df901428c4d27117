import { type LabelValues } from '@dwcp/core';

import { type Metadata, type MetricSink } from '../metric-collector.ts';
import { type ProcReader } from './proc-reader.ts';

/** What a part of the host collector works with. */
export interface HostContext {
  readonly proc: ProcReader;
  readonly metadata: Metadata;
}

/** One subject, named as node_exporter's collector of it. */
export interface HostPart {
  readonly name: string;
  /** @throws Error when the machine does not tell, for instance a file that is not there */
  collect(sink: MetricSink): void;
}

/** The same label object for the same value each time. */
export class LabelOf {
  readonly #name: string;
  readonly #byValue = new Map<string, LabelValues>();

  constructor(name: string) {
    this.#name = name;
  }

  get(value: string): LabelValues {
    let labels = this.#byValue.get(value);
    if (labels === undefined) {
      // Devices come and go; what has gone must not pile up.
      if (this.#byValue.size >= 10_000) this.#byValue.clear();
      this.#byValue.set(value, (labels = { [this.#name]: value }));
    }
    return labels;
  }
}
