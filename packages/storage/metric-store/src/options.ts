import { type Clock, type Log, type MetricStoreStats, type RejectReason } from '@dwcp/core';
import { type Durability, type FileSystem } from '@dwcp/segments';

export interface EmbeddedMetricStoreOptions {
  /** Made when missing; one store at a time may use it. */
  readonly dir: string;
  readonly clock: Clock;
  /**
   * Blocks whose newest sample and whose arrival are both older are removed, about hourly: what is
   * imported from long ago stays as long as what is measured now. Default 15 days.
   */
  readonly retentionMs?: number;
  /**
   * How long samples of 5 minutes and of an hour stay, which are made of blocks that are complete;
   * queries find them where no finer ones are left. Without it none are made.
   */
  readonly downsampledRetention?: {
    readonly fiveMinutesMs: number;
    readonly hourMs: number;
  };
  /** The oldest blocks are removed when all are larger together. Default no limit. */
  readonly maxBytes?: number;
  /** Default `os`: an acknowledged sample survives the end of the process; see Durability. */
  readonly durability?: Durability;
  /** How much time the head gathers before it becomes a block. Default 30 minutes. */
  readonly blockMs?: number;
  /**
   * How many samples the head gathers at most before it becomes a block. Default 4 million, or 240 per
   * series where that is more.
   */
  readonly maxHeadSamples?: number;
  /** Samples of more series are refused. Default 1 million. */
  readonly maxSeries?: number;
  /** A sample may lie this far in the future. Default 10 minutes. */
  readonly maxAheadMs?: number;
  /** Older samples are refused as `too-old`. Default none are. */
  readonly maxAgeMs?: number;
  /**
   * A sample may come so much later than newer ones of its series; what is later still is refused as
   * `out-of-order`. Default 0.
   */
  readonly outOfOrderMs?: number;
  /** Labels of a series. Default 64. */
  readonly maxLabels?: number;
  /** Exemplars kept, of all series together; a new one takes the place of the oldest. Default 50,000. */
  readonly maxExemplars?: number;
  /** Samples one select may touch. Default 50 million, about 800 MB. */
  readonly maxSelectedSamples?: number;
  /** Log kept for readers of the feed that are behind, at most. Default 4 GiB. */
  readonly maxHeldLogBytes?: number;
  /** Decompressed block data kept for the next query. Default 64 MiB. */
  readonly cacheBytes?: number;
  readonly log?: Log;
  readonly fileSystem?: FileSystem;
}

export interface EmbeddedMetricStoreStats extends MetricStoreStats {
  readonly blockBytes: number;
  readonly walBytes: number;
  readonly failedWalWrites: number;
  readonly failedSeals: number;
  readonly appendedSamples: number;
  readonly rejectedSamples: Readonly<Partial<Record<RejectReason, number>>>;
  readonly rejectedMetadata: number;
  readonly exemplarCount: number;
  /** Memory that the open samples of the head and the names of series take. */
  readonly headMemoryBytes: number;
  /** Damaged places found since the start, in blocks, manifest and log; each was logged. */
  readonly corruptionCount: number;
  /** Samples read from the log at the start. */
  readonly replayedSamples: number;
  /** Samples in the log at the start whose series was lost with a damaged part of it. */
  readonly lostSamples: number;
}
