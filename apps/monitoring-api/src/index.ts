export { type AlertFilter } from './api/get-alerts.ts';
export {
  type AlertAcknowledgement,
  type AlertResolve,
  type AlertTrigger,
} from './api/handle-alert.ts';
export { type MetricsRequest, type MetricsResult } from './api/get-metrics.ts';
export { type TraceFilter, type TraceList } from './api/get-traces.ts';
export { type Moment } from './api/moment.ts';
export { type HealthInput, type RegionHealth } from './api/region-health.ts';
export { type SlaCompliance } from './api/sla-compliance.ts';
export { type MonitoringOptions } from './config/schema.ts';
export {
  type Cancellable,
  type LogInput,
  MonitoringAPI,
  type RecordedTrace,
} from './monitoring-api.ts';
export type { ListenOptions, RunningServer } from './server/start-server.ts';
export { BackendError, ConfigError, InvalidInputError, QueryError } from '@dwcp/core';
export {
  type AlertExplanation,
  AlertmanagerConfigError,
  AlertNotFoundError,
  type ApiIncident,
  IncidentNotFoundError,
  type IncidentsQuery,
  RuleFileError,
} from '@dwcp/alerting';
