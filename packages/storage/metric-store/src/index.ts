export { EmbeddedMetricStore } from './embedded-metric-store.ts';
export { type EmbeddedMetricStoreOptions, type EmbeddedMetricStoreStats } from './options.ts';
