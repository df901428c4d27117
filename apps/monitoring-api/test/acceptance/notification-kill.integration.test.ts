import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, randomOf } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { type Told, WebhookReceiver } from '../alerting/webhook-receiver.ts';
import { DwcpServer } from './dwcp-server.ts';

const KILLS = Number(process.env['DWCP_TEST_KILLS'] ?? 40);
/** The same seed gives the same plan; when a process dies within it is the machine's. */
const SEED = Number(process.env['DWCP_TEST_SEED'] ?? Date.now() % 2 ** 31);
const ALERTS_PER_GROUP = 3;
/** A new one is posted only while fewer than these go on. */
const MAX_OPEN_GROUPS = 30;
const RECEIVERS = ['steady', 'flaky'] as const;

const alertmanagerConfig = (url: string): string => `
route:
  receiver: steady
  group_by: [group]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
  routes: [{ receiver: steady, continue: true }, { receiver: flaky }]
receivers:
  - name: steady
    webhook_configs: [{ url: '${url}/steady' }]
  - name: flaky
    webhook_configs: [{ url: '${url}/flaky' }]
`;

/** Alerts that begin together and are over together. */
class Group {
  readonly name: string;
  readonly #startsAt = new Date().toISOString();
  #endsAt: string | undefined;
  /** What the server said 200 to. */
  acknowledged: 'nothing' | 'firing' | 'resolved' = 'nothing';

  constructor(number: number) {
    this.name = `g${number}`;
  }

  /** Says again what was not acknowledged, until the server is gone. */
  async post(url: string, what: 'firing' | 'resolved'): Promise<void> {
    if (what === 'resolved') this.#endsAt ??= new Date().toISOString();
    const response = await fetch(`${url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        Array.from({ length: ALERTS_PER_GROUP }, (_, index) => ({
          labels: { alertname: `A${index}`, group: this.name },
          startsAt: this.#startsAt,
          endsAt: this.#endsAt ?? new Date(Date.now() + 86_400_000).toISOString(),
        })),
      ),
    });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    this.acknowledged = what;
  }
}

/** Of one receiver and group, the notifications by status, those of one key taken as one. */
class Tally {
  readonly #receiver: WebhookReceiver;
  readonly #keys = new Map<string, Set<string>>();
  #read = 0;
  sameKey = 0;
  incomplete = 0;

  constructor(receiver: WebhookReceiver) {
    this.#receiver = receiver;
  }

  count(receiver: string, group: string, status: string): number {
    for (; this.#read < this.#receiver.told.length; this.#read++) {
      const told = this.#receiver.told[this.#read];
      if (told !== undefined) this.#take(told);
    }
    return this.#keys.get(`${receiver} ${group} ${status}`)?.size ?? 0;
  }

  #take({ receiver, key, status, alerts }: Told): void {
    const group = alerts[0]?.labels['group'] ?? '';
    const name = `${receiver} ${group} ${status}`;
    const keys = this.#keys.get(name) ?? new Set();
    this.#keys.set(name, keys);
    if (keys.has(key)) this.sameKey++;
    if (new Set(alerts.map(({ labels }) => labels['alertname'])).size !== ALERTS_PER_GROUP) {
      this.incomplete++;
    }
    keys.add(key);
  }

  toldToAll(group: string, status: string): boolean {
    return RECEIVERS.every((receiver) => this.count(receiver, group, status) > 0);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const isGone = (error: unknown): boolean => error instanceof TypeError;

test(
  `kill -9 at ${KILLS} moments loses no notification and repeats none`,
  { timeout: 60_000 + KILLS * 10_000 },
  async () => {
    const random = randomOf(SEED);
    await using receiver = await WebhookReceiver.start();
    receiver.answerTo = (path) => (path === '/flaky' && random() < 0.3 ? 503 : 200);
    const folder = await mkdtemp(join(tmpdir(), 'dwcp-kill-'));
    await writeFile(join(folder, 'alertmanager.yml'), alertmanagerConfig(receiver.url));
    await using server = await DwcpServer.start(`
region: eu-test-1
collection: { host: false, process: false }
alerting: { alertmanagerConfig: '${folder}/alertmanager.yml', allowPrivateNetwork: true }
`);
    const tally = new Tally(receiver);
    const groups: Group[] = [];

    /** Says what is next to say until the server is gone or told to stop. */
    async function converse(stop: AbortSignal): Promise<void> {
      try {
        while (!stop.aborted) {
          const unsaid = groups.find(({ acknowledged }) => acknowledged === 'nothing');
          const open = groups.filter(({ acknowledged }) => acknowledged !== 'resolved');
          // Alerts that end before anybody heard of them are told to nobody, as in Alertmanager.
          const heard = open.find(({ name }) => tally.toldToAll(name, 'firing'));
          if (unsaid !== undefined) await unsaid.post(server.url, 'firing');
          else if (heard !== undefined && random() < 0.5) {
            await heard.post(server.url, 'resolved');
          } else if (open.length < MAX_OPEN_GROUPS) groups.push(new Group(groups.length));
          await pause(random() * 20);
        }
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    }

    for (let kill = 0; kill < KILLS; kill++) {
      const stop = new AbortController();
      const conversation = converse(stop.signal);
      await pause(random() * 600);
      await server.child.end('SIGKILL');
      stop.abort();
      await conversation;
      // Now and then it dies again before it is up.
      if (kill % 5 === 4 && ++kill < KILLS) {
        await server.launch();
        await pause(300 + random() * 700);
        await server.child.end('SIGKILL');
      }
      await server.restart();
    }

    receiver.answerTo = () => 200;
    for (const group of groups) {
      if (group.acknowledged === 'nothing') await group.post(server.url, 'firing');
      await eventually(() => tally.toldToAll(group.name, 'firing'), {
        timeoutMs: 90_000,
        what: `${group.name} firing, which was acknowledged`,
      });
      if (group.acknowledged === 'firing') await group.post(server.url, 'resolved');
    }
    for (const { name } of groups) {
      await eventually(() => tally.toldToAll(name, 'resolved'), {
        timeoutMs: 90_000,
        what: `${name} resolved, which was acknowledged`,
      });
    }
    // Two more flushes of each group, which must tell nothing.
    await pause(2_500);

    const told = groups.flatMap(({ name }) =>
      RECEIVERS.flatMap((to) =>
        (['firing', 'resolved'] as const).map((status) => ({
          what: `${name} ${status} to ${to}`,
          times: tally.count(to, name, status),
        })),
      ),
    );
    const missing = told.filter(({ times }) => times === 0);
    const repeated = told.filter(({ times }) => times > 1);
    process.stdout.write(
      `seed ${SEED}: ${KILLS} kills, ${groups.length} groups, ${receiver.told.length} notifications, ` +
        `${missing.length} missing, ${repeated.length} repeated, ${tally.sameKey} came again under their key\n`,
    );
    expect({ missing, repeated }).toEqual({ missing: [], repeated: [] });
    expect(tally.incomplete).toBe(0);
    expect(groups.length).toBeGreaterThan(KILLS);
    await rm(folder, { recursive: true });
  },
);
