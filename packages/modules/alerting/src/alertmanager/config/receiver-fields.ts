import {
  any,
  duration,
  type Field,
  type Fields,
  flag,
  goDuration,
  hostPort,
  listOf,
  named,
  record,
  secret,
  secretUrl,
  text,
  textMap,
  texts,
  url,
  whole,
} from './fields.ts';
import { httpConfig, tlsConfig } from './http-fields.ts';

/** The kinds of integration a receiver may have, by Alertmanager's names. */
export const INTEGRATION_TYPES = [
  'discord',
  'email',
  'incidentio',
  'jira',
  'mattermost',
  'msteams',
  'msteamsv2',
  'opsgenie',
  'pagerduty',
  'pushover',
  'rocketchat',
  'slack',
  'sns',
  'telegram',
  'victorops',
  'webex',
  'webhook',
  'wechat',
] as const;

export type IntegrationType = (typeof INTEGRATION_TYPES)[number];

/** Those that tell of resolved alerts only when asked to. */
const SILENT_ON_RESOLVE: ReadonlySet<IntegrationType> = new Set([
  'email',
  'rocketchat',
  'slack',
  'wechat',
] as const);

/** @returns `send_resolved` of an integration that does not set it */
export function sendsResolvedByDefault(type: IntegrationType): boolean {
  return !SILENT_ON_RESOLVE.has(type);
}

const common: Fields = { send_resolved: flag, http_config: httpConfig };

const titled = { title: text, value: text, short: flag };

const slackAction: Field = record({
  ...named(text, 'type', 'text', 'url', 'style', 'name', 'value'),
  confirm: record(named(text, 'text', 'title', 'ok_text', 'dismiss_text')),
});

const teams: Fields = {
  ...common,
  webhook_url: secretUrl,
  ...named(text, 'webhook_url_file', 'title', 'summary', 'text'),
};

/** @see https://prometheus.io/docs/alerting/latest/configuration/#receiver-integration-settings */
const FIELDS: Readonly<Record<IntegrationType, Fields>> = {
  discord: {
    ...common,
    webhook_url: secretUrl,
    ...named(text, 'webhook_url_file', 'content', 'title', 'message', 'username', 'avatar_url'),
  },
  email: {
    send_resolved: flag,
    ...named(text, 'to', 'from', 'hello', 'auth_username', 'auth_password_file'),
    ...named(text, 'auth_secret_file', 'auth_identity', 'html', 'text'),
    ...named(secret, 'auth_password', 'auth_secret'),
    smarthost: hostPort,
    headers: textMap,
    tls_config: tlsConfig,
    ...named(flag, 'require_tls', 'force_implicit_tls'),
    threading: record({ enabled: flag, thread_by_date: text }),
  },
  incidentio: {
    ...common,
    url,
    ...named(text, 'url_file', 'alert_source_token_file'),
    alert_source_token: secret,
    max_alerts: whole,
    timeout: goDuration,
    metadata: textMap,
  },
  jira: {
    ...common,
    api_url: url,
    ...named(text, 'api_type', 'project', 'priority', 'issue_type'),
    summary: any,
    description: any,
    labels: texts,
    ...named(text, 'reopen_transition', 'resolve_transition', 'wont_fix_resolution'),
    reopen_duration: duration,
    fields: any,
  },
  mattermost: {
    ...common,
    webhook_url: secretUrl,
    ...named(text, 'webhook_url_file', 'channel', 'username', 'icon_url', 'icon_emoji', 'text'),
    ...named(text, 'fallback', 'color', 'pretext', 'author_name', 'author_link', 'author_icon'),
    ...named(
      text,
      'title',
      'title_link',
      'thumb_url',
      'footer',
      'footer_icon',
      'image_url',
      'type',
    ),
    ...named(any, 'attachments', 'props', 'priority', 'fields'),
  },
  msteams: teams,
  msteamsv2: { ...teams },
  opsgenie: {
    ...common,
    api_key: secret,
    api_url: url,
    ...named(text, 'api_key_file', 'message', 'description', 'source', 'entity', 'actions'),
    ...named(text, 'tags', 'note', 'priority'),
    details: textMap,
    responders: listOf(() => record(named(text, 'id', 'name', 'username', 'type'))),
    update_alerts: flag,
  },
  pagerduty: {
    ...common,
    ...named(secret, 'service_key', 'routing_key'),
    ...named(text, 'service_key_file', 'routing_key_file', 'client', 'client_url', 'description'),
    ...named(text, 'source', 'severity', 'class', 'component', 'group'),
    url,
    details: any,
    images: listOf(() => record(named(text, 'src', 'alt', 'href'))),
    links: listOf(() => record(named(text, 'href', 'text'))),
    timeout: goDuration,
  },
  pushover: {
    ...common,
    ...named(secret, 'user_key', 'token'),
    ...named(text, 'user_key_file', 'token_file', 'title', 'message', 'url', 'url_title'),
    ...named(text, 'device', 'sound', 'priority'),
    ...named(goDuration, 'retry', 'expire', 'ttl'),
    ...named(flag, 'html', 'monospace'),
  },
  rocketchat: {
    ...common,
    api_url: url,
    ...named(secret, 'token_id', 'token'),
    ...named(text, 'token_id_file', 'token_file', 'channel', 'color', 'title', 'title_link'),
    ...named(text, 'text', 'emoji', 'icon_url', 'image_url', 'thumb_url'),
    fields: listOf(() => record(titled)),
    ...named(flag, 'short_fields', 'link_names'),
    actions: any,
  },
  slack: {
    ...common,
    api_url: secretUrl,
    app_token: secret,
    app_url: url,
    ...named(text, 'api_url_file', 'app_token_file', 'channel', 'username', 'color', 'title'),
    ...named(text, 'title_link', 'pretext', 'text', 'message_text', 'footer', 'fallback'),
    ...named(text, 'callback_id', 'icon_emoji', 'icon_url', 'image_url', 'thumb_url'),
    fields: listOf(() => record(titled)),
    ...named(flag, 'short_fields', 'link_names', 'update_message'),
    mrkdwn_in: texts,
    actions: listOf(() => slackAction),
    timeout: goDuration,
  },
  sns: {
    ...common,
    ...named(text, 'api_url', 'topic_arn', 'phone_number', 'target_arn', 'subject', 'message'),
    sigv4: record({
      ...named(text, 'region', 'access_key', 'profile', 'role_arn', 'external_id'),
      secret_key: secret,
      use_fips_sts_endpoint: flag,
    }),
    attributes: textMap,
    use_aws_http_client: flag,
  },
  telegram: {
    ...common,
    api_url: url,
    bot_token: secret,
    ...named(text, 'bot_token_file', 'message', 'parse_mode', 'chat_id_file'),
    ...named(whole, 'chat_id', 'message_thread_id'),
    disable_notifications: flag,
  },
  victorops: {
    ...common,
    api_key: secret,
    api_url: url,
    ...named(text, 'api_key_file', 'routing_key', 'message_type', 'state_message'),
    ...named(text, 'entity_display_name', 'monitoring_tool'),
    custom_fields: textMap,
  },
  webex: { ...common, api_url: url, ...named(text, 'message', 'room_id') },
  webhook: {
    ...common,
    // May be a template, which is no URL before it is filled in.
    url: secret,
    url_file: text,
    max_alerts: whole,
    timeout: goDuration,
    payload: any,
  },
  wechat: {
    ...common,
    api_secret: secret,
    api_url: url,
    ...named(text, 'api_secret_file', 'corp_id', 'message', 'to_user', 'to_party', 'to_tag'),
    ...named(text, 'agent_id', 'message_type'),
  },
};

export const receiver: Field = record({
  name: text,
  labels: textMap,
  ...Object.fromEntries(
    INTEGRATION_TYPES.map((type) => [`${type}_configs`, listOf(() => record(FIELDS[type]))]),
  ),
});
