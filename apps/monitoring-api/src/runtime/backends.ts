import { type BackendStatus } from '@dwcp/api-schema';

import { type BackendConfig } from '../config/config.ts';

const KEPT: Readonly<Record<BackendConfig['name'], string>> = {
  prometheus: 'metrics are kept and queried in the embedded metric store',
  grafana: 'dashboards are not pushed; Grafana can read from here as a Prometheus data source',
  jaeger: 'spans are kept and searched in the embedded trace store',
  elasticsearch: 'log records are kept and searched in the embedded log store',
};

/** What became of the configured servers: in this version, nothing yet. */
export function backendStatus(backends: readonly BackendConfig[]): BackendStatus[] {
  return backends.map(({ name, configured }) => ({
    name,
    configured,
    state: configured ? 'not-connected' : 'not-configured',
    detail: configured
      ? `this version has no ${name} adapter: ${KEPT[name]}; the address is accepted for the version that has one`
      : KEPT[name],
  }));
}
