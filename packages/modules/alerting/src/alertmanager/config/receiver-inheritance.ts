import { type ConfigReader } from './reader.ts';
import { type IntegrationType } from './receiver-fields.ts';
import { type ConfigRecord } from './record.ts';

/** A group of keys that an entry takes from `global` when it has none of them. */
interface Inherited {
  /** Pairs of the entry's key and that of `global`. */
  readonly keys: readonly (readonly [own: string, global: string])[];
  /** Whether one of them must be there in the end. */
  readonly required?: boolean;
}

const one = (own: string, global: string, required = false): Inherited => ({
  keys: [[own, global]],
  required,
});

/** Inline or from a file. */
const secretOf = (own: string, global: string, required: boolean): Inherited => ({
  keys: [
    [own, global],
    [`${own}_file`, `${global}_file`],
  ],
  required,
});

const INHERITED: Partial<Record<IntegrationType, readonly Inherited[]>> = {
  email: [
    one('smarthost', 'smtp_smarthost', true),
    one('from', 'smtp_from', true),
    one('hello', 'smtp_hello'),
    one('auth_username', 'smtp_auth_username'),
    secretOf('auth_password', 'smtp_auth_password', false),
    secretOf('auth_secret', 'smtp_auth_secret', false),
    one('auth_identity', 'smtp_auth_identity'),
    one('require_tls', 'smtp_require_tls'),
    one('force_implicit_tls', 'smtp_force_implicit_tls'),
    one('tls_config', 'smtp_tls_config'),
  ],
  jira: [one('api_url', 'jira_api_url', true)],
  mattermost: [secretOf('webhook_url', 'mattermost_webhook_url', true)],
  opsgenie: [
    one('api_url', 'opsgenie_api_url', true),
    secretOf('api_key', 'opsgenie_api_key', true),
  ],
  pagerduty: [one('url', 'pagerduty_url', true)],
  rocketchat: [
    one('api_url', 'rocketchat_api_url'),
    secretOf('token_id', 'rocketchat_token_id', true),
    secretOf('token', 'rocketchat_token', true),
  ],
  telegram: [one('api_url', 'telegram_api_url'), secretOf('bot_token', 'telegram_bot_token', true)],
  victorops: [
    one('api_url', 'victorops_api_url', true),
    secretOf('api_key', 'victorops_api_key', true),
  ],
  webex: [one('api_url', 'webex_api_url', true)],
  wechat: [
    one('api_url', 'wechat_api_url', true),
    secretOf('api_secret', 'wechat_api_secret', true),
    one('corp_id', 'wechat_api_corp_id', true),
  ],
};

/** Fills an entry with what it takes from `global`; complains of what neither has. */
export function inheritGlobal(
  reader: ConfigReader,
  found: ConfigRecord,
  { type, global }: { readonly type: IntegrationType; readonly global: ConfigRecord },
): void {
  if (type === 'slack') inheritSlack(reader, found, global);
  for (const { keys, required = false } of INHERITED[type] ?? []) {
    if (keys.some(([own]) => isFilled(found, own))) continue;
    for (const [own, key] of keys) found.set(own, global.value(key));
    if (!required || keys.some(([own]) => isFilled(found, own))) continue;
    const own = keys.map(([key]) => key).join(' or ');
    const theirs = keys.map(([, key]) => `global.${key}`).join(' or ');
    reader.problem(found.place, found.name(own), 'is missing', `set it or ${theirs}`);
  }
  if (type !== 'email' && !found.has('http_config')) {
    found.set('http_config', global.value('http_config'));
  }
}

function isFilled(found: ConfigRecord, key: string): boolean {
  return found.has(key) && found.value(key) !== '';
}

/** A webhook's address, or a bot token that goes to the API as a bearer. */
function inheritSlack(reader: ConfigReader, found: ConfigRecord, global: ConfigRecord): void {
  const take = (keys: readonly string[]): void => {
    for (const key of keys) found.set(key, global.value(`slack_${key}`));
  };
  const webhook = ['api_url', 'api_url_file'];
  const token = ['app_token', 'app_token_file'];
  const authorized = found.record('http_config')?.has('authorization') === true;
  const has = (keys: readonly string[]): boolean => keys.some((key) => isFilled(found, key));
  if (!isFilled(found, 'app_url')) take(['app_url']);
  const usesToken = !has(token) && !authorized && !isFilled(found, 'api_url');
  if (!has(webhook)) take(webhook);
  if (usesToken) take(token);
  if (!has(webhook) && !has(token)) {
    const fix = 'set it, app_token, global.slack_api_url or global.slack_app_token';
    reader.problem(found.place, found.name('api_url'), 'is missing', fix);
  }
  if (!has(token)) return;
  if (authorized) {
    const fix = 'remove the token or the authorization';
    reader.problem(found.at('http_config'), found.name('app_token'), 'stands beside it', fix);
  }
  found.set('api_url', found.value('app_url'));
}
