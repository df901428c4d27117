import { type Attributes, type Resource } from '@dwcp/core';

import { ByteTable } from './byte-table.ts';
import { type OtlpScope } from './metrics.ts';

export interface OtlpMetricsCacheOptions {
  /** Attribute sets held at most. Default 200,000. */
  readonly maxAttributeSets?: number;
  /** Bytes of their encoding held at most. Default 32 MiB. */
  readonly maxBytes?: number;
}

/**
 * Attribute sets, resources and scopes by their bytes. An exporter sends the same ones with every
 * request: they are decoded once, and the same object stands for the same bytes from then on, so
 * that what follows can be found by identity. When full it starts anew (`resets`).
 */
export class OtlpMetricsCache {
  /** @internal */
  readonly attributes: ByteTable<Attributes>;
  /** @internal */
  readonly resources: ByteTable<Resource>;
  /** @internal */
  readonly scopes: ByteTable<OtlpScope>;

  constructor(options: OtlpMetricsCacheOptions = {}) {
    const { maxAttributeSets = 200_000, maxBytes = 32 * 1_048_576 } = options;
    this.attributes = new ByteTable({ maxEntries: maxAttributeSets, maxBytes });
    this.resources = new ByteTable({ maxEntries: 10_000, maxBytes: maxBytes / 4 });
    this.scopes = new ByteTable({ maxEntries: 10_000, maxBytes: maxBytes / 4 });
  }

  get attributeSets(): number {
    return this.attributes.size;
  }

  /** How often a limit was reached and everything of its kind forgotten. */
  get resets(): number {
    return this.attributes.resets + this.resources.resets + this.scopes.resets;
  }
}
