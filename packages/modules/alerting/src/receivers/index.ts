export { NotificationTemplates, type TemplateFile } from './notification-templates.ts';
export { templateData } from './template-data.ts';
export {
  createIntegration,
  createIntegrations,
  type Integration,
  type IntegrationKind,
  type IntegrationSettings,
  notificationFor,
} from './create-receivers.ts';
export { type Email, emailOf } from './email.ts';
export { teamsMessage, type TeamsMessage } from './msteams.ts';
export { opsgenieAlert, type OpsgenieAlert, opsgenieMessages } from './opsgenie.ts';
export { type PagerdutyEvent, pagerdutyMessage, pagerdutySeverity } from './pagerduty.ts';
export { type ReceiverOptions } from './receiver-environment.ts';
export { dedupKeyOf, Rendering } from './rendering.ts';
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
} from './settings.ts';
export { slackMessage, type SlackMessage } from './slack.ts';
export { type SlackBlock } from './slack-blocks.ts';
