import { type FeedPosition } from '@dwcp/core';
import { type RemoteWriteVersion } from '@dwcp/protocol-prometheus';

import { type LastError } from './delivery.ts';

/** What a page shows of a destination. Holds no secret. */
export interface ForwarderStatus {
  readonly name: string;
  /** Without its query, and with long parts of the path masked. */
  readonly url: string;
  /** `retrying`: a request failed and is tried again. */
  readonly state: 'new' | 'running' | 'retrying' | 'closed';
  /** In use now; below the configured one after a fallback. */
  readonly version: RemoteWriteVersion;
  readonly shards: {
    readonly current: number;
    /** What the backlog asks for, not bounded by `max`. */
    readonly desired: number;
    readonly min: number;
    readonly max: number;
  };
  /** Rows read from the feed and neither acknowledged nor dropped. */
  readonly pending: number;
  /** Of one shard. */
  readonly capacity: number;
  /** Everything before it is acknowledged or dropped. */
  readonly position: FeedPosition | undefined;
  /** Where a restart would begin. */
  readonly savedPosition: FeedPosition | undefined;
  /** Bytes of the feed behind `position`. */
  readonly backlogBytes: number;
  /** Age of the newest acknowledged timestamp while something waits, else 0. */
  readonly lagSeconds: number;
  readonly highestReadUnixMs: number | undefined;
  readonly highestSentUnixMs: number | undefined;
  /** Samples, histograms and exemplars since the start. */
  readonly sent: number;
  readonly retried: number;
  readonly droppedByReason: Readonly<Record<string, number>>;
  readonly cachedSeries: number;
  readonly lastError: LastError | undefined;
}
