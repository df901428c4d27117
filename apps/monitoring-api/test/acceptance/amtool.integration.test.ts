import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { findProgram, wants } from '@dwcp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';

const amtool = findProgram('amtool');
const run = promisify(execFile);

const TOKEN = 'a-token-of-enough-characters';

const alertmanagerConfig = `
route:
  receiver: rest
  group_by: [alertname]
  group_wait: 0s
  routes: [{ matchers: [team = a], receiver: team-a }]
receivers:
  - name: rest
  - name: team-a
    slack_configs: [{ api_url: 'https://hooks.slack.example.org/very-secret', channel: '#a' }]
`;

describe.skipIf(amtool === undefined)(`amtool against our server (${wants('amtool')})`, () => {
  let folder: string;
  let server: DwcpServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dwcp-amtool-'));
    await writeFile(join(folder, 'alertmanager.yml'), alertmanagerConfig);
    await writeFile(join(folder, 'token'), TOKEN);
    await writeFile(
      join(folder, 'http.yml'),
      `authorization: { type: Bearer, credentials_file: '${folder}/token' }\n`,
    );
    server = await DwcpServer.start(
      `
region: eu-test-1
collection: { host: false, process: false }
alerting: { alertmanagerConfig: '${folder}/alertmanager.yml' }
`,
      { server: `tokenFile: '${folder}/token'` },
    );
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function ask(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(amtool ?? '', [
      `--alertmanager.url=${server.url}`,
      `--http.config.file=${folder}/http.yml`,
      ...args,
    ]);
    return stdout;
  }

  async function askJson<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await ask('-o', 'json', ...args)) as T;
  }

  interface Alert {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly receivers: readonly { readonly name: string }[];
    readonly status: { readonly state: string; readonly silencedBy: readonly string[] };
  }

  interface Silence {
    readonly id: string;
    readonly comment: string;
    readonly endsAt: string;
    readonly startsAt: string;
    readonly status: { readonly state: string };
    readonly matchers: readonly { readonly name: string; readonly isRegex: boolean }[];
  }

  test('alert add and alert query, with matchers, as text and as JSON', async () => {
    await ask('alert', 'add', 'HostDown', 'team=a', 'instance=a', '--annotation=summary=gone');
    await ask('alert', 'add', 'HostDown', 'team=b', 'instance=b');
    const all = await askJson<Alert[]>('alert', 'query', 'alertname=HostDown');
    expect(new Map(all.map(({ labels, receivers }) => [labels['team'], receivers]))).toEqual(
      new Map([
        ['a', [{ name: 'team-a' }]],
        ['b', [{ name: 'rest' }]],
      ]),
    );
    expect(await askJson('alert', 'query', 'HostDown', 'instance=~"a|c"')).toMatchObject([
      { labels: { instance: 'a' }, annotations: { summary: 'gone' }, status: { state: 'active' } },
    ]);
    expect(await askJson('alert', 'query', '--receiver=team-a')).toHaveLength(1);
    const extended = await ask('-o', 'extended', 'alert', 'query', 'team=a');
    expect(extended).toContain('alertname="HostDown"');
    expect(extended).toContain('summary="gone"');
  });

  test('silence add, query, update and expire', async () => {
    await ask('alert', 'add', 'DiskFull', 'instance=d1');
    const id = (
      await ask(
        'silence',
        'add',
        'alertname=DiskFull',
        'instance=~d.+',
        '--comment=replacing it',
        '--author=ann',
        '--duration=1h',
      )
    ).trim();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const [silence] = await askJson<Silence[]>('silence', 'query', 'alertname=DiskFull');
    expect(silence).toMatchObject({
      id,
      comment: 'replacing it',
      createdBy: 'ann',
      status: { state: 'active' },
      matchers: [
        { name: 'alertname', isRegex: false },
        { name: 'instance', isRegex: true },
      ],
    });
    expect(await askJson('alert', 'query', '--silenced', 'DiskFull')).toMatchObject([
      { status: { state: 'suppressed', silencedBy: [id] } },
    ]);
    expect(await askJson('alert', 'query', 'DiskFull')).toEqual([]);

    const updated = await askJson<Silence[]>('silence', 'update', '--duration=2h', id);
    const hours = (of: Silence | undefined): number =>
      (Date.parse(of?.endsAt ?? '') - Date.parse(of?.startsAt ?? '')) / 3_600_000;
    expect(hours(updated[0])).toBeCloseTo(2, 2);

    await ask('silence', 'expire', updated[0]?.id ?? '');
    expect(await askJson('silence', 'query', 'alertname=DiskFull')).toEqual([]);
    expect(await askJson('silence', 'query', '--expired', 'alertname=DiskFull')).toMatchObject([
      { id, status: { state: 'expired' } },
    ]);
    expect(await askJson('alert', 'query', 'DiskFull')).toHaveLength(1);
  });

  test('what is wrong is said', async () => {
    await expect(ask('silence', 'expire', '11111111-1111-1111-1111-111111111111')).rejects.toThrow(
      '404',
    );
    await expect(
      ask('silence', 'add', 'a=b', '--comment=x', '--end=2001-01-01T00:00:00Z'),
    ).rejects.toThrow('amtool: error');
    await expect(ask('alert', 'query', '--receiver=(')).rejects.toThrow('receiver');
  });

  test('config show gives the file without its secrets; routes are those of the file', async () => {
    const shown = await ask('config', 'show');
    expect(shown).toContain('channel: "#a"');
    expect(shown).toContain('<secret>');
    expect(shown).not.toContain('very-secret');
    expect((await ask('config', 'routes', 'test', 'team=a')).trim()).toBe('team-a');
    expect((await ask('config', 'routes', 'test', 'team=b')).trim()).toBe('rest');
  });

  test('cluster show: there is none', async () => {
    expect(await ask('cluster', 'show')).toMatch(/Cluster Status:\s+disabled/);
  });

  test('without the token nothing is told', async () => {
    await expect(
      run(amtool ?? '', [`--alertmanager.url=${server.url}`, 'alert', 'query']),
    ).rejects.toThrow('401');
  });
});
