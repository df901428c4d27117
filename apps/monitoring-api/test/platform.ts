import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { MonitoringAPI, type MonitoringOptions, type RunningServer } from '@dwcp/monitoring';

/** A folder that goes away with the test. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryFolder> {
    return new TemporaryFolder(await mkdtemp(join(tmpdir(), 'dwcp-test-')));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}

/** The platform with its server on a free port and its data in a folder of its own. */
export class Platform implements AsyncDisposable {
  readonly monitoring: MonitoringAPI;
  readonly server: RunningServer;
  readonly #folder: TemporaryFolder;

  private constructor(monitoring: MonitoringAPI, server: RunningServer, folder: TemporaryFolder) {
    this.monitoring = monitoring;
    this.server = server;
    this.#folder = folder;
  }

  static async start(options: Partial<MonitoringOptions> = {}): Promise<Platform> {
    const folder = await TemporaryFolder.make();
    const monitoring = new MonitoringAPI({
      region: 'eu-west',
      service: 'shop',
      instance: 'shop-1',
      dataDir: join(folder.path, 'data'),
      collection: { host: false, process: false },
      ...options,
    });
    await monitoring.initialize();
    return new Platform(monitoring, await monitoring.listen({ port: 0 }), folder);
  }

  get url(): string {
    return this.server.url;
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  async json(path: string, init?: RequestInit): Promise<unknown> {
    return (await this.fetch(path, init)).json();
  }

  /** Stores samples in the Prometheus text format. */
  async importText(text: string): Promise<void> {
    const response = await this.fetch('/api/v1/import/prometheus', { method: 'POST', body: text });
    if (response.status !== 204)
      throw new Error(`import: ${response.status} ${await response.text()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close({ timeoutMs: 1_000 });
    await this.monitoring.close({ timeoutMs: 5_000 });
    await this.#folder[Symbol.asyncDispose]();
  }
}
