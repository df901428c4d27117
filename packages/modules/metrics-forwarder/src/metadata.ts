import { type MetricMetadata } from '@dwcp/core';
import { encodeRemoteWrite, type RemoteWriteVersion } from '@dwcp/protocol-prometheus';

import { NONE } from './answer.ts';
import { type MetadataByName } from './batch.ts';
import { type EncodedLoad, type Load } from './delivery.ts';

/** Families in one request. */
export const MAX_METADATA_PER_SEND = 500;
/** How long the list counts as current, for what is sent with series. */
const CURRENT_MS = 10_000;

/** Families alone, as 1.0 sends them: 2.0 has them in the series. */
export class MetadataLoad implements Load {
  readonly #families: readonly MetricMetadata[];

  constructor(families: readonly MetricMetadata[]) {
    this.#families = families;
  }

  encode(version: RemoteWriteVersion): EncodedLoad | undefined {
    if (version !== '1.0') return undefined;
    return {
      body: encodeRemoteWrite([], { version, metadata: this.#families }),
      counts: NONE,
    };
  }
}

/** Asks for all metadata now and then, rather than for each request. */
export class MetadataSnapshot {
  readonly #read: () => readonly MetricMetadata[];
  readonly #nowMs: () => number;
  #readMs = -Infinity;
  #byName: MetadataByName = new Map();

  constructor(read: () => readonly MetricMetadata[], nowMs: () => number) {
    this.#read = read;
    this.#nowMs = nowMs;
  }

  get byName(): MetadataByName {
    const nowMs = this.#nowMs();
    if (nowMs - this.#readMs >= CURRENT_MS) {
      this.#readMs = nowMs;
      this.#byName = new Map(this.#read().map((family) => [family.name, family]));
    }
    return this.#byName;
  }
}
