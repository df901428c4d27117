import {
  duration,
  type Field,
  flag,
  hostPort,
  named,
  record,
  secret,
  secretUrl,
  text,
  url,
} from './fields.ts';
import { httpConfig, tlsConfig } from './http-fields.ts';
import { type ConfigReader } from './reader.ts';
import { type ConfigRecord } from './record.ts';

/** @see https://prometheus.io/docs/alerting/latest/configuration/#file-layout-and-global-settings */
export const globalFields: Field = record({
  resolve_timeout: duration,
  http_config: httpConfig,
  ...named(text, 'smtp_from', 'smtp_hello', 'smtp_auth_username', 'smtp_auth_password_file'),
  ...named(text, 'smtp_auth_secret_file', 'smtp_auth_identity', 'slack_api_url_file'),
  ...named(text, 'slack_app_token_file', 'opsgenie_api_key_file', 'wechat_api_secret_file'),
  ...named(text, 'wechat_api_corp_id', 'victorops_api_key_file', 'telegram_bot_token_file'),
  ...named(text, 'rocketchat_token_file', 'rocketchat_token_id_file'),
  mattermost_webhook_url_file: text,
  ...named(secret, 'smtp_auth_password', 'smtp_auth_secret', 'slack_app_token'),
  ...named(secret, 'opsgenie_api_key', 'wechat_api_secret', 'victorops_api_key'),
  ...named(secret, 'telegram_bot_token', 'rocketchat_token', 'rocketchat_token_id'),
  ...named(secretUrl, 'slack_api_url', 'mattermost_webhook_url'),
  ...named(url, 'jira_api_url', 'slack_app_url', 'pagerduty_url', 'opsgenie_api_url'),
  ...named(url, 'wechat_api_url', 'victorops_api_url', 'telegram_api_url', 'webex_api_url'),
  rocketchat_api_url: url,
  smtp_smarthost: hostPort,
  smtp_tls_config: tlsConfig,
  ...named(flag, 'smtp_require_tls', 'smtp_force_implicit_tls'),
});

/** What Alertmanager takes where the file says nothing. */
export const GLOBAL_DEFAULTS: Readonly<Record<string, string | boolean | number>> = {
  resolve_timeout: 300_000,
  smtp_hello: 'localhost',
  smtp_require_tls: true,
  pagerduty_url: 'https://events.pagerduty.com/v2/enqueue',
  opsgenie_api_url: 'https://api.opsgenie.com/',
  wechat_api_url: 'https://qyapi.weixin.qq.com/cgi-bin/',
  victorops_api_url: 'https://alert.victorops.com/integrations/generic/20131114/alert/',
  telegram_api_url: 'https://api.telegram.org',
  webex_api_url: 'https://webexapis.com/v1/messages',
  rocketchat_api_url: 'https://open.rocket.chat/',
  slack_app_url: 'https://slack.com/api/chat.postMessage',
};

/** Settings of which one may come inline or from a file, not both. */
const INLINE_OR_FILE = [
  'slack_app_token',
  'slack_api_url',
  'opsgenie_api_key',
  'victorops_api_key',
  'telegram_bot_token',
  'smtp_auth_password',
  'smtp_auth_secret',
  'rocketchat_token',
  'rocketchat_token_id',
  'wechat_api_secret',
  'mattermost_webhook_url',
] as const;

export function checkGlobal(reader: ConfigReader, found: ConfigRecord): void {
  for (const key of INLINE_OR_FILE) checkOneOf(reader, found, [key, `${key}_file`]);
  const token = ['slack_app_token', 'slack_app_token_file'].find((key) => found.text(key) !== '');
  const address = ['slack_api_url', 'slack_api_url_file'].find((key) => found.text(key) !== '');
  // Bot tokens were once used by giving the API's address here and the token in `http_config`.
  if (token !== undefined && address !== undefined) {
    if (found.text('slack_api_url') !== found.text('slack_app_url')) {
      const fix = 'keep the token or the webhook';
      reader.problem(found.at(token), found.name(token), `stands beside ${address}`, fix);
    }
  }
}

/** Complains when more than one of the keys is filled in. */
export function checkOneOf(
  reader: ConfigReader,
  found: ConfigRecord,
  keys: readonly string[],
): void {
  const [first, second] = keys.filter((key) => found.has(key) && found.value(key) !== '');
  if (first === undefined || second === undefined) return;
  const fix = `keep one of ${keys.join(', ')}`;
  reader.problem(found.at(second), found.name(second), `stands beside ${first}`, fix);
}
