export * from './alertmanager/index.ts';
export {
  advance,
  type AlertInstance,
  type Hit,
  needsSending,
  RESOLVED_RETENTION_MS,
} from './alert-instance.ts';
export { DeliveryError, problemText, RuleFileError, type RuleProblem } from './errors.ts';
export { fingerprintOf } from './fnv.ts';
export { graphLink, tableLink } from './links.ts';
export { loadRuleFiles } from './load-rule-files.ts';
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
export { restoredActiveAt, type RestoreOptions } from './restore.ts';
export { type AlertingRule, type RecordingRule, type Rule, type RuleGroup } from './rule.ts';
export { RuleEvaluationError } from './rule-evaluation.ts';
export { parseRuleFile } from './rule-file.ts';
export { RuleManager, type RuleManagerOptions, type RuleManagerStats } from './rule-manager.ts';
export { RuleMetrics } from './rule-metrics.ts';
export { type RuleHealth } from './rule-runner.ts';
export {
  type BacktestFiring,
  type BacktestOptions,
  type BacktestResult,
  backtestRules,
} from './rule-tests/backtest.ts';
export { ruleTestFailures } from './rule-tests/report-text.ts';
export {
  type RuleTestFailure,
  type RuleTestReport,
  type RuleTestResult,
} from './rule-tests/rule-test.ts';
export { runRuleTestFile, type RunRuleTestsOptions } from './rule-tests/run-test-file.ts';
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
export { NotificationTemplates, type TemplateFile } from './receivers/notification-templates.ts';
export { templateData } from './receivers/template-data.ts';
export {
  createIntegration,
  createIntegrations,
  type Integration,
  type IntegrationKind,
  type IntegrationSettings,
  notificationFor,
} from './receivers/create-receivers.ts';
export { type Email, emailOf } from './receivers/email.ts';
export { teamsMessage, type TeamsMessage } from './receivers/msteams.ts';
export { opsgenieAlert, type OpsgenieAlert, opsgenieMessages } from './receivers/opsgenie.ts';
export { type PagerdutyEvent, pagerdutyMessage, pagerdutySeverity } from './receivers/pagerduty.ts';
export { type ReceiverOptions } from './receivers/receiver-environment.ts';
export { dedupKeyOf, Rendering } from './receivers/rendering.ts';
export {
  type CommonSettings,
  type EmailSettings,
  type GlobalSettings,
  type HttpSettings,
  type MsteamsV2Settings,
  type OpsgenieSettings,
  type PagerdutySettings,
  type ReceiverSettings,
  type SlackSettings,
  type TlsSettings,
  type WebhookSettings,
} from './receivers/settings.ts';
export { slackMessage, type SlackMessage } from './receivers/slack.ts';
export { type SlackBlock } from './receivers/slack-blocks.ts';
