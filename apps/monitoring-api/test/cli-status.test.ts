import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { run } from '#src/cli/run.ts';

import { Platform } from './platform.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

describe('dwcp status', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await Platform.start();
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  /** Runs it against a server that answers the two paths so. */
  async function status(
    ready: Answer,
    state: Answer,
    ...argv: readonly string[]
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    const server = createServer((request, response) => {
      const { status: code, body } = request.url === '/ready' ? ready : state;
      response.writeHead(code, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    let [out, err] = ['', ''];
    try {
      const code = await run({
        argv: ['status', '--url', `http://127.0.0.1:${port}`, ...argv],
        env: {},
        cwd: '/',
        out: { write: (text) => (out += text) },
        err: { write: (text) => (err += text) },
      });
      return { code, out, err };
    } finally {
      server.close();
    }
  }

  const own = async (): Promise<Answer> => ({
    status: 200,
    body: await platform.json('/api/v1/status'),
  });
  const notReady: Answer = {
    status: 503,
    body: { status: 'not-ready', reasons: ['metrics: write-ahead log: no space left on device'] },
  };

  test('a server that is not ready says why, and the exit code is 1', async () => {
    const { code, out } = await status(notReady, await own());
    expect(code).toBe(1);
    expect(out).toMatch(
      /^DWCP Monitoring \S+ not ready: metrics: write-ahead log: no space left on device\n/,
    );
    expect(out).toContain('QUEUE');
    const json = await status(notReady, await own(), '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ service: 'shop', readiness: notReady.body });
  });

  test('one that is still opening its stores says so, without more', async () => {
    const opening = { status: 503, body: { status: 'not-ready', reasons: ['the stores open'] } };
    const { code, out, err } = await status(opening, { status: 503, body: { detail: 'starting' } });
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toMatch(/^http:\S+ not ready: the stores open\n$/);
  });

  test('what stands before a server and answers otherwise is told with its status', async () => {
    const { code, out } = await status({ status: 502, body: 'bad gateway' }, await own());
    expect(code).toBe(1);
    expect(out).toContain('not ready: /ready answers 502: which is not an answer of DWCP');
  });

  test('a ready server is 0, and --json says so too', async () => {
    const ready = { status: 200, body: { status: 'ready', reasons: [] } };
    const { code, out } = await status(ready, await own(), '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ readiness: ready.body });
  });

  test('a reader that closes the pipe, as head does, is no crash', async () => {
    const main = join(import.meta.dirname, '../src/cli/main.ts');
    const child = spawn(
      process.execPath,
      ['--conditions=@dwcp/source', main, 'status', '--url', platform.url],
      { env: { PATH: process.env['PATH'] ?? '' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    child.stdout.destroy();
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });
});
