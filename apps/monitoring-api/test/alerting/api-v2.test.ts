import {
  AlertGroupsSchema,
  AlertmanagerReceiversSchema,
  AlertmanagerStatusSchema,
  GettableAlertsSchema,
  GettableSilenceSchema,
  GettableSilencesSchema,
  PostedSilenceSchema,
} from '@dwcp/api-schema';
import { MonitoringAPI } from '@dwcp/monitoring';
import { type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { Platform, TemporaryFolder } from '../platform.ts';

let platform: Platform;
beforeEach(async () => {
  platform = await Platform.start({
    alerting: {
      webhooks: [{ name: 'silent', url: 'http://127.0.0.1:9/', allowPrivateNetwork: true }],
    },
  });
});
afterEach(() => platform[Symbol.asyncDispose]());

async function checked(path: string, schema: TSchema): Promise<unknown> {
  const response = await platform.fetch(path);
  expect([path, response.status]).toEqual([path, 200]);
  expect(response.headers.get('content-type')).toContain('application/json');
  const body: unknown = await response.json();
  expect([...Value.Errors(schema, body)]).toEqual([]);
  return body;
}

function send(path: string, body: unknown, method = 'POST'): Promise<Response> {
  return platform.fetch(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const hour = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();

const silence = {
  matchers: [{ name: 'alertname', value: 'A', isRegex: false, isEqual: true }],
  startsAt: hour(-1),
  endsAt: hour(1),
  createdBy: 'ann',
  comment: 'known',
};

async function setSilence(body: unknown = silence): Promise<string> {
  const response = await send('/api/v2/silences', body);
  expect(response.status).toBe(200);
  const answer = (await response.json()) as { readonly silenceID: string };
  expect(Value.Check(PostedSilenceSchema, answer)).toBe(true);
  return answer.silenceID;
}

describe('alerts', () => {
  test('posted alerts are listed and grouped, an empty answer says that they are kept', async () => {
    const posted = await send('/api/v2/alerts', [
      { labels: { alertname: 'A', instance: 'a' }, annotations: { summary: 'a' } },
      { labels: { alertname: 'B' }, generatorURL: 'http://prometheus/graph' },
    ]);
    expect([posted.status, await posted.text()]).toEqual([200, '']);
    // By fingerprint.
    expect(await checked('/api/v2/alerts', GettableAlertsSchema)).toMatchObject([
      { labels: { alertname: 'A' }, annotations: { summary: 'a' }, status: { state: 'active' } },
      { labels: { alertname: 'B' }, generatorURL: 'http://prometheus/graph' },
    ]);
    expect(await checked('/api/v2/alerts/groups', AlertGroupsSchema)).toMatchObject([
      { labels: { alertname: 'A' }, receiver: { name: 'silent' }, alerts: [{}] },
      { labels: { alertname: 'B' } },
    ]);
  });

  test('filters choose, and a repeated one must match as well', async () => {
    await send('/api/v2/alerts', [
      { labels: { alertname: 'A', instance: 'a' } },
      { labels: { alertname: 'A', instance: 'b' } },
    ]);
    await setSilence({
      ...silence,
      matchers: [{ name: 'instance', value: 'b', isRegex: false }],
    });
    const count = async (query: string): Promise<number> =>
      ((await checked(`/api/v2/alerts?${query}`, GettableAlertsSchema)) as unknown[]).length;
    expect(await count('filter=alertname%3D%22A%22')).toBe(2);
    expect(await count('filter=alertname%3D%22A%22&filter=instance%3D%22a%22')).toBe(1);
    expect(await count('silenced=false')).toBe(1);
    expect(await count('active=false')).toBe(1);
    // Whatever is not a word for true is false, as Alertmanager reads it.
    expect(await count('active=0&silenced=maybe')).toBe(0);
    expect(await count('receiver=sil.*')).toBe(2);
    expect(await count('receiver=sil')).toBe(0);
    expect(await count('receiver_matchers=team%3D%22x%22')).toBe(0);
  });

  test('of several, the wrong ones are named with 400 and the others taken', async () => {
    const response = await send('/api/v2/alerts', [
      { labels: {} },
      { labels: { alertname: 'A' } },
      { labels: { alertname: 'B' }, startsAt: hour(1), endsAt: hour(-1) },
    ]);
    expect(response.status).toBe(400);
    const text: unknown = await response.json();
    expect(text).toContain('[0]: labels: at least one label is required');
    expect(text).toContain('[2]: endsAt');
    expect(await checked('/api/v2/alerts', GettableAlertsSchema)).toMatchObject([
      { labels: { alertname: 'A' } },
    ]);
  });

  test.each([
    ['POST', '/api/v2/alerts', '[{', 'not JSON'],
    ['POST', '/api/v2/alerts', {}, 'is no list of alerts'],
    ['POST', '/api/v2/alerts', [{ labels: { a: 1 } }], '[0].labels.a: is no text'],
    ['POST', '/api/v2/alerts', [{ labels: { a: 'b' }, startsAt: 'noon' }], '[0].startsAt'],
    ['POST', '/api/v2/silences', { ...silence, matchers: [] }, 'matcher'],
    ['POST', '/api/v2/silences', { ...silence, endsAt: hour(-2) }, 'endsAt'],
    ['POST', '/api/v2/silences', { ...silence, comment: undefined }, 'comment'],
    [
      'POST',
      '/api/v2/silences',
      { ...silence, matchers: [{ name: 'a', value: '(', isRegex: true }] },
      '(',
    ],
  ])(
    '%s %s with a wrong body is 400, and says what is wrong',
    async (method, path, body, words) => {
      const response = await send(path, body, method);
      expect(response.status).toBe(400);
      const text: unknown = await response.json();
      expect(text).toEqual(expect.any(String));
      expect(text).toContain(words);
    },
  );

  test.each([
    '/api/v2/alerts?filter=%7B',
    '/api/v2/alerts?receiver=%28',
    '/api/v2/alerts/groups?filter=a%3D~%22%28%22',
    '/api/v2/silences?filter=1a',
    '/api/v2/receivers?receiver_matchers=x',
  ])('GET %s is 400', async (path) => {
    const response = await platform.fetch(path);
    expect([response.status, typeof (await response.json())]).toEqual([400, 'string']);
  });
});

describe('silences', () => {
  test('are set, read, changed and ended', async () => {
    const id = await setSilence();
    const kept = await checked(`/api/v2/silence/${id}`, GettableSilenceSchema);
    expect(kept).toMatchObject({
      id,
      status: { state: 'active' },
      matchers: silence.matchers,
      createdBy: 'ann',
    });
    // What began cannot begin at another time.
    const { startsAt } = kept as { readonly startsAt: string };
    expect(await setSilence({ ...silence, id, startsAt, endsAt: hour(2) })).toBe(id);
    const other = await setSilence({
      ...silence,
      id,
      matchers: [{ name: 'alertname', value: 'B', isRegex: false }],
    });
    expect(other).not.toBe(id);
    const ended = await platform.fetch(`/api/v2/silence/${other}`, { method: 'DELETE' });
    expect([ended.status, await ended.text()]).toEqual([200, '']);
    const states = (await checked('/api/v2/silences', GettableSilencesSchema)) as {
      readonly status: { readonly state: string };
    }[];
    expect(states.map(({ status }) => status.state)).toEqual(['expired', 'expired']);
    expect(await checked('/api/v2/silences?expired=false', GettableSilencesSchema)).toEqual([]);
  });

  test('one that is not there is 404', async () => {
    for (const method of ['GET', 'DELETE']) {
      const response = await platform.fetch('/api/v2/silence/no-such', { method });
      expect([response.status, await response.text()]).toEqual([404, '']);
    }
    const response = await send('/api/v2/silences', { ...silence, id: 'no-such' });
    expect([response.status, await response.json()]).toEqual([
      404,
      'no silence has the id "no-such"',
    ]);
  });
});

test('status and receivers', async () => {
  const status = await checked('/api/v2/status', AlertmanagerStatusSchema);
  expect(status).toMatchObject({ cluster: { status: 'disabled', peers: [] } });
  const { config } = status as { readonly config: { readonly original: string } };
  expect(config.original).toContain('receiver: silent');
  expect(config.original).not.toContain('127.0.0.1:9');
  expect(await checked('/api/v2/receivers', AlertmanagerReceiversSchema)).toEqual([
    { name: '(nobody)' },
    { name: 'silent' },
  ]);
});

test('who has no token is turned away as from every other route', async () => {
  await using closed = await Platform.start({ server: { token: 'a-token-long-enough' } });
  // Loopback asks for a token when one is configured.
  for (const path of ['/api/v2/alerts', '/api/v2/silences', '/api/v2/status']) {
    const response = await closed.fetch(path);
    expect([response.status, await response.json()]).toEqual([
      401,
      expect.stringContaining('Authorization: Bearer'),
    ]);
    const allowed = await closed.fetch(path, {
      headers: { authorization: 'Bearer a-token-long-enough' },
    });
    expect(allowed.status).toBe(200);
  }
});

test('before the stores are open it is 503', async () => {
  await using folder = await TemporaryFolder.make();
  await using monitoring = new MonitoringAPI({ region: 'eu-west', dataDir: folder.path });
  const server = await monitoring.listen({ port: 0 });
  const response = await fetch(`${server.url}/api/v2/alerts`);
  expect([response.status, await response.json()]).toEqual([503, 'alerting: is not open yet']);
  await server.close({ timeoutMs: 1_000 });
});
