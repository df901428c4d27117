export { EmbeddedMetricStore } from './embedded-metric-store.ts';
export { type EmbeddedMetricStoreOptions, type EmbeddedMetricStoreStats } from './options.ts';
export { type RepairReport, repairBlocks } from './repair.ts';
export { deleteSnapshot, listSnapshots, type Snapshot } from './snapshot.ts';
export { type StorageReport, verifyBlocks } from './verify.ts';
