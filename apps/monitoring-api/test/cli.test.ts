import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '@dwcp/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { run } from '#src/cli/run.ts';
import { sparkline } from '#src/cli/sparkline.ts';
import { table } from '#src/cli/table.ts';

import { Platform, TemporaryFolder } from './platform.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function dwcp(argv: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await run({
    argv,
    env,
    cwd: '/',
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

describe('asking a server', () => {
  let platform: Platform;
  const startSeconds = Math.floor(Date.now() / 1_000) - 60;
  beforeAll(async () => {
    platform = await Platform.start({ prometheusURL: 'http://localhost:9090' });
    const lines: string[] = [];
    for (let i = 0; i <= 40; i++) lines.push(`ramp{job="x"} ${i} ${(startSeconds + i) * 1_000}`);
    await platform.importText(`${lines.join('\n')}\n`);
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  const query = (...argv: readonly string[]): Promise<Ran> =>
    dwcp(['query', ...argv, '--url', platform.url]);

  test('an instant query is a table', async () => {
    const { code, out, err } = await query('ramp', '--time', String(startSeconds + 40));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(
      'SERIES                           VALUE\n' + 'ramp{job="x", region="eu-west"}     40\n',
    );
  });

  test('a range is drawn', async () => {
    const range = [
      '--start',
      String(startSeconds),
      '--end',
      String(startSeconds + 40),
      '--step',
      '5s',
    ];
    const { code, out } = await query('ramp', ...range);
    expect(code).toBe(0);
    const line = out.split('\n')[1] ?? '';
    expect(line).toMatch(/^ramp\{job="x", region="eu-west"\} {2}▁\S{7}█\s+0\s+40\s+40$/);
  });

  test('a scalar is just its value, and nothing found says so', async () => {
    expect((await query('1 + 1')).out).toBe('2\n');
    expect(await query('no_such_metric')).toEqual({ code: 0, out: 'no series\n', err: '' });
  });

  test('--json gives the answer itself', async () => {
    const { out } = await query('ramp', '--json', '--time', String(startSeconds));
    expect(JSON.parse(out)).toMatchObject({ status: 'success', data: { resultType: 'vector' } });
  });

  test("the server's complaint is shown and the exit code is 1", async () => {
    const { code, err } = await query('sum(');
    expect(code).toBe(1);
    expect(err).toContain('answered 400: invalid parameter "query": 1:5: parse error');
  });

  test('status shows stores, queues and servers that are not connected', async () => {
    const { code, out } = await dwcp(['status'], { DWCP_URL: platform.url });
    expect(code).toBe(0);
    expect(out).toMatch(/^DWCP Monitoring \S+ ready\nshop on shop-1, region eu-west, up /);
    expect(out).toMatch(/^metrics\s+\d+ series\s+[\d.]+ \w+$/m);
    expect(out).toMatch(/^samples(\s+\d+){4}$/m);
    expect(out).toContain('prometheus not connected: this version has no prometheus adapter');
    const json = await dwcp(['status', '--json', '--url', platform.url]);
    expect(JSON.parse(json.out)).toMatchObject({ region: 'eu-west' });
  });

  test('a server with a token gets it from a file', async () => {
    await using folder = await TemporaryFolder.make();
    await using guarded = await Platform.start({ server: { token: 'a-token-of-some-length' } });
    const without = await dwcp(['query', '1', '--url', guarded.url]);
    expect(without.code).toBe(1);
    expect(without.err).toContain('DWCP_TOKEN_FILE');
    const file = join(folder.path, 'token');
    await writeFile(file, 'a-token-of-some-length\n');
    const { code, out } = await dwcp(['query', '1', '--url', guarded.url], {
      DWCP_TOKEN_FILE: file,
    });
    expect([code, out]).toEqual([0, '1\n']);
  });

  test('a server that is not there is said in plain words', async () => {
    const { code, err } = await dwcp(['status', '--url', 'http://127.0.0.1:1']);
    expect(code).toBe(1);
    expect(err).toContain('http://127.0.0.1:1: cannot be reached');
    expect(err).toContain('is "dwcp start" running');
  });
});

describe('the command line', () => {
  test('a token file that cannot be read is told without a stack', async () => {
    const { code, err } = await dwcp(['status'], { DWCP_TOKEN_FILE: '/nowhere/token' });
    expect(code).toBe(2);
    expect(err).toMatch(/^dwcp: DWCP_TOKEN_FILE cannot be read: ENOENT.*\n$/);
  });

  const commands = [
    'start',
    'status',
    'query',
    'labels',
    'top-series',
    'rules',
    'alerts',
    'alert',
    'silence',
    'routes',
  ];
  test.each(commands)('%s --help is the help', async (command) => {
    const { code, out } = await dwcp([command, '--help']);
    expect({ code, out }).toEqual({ code: 0, out: (await dwcp(['help'])).out });
  });

  test('help names every command and no way to put a secret into it', async () => {
    const { code, out } = await dwcp(['help']);
    expect(code).toBe(0);
    for (const command of [...commands, 'help']) expect(out).toContain(`  ${command} `);
    expect(out).not.toContain('--token');
    expect(out.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  test.each([
    [['sart'], 'there is no command "sart"'],
    [['query'], 'query wants an expression'],
    [['query', 'a', 'b'], 'query wants one expression'],
    [['query', 'a', '--time', 'noon'], '--time wants RFC 3339 or Unix seconds, got "noon"'],
    [['query', 'a', '--end', '1'], '--end and --step go with --start'],
    [['query', 'a', '--start', '1', '--time', '1'], '--time does not go with --start'],
    [['query', 'a', '--start', '1', '--step', 'x'], '--step wants a duration'],
    [['query', 'a', '--url', 'localhost'], '--url wants an address'],
    [['status', '--prot', '1'], "Unknown option '--prot'"],
    [['start', '--port', 'x'], '--port wants a number from 0 to 65535, got "x"'],
    [['start', '--token', 'x'], "Unknown option '--token'"],
  ])('%j is wrong and exits with 2', async (argv, message) => {
    const { code, out, err } = await dwcp(argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  test('a wrong configuration exits with 2 and tells everything', async () => {
    const { code, err } = await dwcp(['start', '--port', '70000'], { DWCP_RETENTION_LOGS: 'soon' });
    expect(code).toBe(2);
    expect(err).toBe(
      'dwcp: the configuration has 2 problems\n' +
        '  server.port = 70000 (code)\n    must be <= 65535; set a whole number from 0 to 65535\n' +
        '  retention.logs = "soon" (env DWCP_RETENTION_LOGS)\n    is not a duration; write one such as 30d, 12h or 1h30m\n',
    );
  });
});

describe('dwcp start', () => {
  const mainFile = join(import.meta.dirname, '../src/main.ts');
  const children = new Set<ChildProcess>();
  // A test that fails half-way leaves nothing running.
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
  });

  /** Starts it as a user does and waits for its greeting. */
  async function started(
    argv: readonly string[],
    env: Record<string, string> = {},
  ): Promise<{
    child: ChildProcess;
    output: () => string;
    url: string;
    exit: Promise<number | null>;
  }> {
    const child = spawn(
      process.execPath,
      ['--conditions=@dwcp/source', mainFile, 'start', ...argv],
      {
        env: { PATH: process.env['PATH'] ?? '', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    children.add(child);
    let output = '';
    const exit = Promise.withResolvers<number | null>();
    child.once('exit', exit.resolve);
    const url = Promise.withResolvers<string>();
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
        if (found !== undefined && (output.includes('embed ') || output.includes('"listening"')))
          url.resolve(found);
      });
    }
    void exit.promise.then(() => url.reject(new Error(`it ended: ${output}`)));
    return { child, output: () => output, url: await url.promise, exit: exit.promise };
  }

  test('greets, serves, and on SIGTERM writes what it has and ends with 0', async () => {
    await using folder = await TemporaryFolder.make();
    const argv = ['--data-dir', join(folder.path, 'data'), '--port', '0'];
    const first = await started(argv, { DWCP_REGION: 'eu-west' });
    const lines = first.output().trimEnd().split('\n');
    expect(lines[0]).toMatch(/^DWCP Monitoring \S+ is running in region eu-west$/);
    expect(lines.slice(1).map((line) => line.trim().split(/\s+/)[0])).toEqual([
      'console',
      'watches',
      'data',
      'embed',
    ]);
    expect((await fetch(`${first.url}/ready`)).status).toBe(200);
    const body = `kept 1\n`;
    await fetch(`${first.url}/api/v1/import/prometheus`, { method: 'POST', body });
    // The server's own requests appear as traces.
    await expect
      .poll(
        async () =>
          (
            (await (await fetch(`${first.url}/api/v1/services`)).json()) as {
              items: { name: string; operations: string[] }[];
            }
          ).items,
        { timeout: 5_000 },
      )
      .toEqual([{ name: 'dwcp', operations: expect.arrayContaining(['GET /api/v1/services']) }]);
    const startMs = performance.now();
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(5_000);

    const second = await started([...argv, '--log-json']);
    const log = second
      .output()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string });
    expect(log.map(({ msg }) => msg)).toContain('listening');
    const answer = await fetch(`${second.url}/api/v1/query?query=last_over_time(kept[5m])`);
    expect(await answer.json()).toMatchObject({
      data: { result: [{ value: [expect.any(Number), '1'] }] },
    });
    second.child.kill('SIGINT');
    expect(await second.exit).toBe(0);
  }, 30_000);

  test('a signal ends a start that waits for the disk', async () => {
    await using folder = await TemporaryFolder.make();
    // Reading a pipe without a writer never ends.
    const pipe = join(folder.path, 'rules.yml');
    execFileSync('mkfifo', [pipe]);
    const port = await freePort();
    const argv = ['--data-dir', join(folder.path, 'data'), '--port', String(port)];
    const starting = started(argv, { DWCP_ALERTING_RULE_FILES: pipe }).catch(String);
    const health = (): Promise<number> =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        ({ status }) => status,
        () => 0,
      );
    await expect.poll(health, { timeout: 10_000 }).toBe(200);
    for (const child of children) child.kill('SIGTERM');
    await expect.poll(health, { timeout: 10_000 }).toBe(0);
    await writeFile(pipe, 'groups: []\n');
    expect(await starting).toContain('stopping');
  }, 30_000);

  test('a data directory in use is an error that names the process', async () => {
    await using folder = await TemporaryFolder.make();
    const argv = ['--data-dir', folder.path, '--port', '0'];
    const first = await started(argv);
    const second = await started(argv).catch((error: unknown) => error);
    expect(String(second)).toMatch(new RegExp(`is in use by .*\\(pid ${first.child.pid}\\)`));
    first.child.kill('SIGTERM');
    await first.exit;
  }, 30_000);
});

describe('drawing', () => {
  test('a sparkline goes from the lowest to the highest bar, with gaps', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 10)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([5, undefined, 5], 10)).toBe('▅ ▅');
    expect(sparkline([0, Number.NaN, Number.POSITIVE_INFINITY, 10], 10)).toBe('▁ ██');
    expect(sparkline([], 10)).toBe('');
    expect(sparkline([0, 0, 10, 10], 2)).toBe('▁█');
  });

  test('a table is as wide as its cells', () => {
    expect(
      table(
        ['A', 'N'],
        [
          ['long', '1'],
          ['b', '22'],
        ],
        { right: new Set([1]) },
      ),
    ).toBe('A      N\nlong   1\nb     22\n');
  });
});
