export {
  type Credential,
  type Product,
  type PrometheusServerOptions,
  type ServerAuth,
} from './options.ts';
export { PrometheusMetricQuery } from './prometheus-metric-query.ts';
export {
  PrometheusMetricStore,
  type PrometheusMetricStoreCounters,
} from './prometheus-metric-store.ts';
export { PrometheusServer, type ServerIdentity } from './prometheus-server.ts';
export { type PrometheusMetricStoreOptions } from './store-options.ts';
