import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Child, freePort } from '@dwcp/testing';

const mainFile = join(import.meta.dirname, '../../src/main.ts');

/** Our own server as a user runs it: a process of its own, with a configuration file. */
export class DwcpServer implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  #child: Child | undefined;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  /**
   * @param config YAML without `server` and `dataDir`, which are set here
   * @param options.server further settings of `server`, as in `adminAPI: true`
   * @param options.port default: any free one
   */
  static async start(
    config: string,
    options: { readonly server?: string; readonly port?: number } = {},
  ): Promise<DwcpServer> {
    const folder = await mkdtemp(join(tmpdir(), 'dwcp-server-'));
    const server = new DwcpServer(folder, options.port ?? (await freePort()));
    const more = options.server === undefined ? '' : `, ${options.server}`;
    const own = `server: { port: ${server.port}${more} }\ndataDir: ${join(server.folder, 'data')}\n`;
    await writeFile(join(server.folder, 'dwcp.yml'), own + config);
    await server.restart();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get child(): Child {
    if (this.#child === undefined) throw new Error('the server was never started');
    return this.#child;
  }

  /** Starts it on the same data; returns the milliseconds until it was ready. */
  async restart(): Promise<number> {
    const startMs = performance.now();
    await this.#launch({ readyUrl: `${this.url}/ready` });
    return performance.now() - startMs;
  }

  /** Starts it on the same data and does not wait. */
  async launch(): Promise<void> {
    await this.#launch({});
  }

  async #launch(options: { readonly readyUrl?: string }): Promise<void> {
    this.#child = await Child.start({
      program: process.execPath,
      args: [
        '--conditions=@dwcp/source',
        mainFile,
        'start',
        '--config',
        join(this.folder, 'dwcp.yml'),
      ],
      ...options,
    });
  }

  /** The answer's JSON. @throws Error with the body when the status is no 2xx */
  async get<T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await fetch(
      `${this.url}${path}?${new URLSearchParams(parameters).toString()}`,
    );
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.end();
    await rm(this.folder, { recursive: true, force: true });
  }
}
