import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type AlertExplanationView } from '@dwcp/api-schema';
import { eventually, ManualClock } from '@dwcp/testing';

import { type Config } from '#src/config/config.ts';
import { readConfigFile } from '#src/config/file-source.ts';
import { parseConfig } from '#src/config/parse-config.ts';
import { Runtime } from '#src/runtime/runtime.ts';
import { type RunningServer, startServer } from '#src/server/start-server.ts';

import { TemporaryFolder } from '../platform.ts';
import { type Told, WebhookReceiver } from './webhook-receiver.ts';

export const MINUTE = 60_000;

/** A process and its server. */
interface Running {
  readonly runtime: Runtime;
  readonly server: RunningServer;
}

/** The whole platform on a clock that stands still, with a webhook receiver that is real. */
export class AlertingWorld implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly folder: TemporaryFolder;
  readonly webhook: WebhookReceiver;
  #running: Running | undefined;

  private constructor(folder: TemporaryFolder, webhook: WebhookReceiver) {
    this.folder = folder;
    this.webhook = webhook;
  }

  /**
   * @param files by name; `URL` in them is the address of the webhook receiver. `dwcp.yml` holds the
   *   settings of `alerting` beside `alertmanagerConfig: alertmanager.yml`.
   */
  static async start(files: Readonly<Record<string, string>>): Promise<AlertingWorld> {
    const world = new AlertingWorld(await TemporaryFolder.make(), await WebhookReceiver.start());
    await world.write(files);
    await world.open();
    return world;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(this.folder.path, name), text.replaceAll('URL', this.webhook.url));
    }
  }

  /** Starts the process; after `end`, another on the same data. */
  async open(): Promise<void> {
    const runtime = new Runtime({
      config: this.#readConfig(),
      clock: this.clock,
      readConfig: async () => this.#readConfig(),
    });
    await runtime.initialize();
    this.#running = { runtime, server: await startServer(runtime, { port: 0 }) };
  }

  async end(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.server.close({ timeoutMs: 1_000 });
    // Limits of time would wait for a clock that stands still.
    await running?.runtime.close({ timeoutMs: 0 });
  }

  #readConfig(): Config {
    const { path } = this.folder;
    return parseConfig({
      sources: [readConfigFile('dwcp.yml', path)],
      cwd: path,
      hostname: 'host-1',
    });
  }

  get runtime(): Runtime {
    if (this.#running === undefined) throw new Error('it does not run');
    return this.#running.runtime;
  }

  get url(): string {
    return this.#running?.server.url ?? '';
  }

  /** Lets time pass, in steps in which what is written and sent gets there. */
  async run(durationMs: number, stepMs = 15_000): Promise<void> {
    for (let leftMs = durationMs; leftMs > 0; leftMs -= stepMs) {
      await this.clock.advance(Math.min(stepMs, leftMs));
      await this.#settle();
    }
  }

  /** Lets time pass until something is so, at most 10 minutes. */
  async until(what: string, isSo: () => unknown): Promise<void> {
    for (let passedMs = 0; passedMs < 10 * MINUTE; passedMs += 1_000) {
      if ((await isSo()) === true) return;
      await this.run(1_000, 1_000);
    }
    throw new Error(`not within ten minutes: ${what}`);
  }

  /** Until nothing is on its way any more, but to a receiver that fails. */
  async #settle(): Promise<void> {
    // Goes through the server, and so behind what was begun before it.
    for (let round = 0; round < 3; round++) await fetch(`${this.url}/health`);
    const alerting = this.runtime.requireAlerting();
    const idle = (what: string, isIdle: () => boolean): Promise<unknown> =>
      eventually(isIdle, { timeoutMs: 5_000, everyMs: 1, what });
    await idle('that rules are heard', () =>
      alerting.rules.queueStats().every(({ waiting }) => waiting === 0),
    );
    // Each waits for what the part has begun.
    await alerting.intake.putAlerts([]);
    await alerting.incidents.putAlerts([], { labelled: false });
    await alerting.pipeline.putAlerts([]);
    await idle('that the outbox has all', () =>
      [alerting.pipeline, alerting.incidents].every((part) => part.stats().waitingIntents === 0),
    );
    await idle('the deliveries', () => {
      const failing = new Set(
        alerting
          .health()
          .flatMap(({ consecutiveFailures, name }) =>
            consecutiveFailures > 0 ? [`notifications ${name}`] : [],
          ),
      );
      const queues = alerting.queues().filter(({ name }) => name.startsWith('notifications '));
      return queues.every(({ name, waiting }) => waiting === 0 || failing.has(name));
    });
  }

  /** What a receiver was told, as `Full firing, Other resolved` for each notification. */
  toldTo(receiver: string): readonly string[] {
    return this.webhook.told
      .filter((told) => told.receiver === receiver)
      .map(({ alerts }: Told) =>
        alerts
          .map(({ labels, status }) => `${labels['alertname'] ?? ''} ${status}`)
          .toSorted()
          .join(', '),
      );
  }

  async send(method: string, path: string, body?: unknown): Promise<Response> {
    const json = { 'content-type': 'application/json' };
    return await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: json, body: JSON.stringify(body) }),
    });
  }

  /** @throws Error with the answer when it is none with 2xx */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.send(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Posts alerts that fire for an hour from now, as Prometheus would. */
  async post(...alerts: readonly Readonly<Record<string, string>>[]): Promise<void> {
    const endsAt = new Date(this.clock.nowUnixMs() + 60 * MINUTE).toISOString();
    const startsAt = new Date(this.clock.nowUnixMs()).toISOString();
    const body = alerts.map((labels) => ({ labels, startsAt, endsAt }));
    await this.ask('POST', '/api/v2/alerts', body);
  }

  /** Stores samples, a line each, of this moment. */
  async store(text: string): Promise<void> {
    const nowMs = Math.round(this.clock.nowUnixMs());
    const response = await fetch(`${this.url}/api/v1/import/prometheus`, {
      method: 'POST',
      body: text.replaceAll('\n', ` ${nowMs}\n`),
    });
    if (response.status !== 204) throw new Error(await response.text());
  }

  async explain(alert: string, at?: string): Promise<AlertExplanationView> {
    const parameters = new URLSearchParams({ alert, ...(at === undefined ? {} : { at }) });
    return await this.ask('GET', `/api/v1/alerts/explain?${parameters.toString()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.webhook[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** Settings around those of `alerting` that a test is about. */
export function settings(alerting = ''): string {
  return `region: eu-west
dataDir: data
collection: { host: false, process: false, intervalMs: 60000 }
alerting:
  alertmanagerConfig: alertmanager.yml
  allowPrivateNetwork: true
${alerting}`;
}
