import { AlertmanagerConfigError, parseAlertmanagerConfig } from '@dwcp/alerting';
import { describe, expect, test } from 'vitest';

const TAIL = 'route: { receiver: a }\nreceivers: [{ name: a }]\n';

function problemsOf(text: string): readonly string[] {
  try {
    parseAlertmanagerConfig(text, 'am.yml');
  } catch (error) {
    if (!(error instanceof AlertmanagerConfigError)) throw error;
    return error.problems.map(
      ({ line, column, field, value }) =>
        `${line}:${column} ${field}${value === '' ? '' : ` = ${value}`}`,
    );
  }
  return [];
}

/** A receiver `a` with one integration, whose keys begin on line 5. */
function integration(type: string, ...lines: readonly string[]): string {
  const keys = lines.map((line, index) => `${index === 0 ? '    - ' : '      '}${line}`);
  return `route: { receiver: a }\nreceivers:\n- name: a\n  ${type}_configs:\n${keys.join('\n')}\n`;
}

const hook = "url: 'http://localhost/'";

describe('what is wrong is told with line, column, field and value', () => {
  test.each<readonly [string, string, readonly string[]]>([
    ['an empty file', '', ['1:1 route']],
    ['a text', 'BAD', ['1:1 ']],
    ['broken YAML', 'route: {receiver: a\n', ['2:1 ']],
    ['two documents', `${TAIL}---\n${TAIL}`, ['4:1 ']],
    ['a key twice', `${TAIL}route: { receiver: a }\n`, ['3:1 ']],
    ['an unknown key', `${TAIL}rute: 1\n`, ['3:1 rute']],
    ['no route', 'receivers: [{ name: a }]\n', ['1:1 route']],
    ['a root without receiver', 'route: {}\n', ['1:8 route.receiver']],
    ['an unknown receiver', 'route: { receiver: b }\n', ['1:20 route.receiver = "b"']],
    [
      'matchers at the root',
      'route: { receiver: a, match: { x: y } }\nreceivers: [{ name: a }]',
      ['1:30 route.match'],
    ],
    [
      'continue at the root',
      'route: { receiver: a, continue: true }\nreceivers: [{ name: a }]',
      ['1:33 route.continue'],
    ],
    [
      'a muted root',
      'route: { receiver: a, mute_time_intervals: [n] }\nreceivers: [{ name: a }]',
      ['1:44 route.mute_time_intervals', '1:45 route.mute_time_intervals[0] = "n"'],
    ],
    [
      'a duration without unit',
      'route: { receiver: a, group_wait: 30 }\nreceivers: [{ name: a }]',
      ['1:35 route.group_wait = "30"'],
    ],
    [
      'a zero interval',
      'route: { receiver: a, group_interval: 0s }\nreceivers: [{ name: a }]',
      ['1:39 route.group_interval = 0'],
    ],
    [
      'a label twice',
      'route: { receiver: a, group_by: [x, x] }\nreceivers: [{ name: a }]',
      ['1:37 route.group_by[1] = "x"'],
    ],
    [
      'all and a label',
      "route: { receiver: a, group_by: [x, '...'] }\nreceivers: [{ name: a }]",
      ['1:33 route.group_by'],
    ],
    [
      'a matcher that is none',
      "route: { receiver: a, routes: [{ matchers: ['x y'] }] }\nreceivers: [{ name: a }]",
      ['1:45 route.routes[0].matchers[0] = "x y"'],
    ],
    [
      'a bad pattern',
      'route: { receiver: a, routes: [{ match_re: { x: "[" } }] }\nreceivers: [{ name: a }]',
      ['1:49 route.routes[0].match_re.x = "["'],
    ],
    [
      'a bad label name',
      'route: { receiver: a, routes: [{ match: { x-y: z } }] }\nreceivers: [{ name: a }]',
      ['1:43 route.routes[0].match = "x-y"'],
    ],
    ['a list for a mapping', 'route: [a]\n', ['1:8 route']],
    [
      'a mapping for a text',
      'route: { receiver: { a: b } }\nreceivers: [{ name: a }]',
      ['1:20 route.receiver', '1:8 route.receiver'],
    ],
    ['a receiver without name', `${TAIL.replace('[{', '[{}, {')}`, ['2:13 receivers[0].name']],
    [
      'a receiver twice',
      'route: { receiver: a }\nreceivers: [{ name: a }, { name: a }]\n',
      ['2:34 receivers[1].name = "a"'],
    ],
    [
      'a hook without address',
      integration('webhook', 'max_alerts: 3'),
      ['5:7 receivers[0].webhook_configs[0].url'],
    ],
    [
      'a hook that is no URL',
      integration('webhook', 'url: ftp://x/'),
      ['5:12 receivers[0].webhook_configs[0].url'],
    ],
    [
      'a count that is none',
      integration('webhook', hook, 'max_alerts: many'),
      ['6:19 receivers[0].webhook_configs[0].max_alerts = "many"'],
    ],
    [
      'a flag that is none',
      integration('webhook', hook, 'send_resolved: maybe'),
      ['6:22 receivers[0].webhook_configs[0].send_resolved = "maybe"'],
    ],
    ['an empty entry', integration('webhook', ''), ['5:7 receivers[0].webhook_configs[0]']],
    [
      'two ways to log in',
      integration('webhook', hook, 'http_config: { basic_auth: {}, authorization: {} }'),
      ['6:53 receivers[0].webhook_configs[0].http_config.authorization'],
    ],
    [
      'mail without host',
      integration('email', 'to: a@b'),
      ['5:7 receivers[0].email_configs[0].smarthost', '5:7 receivers[0].email_configs[0].from'],
    ],
    [
      'a host without port',
      `global: { smtp_smarthost: mail }\n${TAIL}`,
      ['1:27 global.smtp_smarthost = "mail"'],
    ],
    [
      'an interval twice',
      `${TAIL}time_intervals: [{ name: x }]\nmute_time_intervals: [{ name: x }]\n`,
      ['3:26 time_intervals[0].name = "x"'],
    ],
    [
      'a weekday that is none',
      `${TAIL}time_intervals: [{ name: x, time_intervals: [{ weekdays: [mon] }] }]\n`,
      ['3:59 time_intervals[0].time_intervals[0].weekdays[0] = "mon"'],
    ],
    [
      'a place that is none',
      `${TAIL}time_intervals: [{ name: x, time_intervals: [{ location: Mars }] }]\n`,
      ['3:58 time_intervals[0].time_intervals[0].location = "Mars"'],
    ],
    [
      'a month 13',
      `${TAIL}time_intervals: [{ name: x, time_intervals: [{ months: ['13'] }] }]\n`,
      ['3:57 time_intervals[0].time_intervals[0].months[0] = "13"'],
    ],
  ])('%s', (_name, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  test('every problem at once', () => {
    const text = 'route: { receiver: b, group_wait: x }\nreceivers: [{}]\n';
    expect(problemsOf(text)).toHaveLength(3);
  });

  test('no message has a secret', () => {
    const text = integration('slack', 'api_url: hunter2', 'channel: c');
    expect(() => parseAlertmanagerConfig(text, 'am.yml')).toThrow(/api_url = <secret>/);
    expect(() => parseAlertmanagerConfig(text, 'am.yml')).not.toThrow(/hunter2/);
  });
});

describe('what the file says', () => {
  const config = parseAlertmanagerConfig(
    `
global:
  resolve_timeout: 1m
  slack_api_url: https://hooks.example.org/T0/secret
  http_config: { proxy_url: 'http://user:hunter2@proxy:3128', http_headers: { X: { secrets: [hunter2] } } }
route: { receiver: a, routes: [{ match: { x: 2 }, group_by: [] }] }
receivers:
- name: a
  slack_configs: [{ channel: c, timeout: 90s }]
  webhook_configs: [{ url: 'http://localhost/hunter2', http_config: { basic_auth: { password: hunter2 } } }]
templates: ['*.tmpl']
`,
    'am.yml',
  );

  test('integrations take from global what they lack', () => {
    expect(config.receivers[0]?.integrations).toMatchObject([
      {
        name: 'a/slack[0]',
        sendResolved: false,
        settings: { api_url: 'https://hooks.example.org/T0/secret', channel: 'c', timeout: '90s' },
      },
      { name: 'a/webhook[0]', sendResolved: true },
    ]);
    expect(config.receivers[0]?.file).toEqual({
      name: 'a',
      slack_configs: [{ channel: 'c', timeout: '90s' }],
      webhook_configs: [
        { url: 'http://localhost/hunter2', http_config: { basic_auth: { password: 'hunter2' } } },
      ],
    });
  });

  test('what is shown has no secret and reads as the same routes', () => {
    expect(config.shown).not.toMatch(/hunter2|T0/);
    const again = parseAlertmanagerConfig(config.shown, 'shown.yml');
    expect(again.route).toEqual(config.route);
    expect(again.resolveTimeoutMs).toBe(60_000);
  });
});
