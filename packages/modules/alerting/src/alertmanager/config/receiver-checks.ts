import { checkOneOf } from './global-fields.ts';
import { type ConfigReader } from './reader.ts';
import { type IntegrationType } from './receiver-fields.ts';
import { type ConfigRecord } from './record.ts';

/** Keys of which at least one must be there, by integration. */
const REQUIRED: Partial<Record<IntegrationType, readonly (readonly string[])[]>> = {
  discord: [['webhook_url', 'webhook_url_file']],
  email: [['to']],
  incidentio: [
    ['url', 'url_file'],
    ['alert_source_token', 'alert_source_token_file', 'http_config'],
  ],
  jira: [['project'], ['issue_type']],
  msteams: [['webhook_url', 'webhook_url_file']],
  msteamsv2: [['webhook_url', 'webhook_url_file']],
  pagerduty: [['routing_key', 'routing_key_file', 'service_key', 'service_key_file']],
  pushover: [
    ['user_key', 'user_key_file'],
    ['token', 'token_file'],
  ],
  telegram: [['chat_id', 'chat_id_file']],
  victorops: [['routing_key']],
  webex: [['room_id']],
  webhook: [['url', 'url_file']],
};

/** Keys of which at most one may be there, by integration. */
const EXCLUSIVE: Partial<Record<IntegrationType, readonly (readonly string[])[]>> = {
  discord: [['webhook_url', 'webhook_url_file']],
  email: [
    ['auth_password', 'auth_password_file'],
    ['auth_secret', 'auth_secret_file'],
  ],
  incidentio: [
    ['url', 'url_file'],
    ['alert_source_token', 'alert_source_token_file'],
  ],
  mattermost: [['webhook_url', 'webhook_url_file']],
  msteams: [['webhook_url', 'webhook_url_file']],
  msteamsv2: [['webhook_url', 'webhook_url_file']],
  opsgenie: [['api_key', 'api_key_file']],
  pagerduty: [
    ['routing_key', 'routing_key_file'],
    ['service_key', 'service_key_file'],
  ],
  pushover: [
    ['user_key', 'user_key_file'],
    ['token', 'token_file'],
  ],
  rocketchat: [
    ['token', 'token_file'],
    ['token_id', 'token_id_file'],
  ],
  slack: [['api_url', 'api_url_file', 'app_token', 'app_token_file']],
  telegram: [
    ['bot_token', 'bot_token_file'],
    ['chat_id', 'chat_id_file'],
  ],
  victorops: [['api_key', 'api_key_file']],
  webhook: [['url', 'url_file']],
  wechat: [['api_secret', 'api_secret_file']],
};

/** What one entry must have, may not have, and may hold, before `global` is looked at. */
export function checkIntegration(
  reader: ConfigReader,
  found: ConfigRecord,
  type: IntegrationType,
): void {
  for (const keys of REQUIRED[type] ?? []) {
    if (keys.some((key) => found.has(key) && found.value(key) !== '' && found.value(key) !== 0))
      continue;
    const key = keys[0] ?? '';
    const fix = keys.length === 1 ? `set ${key}` : `set one of ${keys.join(', ')}`;
    reader.problem(found.place, found.name(key), 'is missing', fix);
  }
  for (const keys of EXCLUSIVE[type] ?? []) checkOneOf(reader, found, keys);
  VALUES[type]?.(found, (key, problem, fix) =>
    reader.problem(found.at(key), found.name(key), problem, fix),
  );
}

type Complain = (key: string, problem: string, fix: string) => void;

const VALUES: Partial<Record<IntegrationType, (found: ConfigRecord, complain: Complain) => void>> =
  {
    email: checkEmail,
    opsgenie: checkOpsgenie,
    pushover(found, complain) {
      if (found.flag('html') === true && found.flag('monospace') === true) {
        complain('monospace', 'stands beside html', 'keep one of the two');
      }
    },
    slack: checkSlack,
    sns(found, complain) {
      const targets = ['topic_arn', 'phone_number', 'target_arn'];
      if (targets.filter((key) => found.text(key) !== '').length !== 1) {
        complain(
          'topic_arn',
          'is not the only target or is missing',
          `set one of ${targets.join(', ')}`,
        );
      }
    },
    telegram(found, complain) {
      oneOf(found, complain, { key: 'parse_mode', values: ['', 'Markdown', 'MarkdownV2', 'HTML'] });
    },
    victorops(found, complain) {
      const fixed = ['routing_key', 'message_type', 'state_message', 'entity_display_name'];
      for (const name of [...fixed, 'monitoring_tool', 'entity_id', 'entity_state']) {
        if (!found.textMap('custom_fields').has(name)) continue;
        complain('custom_fields', `has ${name}, which has a place of its own`, 'rename it');
      }
    },
    webex(found, complain) {
      if (found.record('http_config')?.has('authorization') !== true) {
        complain('http_config', 'has no authorization', 'set http_config.authorization');
      }
    },
    webhook(found, complain) {
      const address = found.text('url');
      if (address === '' || address === '<secret>' || address.includes('{{')) return;
      if (!/^https?:\/\/[^/]/i.test(address) || !URL.canParse(address)) {
        complain('url', 'is no URL with http:// or https:// and a host', 'correct the address');
      }
    },
    wechat(found, complain) {
      oneOf(found, complain, { key: 'message_type', values: ['', 'text', 'markdown'] });
    },
  };

function oneOf(
  found: ConfigRecord,
  complain: Complain,
  { key, values }: { readonly key: string; readonly values: readonly string[] },
): void {
  if (values.includes(found.text(key))) return;
  const known = values.filter((value) => value !== '').join(', ');
  complain(key, `is ${JSON.stringify(found.text(key))}`, `write one of ${known}`);
}

function checkEmail(found: ConfigRecord, complain: Complain): void {
  const names = [...found.textMap('headers').keys()].map((name) => name.toLowerCase());
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) {
    complain('headers', `has ${JSON.stringify(repeated)} twice`, 'keep one of the two');
  }
  const threading = found.record('threading');
  if (threading?.flag('enabled') !== true) return;
  for (const header of ['references', 'in-reply-to']) {
    if (names.includes(header)) {
      complain('headers', `has ${header}, which threading sets`, 'remove it or turn threading off');
    }
  }
  if (!['none', 'daily'].includes(threading.text('thread_by_date'))) {
    complain('threading', 'has no thread_by_date of none or daily', 'write one of the two');
  }
}

function checkOpsgenie(found: ConfigRecord, complain: Complain): void {
  const types = ['team', 'teams', 'user', 'escalation', 'schedule'];
  for (const responder of found.records('responders')) {
    if (['id', 'username', 'name'].every((key) => responder.text(key) === '')) {
      complain('responders', 'has one without id, username and name', 'set one of the three');
    }
    const type = responder.text('type');
    if (!type.includes('{{') && !types.includes(type.toLowerCase())) {
      const problem = `has one of type ${JSON.stringify(type)}`;
      complain('responders', problem, `write one of ${types.join(', ')}`);
    }
  }
}

function checkSlack(found: ConfigRecord, complain: Complain): void {
  const updates = found.flag('update_message') === true;
  if (updates && found.text('api_url') !== 'https://slack.com/api/chat.postMessage') {
    const fix = 'set api_url to https://slack.com/api/chat.postMessage and use a bot token';
    complain('update_message', 'does not work with a webhook', fix);
  }
  for (const field of found.records('fields')) {
    if (field.text('title') === '' || field.text('value') === '') {
      complain('fields', 'has one without title or value', 'give it both');
    }
  }
  for (const action of found.records('actions')) {
    if (action.text('type') === '' || action.text('text') === '') {
      complain('actions', 'has one without type or text', 'give it both');
    }
    if (action.text('url') === '' && action.text('name') === '') {
      complain('actions', 'has one without url and name', 'give it one of the two');
    }
    if (action.record('confirm')?.text('text') === '') {
      complain('actions', 'has one whose confirm has no text', 'give it one');
    }
  }
}
