export { parseClassicMatchers } from './classic-matchers.ts';
export { type AlertmanagerConfig, parseAlertmanagerConfig } from './config/config.ts';
export { AlertmanagerConfigError, type AlertmanagerConfigProblem } from './config/errors.ts';
export { type InhibitRuleConfig } from './config/inhibit-rules.ts';
export { parseTimeIntervals } from './config/interval-file.ts';
export { type IntegrationType } from './config/receiver-fields.ts';
export { type IntegrationConfig, type ReceiverConfig } from './config/receivers.ts';
export { type RouteConfig } from './config/routes.ts';
export { MatcherSyntaxError, matchersText, matcherText } from './matcher.ts';
export { parseMatcher, parseMatchers } from './parse-matchers.ts';
export {
  buildRoute,
  groupKeyOf,
  groupLabelsOf,
  matchRoutes,
  type Route,
  walkRoutes,
} from './route.ts';
export {
  containsTime,
  type InclusiveRange,
  type TimeInterval,
  type TimeRange,
} from './time-interval.ts';
export { parseUtf8Matcher, parseUtf8Matchers } from './utf8-matchers.ts';
export { isResolved, type PostableAlert, type StoredAlert } from './alerts.ts';
export { type AlertDecision, type FlushDecision } from './flush.ts';
export { Inhibitor } from './inhibitor.ts';
export { type NotificationLogEntry, type NotifyReason } from './notification-log.ts';
export { type NotificationOutbox, type RoutedNotification } from './outbox.ts';
export { type AlertGroup, PipelineState } from './pipeline-state.ts';
export { type PipelineRecord, type PipelineStore } from './pipeline-store.ts';
export { AlertPipeline } from './pipeline.ts';
export {
  PipelineFullError,
  type PipelineOptions,
  type PipelinePeers,
  type PipelineStats,
  type PutAlertsResult,
} from './pipeline-options.ts';
export { type AlertSink, pipelineNotifier } from './rule-alerts.ts';
export {
  type PostableSilence,
  type Silence,
  SilenceNotFoundError,
  type SilenceState,
  silenceState,
} from './silences.ts';
export {
  type AlertsQuery,
  apiAlerts,
  type GettableAlert,
  type PipelineView,
} from './api/alerts.ts';
export {
  type ApiAlertGroup,
  apiAlertGroups,
  type GroupsQuery,
  type RenderRouteLabels,
} from './api/groups.ts';
export { readPostedAlerts, readPostedSilence } from './api/posted.ts';
export {
  apiSilence,
  apiSilences,
  type GettableSilence,
  type SilencesQuery,
} from './api/silences.ts';
export {
  type AlertmanagerStatus,
  type ApiCluster,
  apiReceivers,
  apiStatus,
  type VersionInfo,
} from './api/status.ts';
