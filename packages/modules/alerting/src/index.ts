export {
  advance,
  type AlertInstance,
  type Hit,
  needsSending,
  RESOLVED_RETENTION_MS,
} from './alert-instance.ts';
export { DeliveryError, RuleFileError, type RuleProblem } from './errors.ts';
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
export { type WebhookAlert, type WebhookBody, webhookBody } from './notify/webhook-body.ts';
export {
  maskUrl,
  WebhookNotifier,
  type WebhookNotifierOptions,
} from './notify/webhook-notifier.ts';
export { restoredActiveAt, type RestoreOptions } from './restore.ts';
export { type AlertingRule, type RecordingRule, type Rule, type RuleGroup } from './rule.ts';
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
