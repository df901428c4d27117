import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AlertmanagerConfigError } from '@dwcp/alerting';
import { eventually } from '@dwcp/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { parseConfigText } from '#src/config/file-source.ts';
import { parseConfig } from '#src/config/parse-config.ts';
import { Runtime } from '#src/runtime/runtime.ts';

import { TemporaryFolder } from '../platform.ts';
import { WebhookReceiver } from './webhook-receiver.ts';

let folder: TemporaryFolder;
let webhook: WebhookReceiver;
beforeEach(async () => {
  folder = await TemporaryFolder.make();
  webhook = await WebhookReceiver.start();
  await mkdir(join(folder.path, 'am/templates'), { recursive: true });
});
afterEach(async () => {
  await webhook[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function write(name: string, text: string): Promise<void> {
  return writeFile(join(folder.path, name), text);
}

function runtime(allowPrivateNetwork = true): Runtime {
  const read = () =>
    parseConfig({
      sources: [
        parseConfigText(
          `region: eu-west
dataDir: data
collection: { host: false, process: false }
alerting: { ruleFiles: ['rules*.yml'], alertmanagerConfig: am/alertmanager.yml, allowPrivateNetwork: ${allowPrivateNetwork} }
`,
          join(folder.path, 'dwcp.yml'),
          folder.path,
        ),
      ],
      cwd: '/',
      hostname: 'box',
    });
  return new Runtime({ config: read(), readConfig: async () => read() });
}

async function whileRunning(work: (running: Runtime) => Promise<void>): Promise<void> {
  const running = runtime();
  try {
    await running.initialize();
    await work(running);
  } finally {
    await running.close({ timeoutMs: 5_000 });
  }
}

/** Problems of a start or reload that is refused, each as `file:line: field: problem`. */
async function problemsOf(work: Promise<unknown>): Promise<readonly string[]> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AlertmanagerConfigError)) throw new Error('not refused', { cause: error });
  return error.problems.map(
    ({ path, line, field, problem }) =>
      `${path.replace(`${folder.path}/`, '')}:${line}: ${field}: ${problem}`,
  );
}

const routed = (path: string) => `route:
  receiver: rest
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  routes:
    - matchers: [team = "a"]
      receiver: team-a
receivers:
  - name: rest
  - name: team-a
    webhook_configs:
      - url_file: ${path}
`;

test('alerts go where the file leads them; paths in it are relative to it', async () => {
  await write('am/url', `${webhook.url}/secret-path\n`);
  await write('am/alertmanager.yml', routed('url'));
  await whileRunning(async (running) => {
    const { intake } = running.requireAlerting();
    await intake.putAlerts([
      { labels: { alertname: 'A', team: 'a' } },
      { labels: { alertname: 'B', team: 'b' } },
      { labels: { alertname: 'C', team: 'a' } },
    ]);
    await eventually(() => webhook.told.length === 2, { timeoutMs: 5_000, what: 'two groups' });
    expect(webhook.names().toSorted()).toEqual(['A firing', 'C firing']);
    expect(webhook.told[0]).toMatchObject({ receiver: 'team-a', path: '/secret-path' });
    await eventually(
      () => running.alerting?.deliveries().every(({ outcome }) => outcome === 'delivered'),
      { timeoutMs: 5_000, what: 'the answers' },
    );
    expect(JSON.stringify(running.alerting?.deliveries())).not.toContain('secret-path');
  });
});

test('templates of files are used', async () => {
  await write(
    'am/templates/a.tmpl',
    '{{ define "mine" }}{{ len .Alerts }} of {{ .GroupLabels.alertname }}{{ end }}',
  );
  await write(
    'am/alertmanager.yml',
    `templates: ['templates/*.tmpl']
${routed('url').replace('url_file: url', `url: '${webhook.url}/'\n        payload: { text: '{{ template "mine" . }}' }`)}`,
  );
  await whileRunning(async (running) => {
    await running.requireAlerting().intake.putAlerts([{ labels: { alertname: 'A', team: 'a' } }]);
    const told = await eventually(() => webhook.told[0], { timeoutMs: 5_000, what: 'a message' });
    expect(told).toMatchObject({ text: '1 of A' });
  });
});

test.each([
  ['route: {receiver: a}\nreceivers: []\n', ['am/alertmanager.yml:1: route.receiver: ']],
  [
    `route: {receiver: a}
receivers:
  - name: a
    telegram_configs:
      - bot_token: t
        chat_id: 1
`,
    [
      'am/alertmanager.yml:5: receivers[0].telegram_configs[0]: receivers of the kind telegram are not supported',
    ],
  ],
  [
    `route: {receiver: a}
templates: [no-such.tmpl]
receivers: [{name: a}]
`,
    ['am/alertmanager.yml:2: templates[0]: is not there'],
  ],
  [
    `route: {receiver: a}
templates: ['templates/*']
receivers: [{name: a}]
`,
    ['am/templates/bad.tmpl:2: : template: '],
  ],
])(
  'a file that is wrong stops the start, with file, line and reason: %j',
  async (text, expected) => {
    await write('am/templates/bad.tmpl', 'one\n{{ if }}\n');
    await write('am/alertmanager.yml', text);
    const refused = runtime();
    const problems = await problemsOf(refused.initialize());
    await refused.close({ timeoutMs: 1_000 });
    expect(problems).toEqual(expected.map((start) => expect.stringContaining(start)));
  },
);

test('receivers in private networks are refused unless they are allowed', async () => {
  await write(
    'am/alertmanager.yml',
    routed('url').replace('url_file: url', `url: '${webhook.url}/'`),
  );
  const refused = runtime(false);
  expect(await problemsOf(refused.initialize())).toEqual([
    expect.stringMatching(
      /am\/alertmanager\.yml:13: receivers\[1\]\.webhook_configs\[0\]: .*allowPrivateNetwork: true/,
    ),
  ]);
  await refused.close({ timeoutMs: 1_000 });
});

test('a reload takes the file up as a whole, and a bad one changes nothing', async () => {
  await write('am/url', `${webhook.url}/\n`);
  await write('am/alertmanager.yml', routed('url'));
  await whileRunning(async (running) => {
    const put = (name: string) =>
      running.requireAlerting().intake.putAlerts([{ labels: { alertname: name, team: 'b' } }]);
    const told = async (name: string) =>
      await eventually(() => webhook.names().includes(`${name} firing`), {
        timeoutMs: 5_000,
        what: name,
      });
    await put('Unheard');

    await write('am/alertmanager.yml', `${routed('url')}\nroute: {}\n`);
    expect(await problemsOf(running.reload.run())).toEqual([
      expect.stringContaining('am/alertmanager.yml:15'),
    ]);
    expect(running.reload.state.succeeded).toBe(false);
    expect(running.alerting?.pipeline.state.config.receivers).toHaveLength(2);

    // Everything goes to a receiver that was not there before.
    await write(
      'am/alertmanager.yml',
      `route: {receiver: all, group_by: [alertname], group_wait: 0s}
receivers: [{name: all, webhook_configs: [{url_file: url}]}]
`,
    );
    await running.reload.run();
    await put('Heard');
    await told('Heard');
    expect(webhook.told.at(-1)?.receiver).toBe('all');
    expect(running.alerting?.health().map(({ name }) => name)).toEqual(['all/webhook[0]']);
    // An alert that is held already gets to the new receiver as well, as in Alertmanager.
    await told('Unheard');
  });
});

test('a stored state that cannot be read stops the start and says what to do', async () => {
  await write('am/url', `${webhook.url}/\n`);
  await write('am/alertmanager.yml', routed('url'));
  await mkdir(join(folder.path, 'data/alerting/pipeline'), { recursive: true });
  await write('data/alerting/pipeline/first-segment', 'nonsense');
  const refused = runtime();
  await expect(refused.initialize()).rejects.toThrow(
    `mv '${folder.path}/data/alerting/pipeline' '${folder.path}/data/alerting/pipeline.damaged'`,
  );
  // What had been opened before was closed again, so that the next try opens it.
  await rm(join(folder.path, 'data/alerting/pipeline'), { recursive: true });
  await refused.initialize();
  expect(refused.notReadyReasons()).toEqual([]);
  await refused.close({ timeoutMs: 1_000 });
});

test('a secret file that is missing is no reason not to start; the delivery is tried again', async () => {
  await write('am/alertmanager.yml', routed('url'));
  await whileRunning(async (running) => {
    await running.requireAlerting().intake.putAlerts([{ labels: { alertname: 'A', team: 'a' } }]);
    await eventually(() => running.alerting?.deliveries()[0]?.lastError, {
      timeoutMs: 5_000,
      what: 'a failed try',
    });
    expect(running.alerting?.deliveries()[0]).toMatchObject({
      outcome: 'waiting',
      lastError: expect.stringContaining(join(folder.path, 'am/url')),
    });
    await write('am/url', `${webhook.url}/\n`);
    await eventually(() => webhook.told.length === 1, { timeoutMs: 5_000, what: 'the delivery' });
  });
});

test('a reload with a bad rule file changes neither rules nor routes, a good one both', async () => {
  await write('am/url', `${webhook.url}/\n`);
  await write('am/alertmanager.yml', routed('url'));
  const rule = (name: string, expression: string) =>
    write(
      'rules.yml',
      `groups: [{ name: g, interval: 1h, rules: [{ alert: ${name}, expr: '${expression}' }] }]\n`,
    );
  await rule('Old', 'vector(1)');
  await whileRunning(async (running) => {
    const names = () => running.rules?.groups().flatMap(({ rules }) => rules.map((r) => r.name));
    const receivers = () =>
      running.alerting?.pipeline.state.config.receivers.map((receiver) => receiver.name);
    expect(names()).toEqual(['Old']);

    await rule('New', 'sum(');
    await write('am/alertmanager.yml', 'route: {receiver: one}\nreceivers: [{name: one}]\n');
    await expect(running.reload.run()).rejects.toThrow(/rules\.yml:1:\d+: .*New/);
    expect([names(), receivers()]).toEqual([['Old'], ['rest', 'team-a']]);

    await rule('New', 'vector(2)');
    await running.reload.run();
    expect([names(), receivers()]).toEqual([['New'], ['one']]);
  });
});
