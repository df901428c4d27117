export { EmbeddedMetricStore } from './embedded-metric-store.ts';
export { type EmbeddedMetricStoreOptions, type EmbeddedMetricStoreStats } from './options.ts';
export { type RepairReport, repairBlocks } from './repair.ts';
export { type SelectionEstimate } from './shared-estimate.ts';
export { type SharedReads } from './shared-reads.ts';
export { SharedStoreReader, type SharedStoreReaderOptions } from './shared-store-reader.ts';
export { deleteSnapshot, listSnapshots, type Snapshot } from './snapshot.ts';
export { type StorageReport, verifyBlocks } from './verify.ts';
export { TimedTurns } from './turns.ts';
