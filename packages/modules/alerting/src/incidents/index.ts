export { type Acknowledged, type GivenAcknowledgement } from './acknowledge.ts';
export { apiAlertsByName, type ApiAlertsOfName } from './alerts-by-name.ts';
export { type CauseCandidate, causeCandidates } from './cause.ts';
export { IncidentNotFoundError } from './errors.ts';
export { type FoldedAlert, type Placement } from './fold.ts';
export {
  DEFAULT_LEVELS,
  type EscalationLevel,
  incidentConfig,
  type IncidentConfig,
} from './incident-config.ts';
export { usesIncidentLabel } from './incident-label.ts';
export { IncidentManager } from './incident-manager.ts';
export { type IncidentManagerOptions, type IncidentStats } from './incident-options.ts';
export { IncidentState } from './incident-state.ts';
export {
  type ApiAcknowledgement,
  type ApiIncident,
  type ApiIncidentAlert,
  type ApiIncidentDetail,
  apiIncidentDetail,
  apiIncidents,
  type IncidentsQuery,
  type IncidentsView,
} from './incident-views.ts';
export {
  type Acknowledgement,
  type Incident,
  type IncidentEvent,
  type IncidentMember,
  type IncidentRecord,
  type JoinReason,
  type JoinRule,
} from './incident.ts';
export { levelAlerts } from './level-alerts.ts';
export {
  type LevelAlert,
  type LevelReason,
  type LevelRules,
  OVERALL_LEVELS,
  overallLevel,
  type OverallLevel,
} from './overall-level.ts';
export { type Severity, severityOf, severityRank } from './severity.ts';
export { Topology } from './topology.ts';
