export * from './alertmanager/index.ts';
export * from './cluster/index.ts';
export * from './decisions/index.ts';
export {
  advance,
  type AlertInstance,
  type Hit,
  needsSending,
  RESOLVED_RETENTION_MS,
} from './alert-instance.ts';
export {
  type Condition,
  type DedupSettings,
  type ErrorPolicy,
  type NoDataPolicy,
} from './conditions/condition.ts';
export { type ExportedRules, type ExportNote, exportRules } from './conditions/export-rules.ts';
export { DeliveryError, problemText, RuleFileError, type RuleProblem } from './errors.ts';
export { fingerprintOf } from './fnv.ts';
export { graphLink, tableLink } from './links.ts';
export { loadRuleFiles } from './load-rule-files.ts';
export {
  AlertmanagerNotifier,
  type AlertmanagerNotifierOptions,
} from './notify/alertmanager-notifier.ts';
export {
  judgeAddress,
  judgeHost,
  type AddressVerdict,
  type ResolveHost,
} from './notify/address-guard.ts';
export { type DeliveryOutcome, type DeliveryRecord } from './notify/delivery-history.ts';
export { buildNotification, type NotificationInput } from './notify/notification.ts';
export {
  NotificationQueue,
  type NotificationQueueOptions,
  type NotificationQueueStats,
} from './notify/notification-queue.ts';
export { type LaneHealth, type LaneStats } from './notify/delivery-lane.ts';
export { type AcceptResult, Outbox, type OutboxOptions } from './notify/outbox.ts';
export { MemoryOutboxJournal, type OutboxJournal } from './notify/outbox-journal.ts';
export { pipelineOutbox } from './notify/pipeline-outbox.ts';
export { type OutboxItem } from './notify/outbox-records.ts';
export { type WebhookAlert, type WebhookBody, webhookBody } from './notify/webhook-body.ts';
export { maskUrl } from './notify/http-sender.ts';
export { WebhookNotifier, type WebhookNotifierOptions } from './notify/webhook-notifier.ts';
export { MemoryRecordStore, type RecordStore } from './record-store.ts';
export { restoredActiveAt, type RestoreOptions } from './restore.ts';
export {
  type AlertingRule,
  type RecordingRule,
  type Recovery,
  type Rule,
  type RuleGroup,
} from './rule.ts';
export { RuleEvaluationError } from './rule-evaluation.ts';
export { parseRuleFile } from './rule-file.ts';
export { RuleManager, type RuleManagerOptions, type RuleManagerStats } from './rule-manager.ts';
export { RuleMetrics } from './rule-metrics.ts';
export { type RuleHealth } from './rule-runner.ts';
export {
  type AlertingRuleResponse,
  type AlertResponse,
  type AlertsResponse,
  type RecordingRuleResponse,
  type RuleGroupResponse,
  type RulesResponse,
} from './rules-response.ts';
export { formatFloat } from './template/format-float.ts';
export { RuleTemplate, type RuleTemplateContext } from './template/rule-template.ts';
export { TemplateError } from './template/template-error.ts';
export { TextTemplate, type TextTemplateContext } from './template/text-template.ts';
export * from './incidents/index.ts';
export * from './intake/index.ts';
