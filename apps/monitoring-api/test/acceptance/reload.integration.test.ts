import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { compareUtf8 } from '@dwcp/core';
import { eventually } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { type ChangingTarget, startChangingTarget } from './changing-target.ts';
import { DwcpServer } from './dwcp-server.ts';
import { promQuery, type VectorElement } from './prometheus-answers.ts';

interface Target {
  readonly scrapePool: string;
  readonly health: string;
  readonly labels: Readonly<Record<string, string>>;
}

const job = (name: string, target: ChangingTarget): string => `
  - job_name: ${name}
    scrape_interval: 500ms
    scrape_timeout: 500ms
    static_configs: [{ targets: ['${target.address}'] }]`;

/** The server with a configuration that can be changed as an operator does. */
class Reloadable {
  readonly server: DwcpServer;
  readonly #head: string;

  private constructor(server: DwcpServer, head: string) {
    this.server = server;
    this.#head = head;
  }

  static async start(scrapeConfigs: string): Promise<Reloadable> {
    const own = 'region: eu-test-1\ncollection: { host: false, process: false }\n';
    const server = await DwcpServer.start(`${own}scrapeConfigs:${scrapeConfigs}\n`);
    const text = await readFile(join(server.folder, 'dwcp.yml'), 'utf8');
    return new Reloadable(server, text.slice(0, text.indexOf('scrapeConfigs:')));
  }

  async write(scrapeConfigs: string): Promise<void> {
    await writeFile(
      join(this.server.folder, 'dwcp.yml'),
      `${this.#head}scrapeConfigs:${scrapeConfigs}\n`,
    );
  }

  reload(): Promise<Response> {
    return fetch(`${this.server.url}/-/reload`, { method: 'POST' });
  }

  /** Waits until just these jobs have targets, all of them up. */
  async scrapes(...jobs: readonly string[]): Promise<void> {
    const wanted = jobs.toSorted(compareUtf8).join();
    await eventually(
      async () => {
        const answer = await this.server.get<{
          readonly data: { readonly activeTargets: readonly Target[] };
        }>('/api/v1/targets');
        const targets = answer.data.activeTargets;
        if (targets.some(({ health }) => health !== 'up')) return undefined;
        const pools = targets.map(({ scrapePool }) => scrapePool).toSorted(compareUtf8);
        return pools.join() === wanted || undefined;
      },
      { timeoutMs: 15_000, what: `targets of ${wanted}` },
    );
  }

  /** Of the platform's own metrics. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.server.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  async vector(query: string): Promise<readonly VectorElement[]> {
    const { result } = await promQuery(this.server.url, 'query', { query });
    return result as readonly VectorElement[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

const SUCCESSFUL = 'dwcp_config_last_reload_successful';
const SECONDS = 'dwcp_config_last_reload_success_timestamp_seconds';

test('POST /-/reload and SIGHUP take up what is scraped, and a bad file changes nothing', async () => {
  await using first = await startChangingTarget();
  await using second = await startChangingTarget();
  await using subject = await Reloadable.start(job('first', first));
  const { server } = subject;
  await subject.scrapes('first');
  expect(await subject.metric(SUCCESSFUL)).toBe(1);
  const startS = await subject.metric(SECONDS);

  await subject.write(job('first', first) + job('second', second));
  expect((await subject.reload()).status).toBe(204);
  await subject.scrapes('first', 'second');
  const reloadedS = await subject.metric(SECONDS);
  expect(reloadedS).toBeGreaterThan(startS);
  await eventually(
    async () => (await subject.vector('jobs_total{job="second"}')).length === 40 || undefined,
    { timeoutMs: 5_000, what: 'samples of the new target' },
  );

  // Several problems at once, each with its place and what to do.
  await subject.write(`
  - job_name: first
    scrape_interval: soon
  - job_name: first
    scrape_intervall: 1s`);
  const refused = await subject.reload();
  expect(refused.status).toBe(422);
  expect(refused.headers.get('content-type')).toContain('application/problem+json');
  const problem = (await refused.json()) as {
    readonly title: string;
    readonly detail: string;
    readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
  };
  process.stdout.write(`${problem.detail}\n`);
  expect(problem.title).toBe('The configuration was not taken up');
  const pointers = problem.errors.map(({ pointer }) => pointer);
  expect(pointers).toContain('scrapeConfigs.0.scrape_interval');
  expect(pointers).toContain('scrapeConfigs.1.scrape_intervall');
  expect(problem.errors.find(({ pointer }) => pointer.endsWith('_intervall'))?.detail).toMatch(
    /scrape_interval/,
  );
  expect(await subject.metric(SUCCESSFUL)).toBe(0);
  expect(await subject.metric(SECONDS)).toBe(reloadedS);
  await eventually(
    async () => (await subject.vector(`${SUCCESSFUL} == 0`)).length === 1 || undefined,
    { timeoutMs: 5_000, what: 'the failure as a series, for alerts' },
  );

  // What is no YAML, and no file at all.
  await writeFile(join(server.folder, 'dwcp.yml'), 'scrapeConfigs: [{');
  expect((await subject.reload()).status).toBe(422);
  await rename(join(server.folder, 'dwcp.yml'), join(server.folder, 'away.yml'));
  expect((await subject.reload()).status).toBe(422);

  // The old targets go on.
  const sinceS = Date.now() / 1_000;
  for (const name of ['first', 'second']) {
    await eventually(
      async () =>
        (await subject.vector(`timestamp(up{job="${name}"}) > ${sinceS}`)).length === 1 ||
        undefined,
      { timeoutMs: 5_000, what: `a new sample of ${name}` },
    );
  }

  // By signal, and what is gone goes stale.
  await subject.write(job('second', second));
  process.kill(server.child.pid, 'SIGHUP');
  await subject.scrapes('second');
  expect(await subject.metric(SUCCESSFUL)).toBe(1);
  expect(await subject.metric(SECONDS)).toBeGreaterThan(reloadedS);
  await eventually(
    async () => (await subject.vector('jobs_total{job="first"}')).length === 0 || undefined,
    { timeoutMs: 5_000, what: 'the series of the old target are over' },
  );
  // A bad file by signal ends nothing.
  await subject.write('\n  - job_name: 5');
  process.kill(server.child.pid, 'SIGHUP');
  await eventually(async () => (await subject.metric(SUCCESSFUL)) === 0 || undefined, {
    timeoutMs: 5_000,
    what: 'the refusal',
  });
  expect(server.child.running).toBe(true);
  await subject.scrapes('second');
});

test('a file of targets that changes is taken up without a reload', async () => {
  await using first = await startChangingTarget();
  await using second = await startChangingTarget();
  await using subject = await Reloadable.start(`
  - job_name: files
    scrape_interval: 500ms
    scrape_timeout: 500ms
    file_sd_configs: [{ files: [targets/*.json] }]`);
  const { server } = subject;
  const folder = join(server.folder, 'targets');
  await mkdir(folder);
  const write = async (...targets: readonly ChangingTarget[]): Promise<void> => {
    const text = JSON.stringify(
      targets.map(({ address }, i) => ({ targets: [address], labels: { row: String(i) } })),
    );
    await writeFile(join(folder, 'new.tmp'), text);
    await rename(join(folder, 'new.tmp'), join(folder, 'a.json'));
  };
  await write(first);
  await subject.scrapes('files');
  await write(first, second);
  await subject.scrapes('files', 'files');
  const rows = await eventually(
    async () => {
      const found = await subject.vector('jobs_total{queue="q1"}');
      return found.length === 2 ? found : undefined;
    },
    { timeoutMs: 5_000, what: 'samples of both' },
  );
  expect(rows.map(({ metric }) => metric['row'] ?? '').toSorted(compareUtf8)).toEqual(['0', '1']);

  // Half a file leaves what it gave before.
  await writeFile(join(folder, 'a.json'), '[{"targets": [');
  await eventually(
    async () => (await subject.metric('dwcp_sd_file_read_errors_total')) > 0 || undefined,
    { timeoutMs: 10_000, what: 'the failure is counted' },
  );
  await subject.scrapes('files', 'files');
  await write(second);
  await subject.scrapes('files');
  await rm(join(folder, 'a.json'));
  await subject.scrapes();
  expect(await subject.metric(SUCCESSFUL)).toBe(1);
});
