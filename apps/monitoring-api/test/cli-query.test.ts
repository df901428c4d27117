import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { AnswerError } from '#src/cli/client.ts';
import { type Output } from '#src/cli/io.ts';
import { withCaret } from '#src/cli/query-error.ts';
import { run } from '#src/cli/run.ts';
import { columns, table } from '#src/cli/table.ts';
import { printable, wrap } from '#src/cli/text.ts';

import { Platform } from './platform.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** @param terminal makes standard output a terminal of so many columns */
async function dwcp(argv: readonly string[], terminal?: number): Promise<Ran> {
  let [out, err] = ['', ''];
  const screen = terminal === undefined ? {} : { isTTY: true, columns: terminal };
  const output: Output = { ...screen, write: (text: string) => (out += text) };
  const errors: Output = { ...screen, write: (text: string) => (err += text) };
  const code = await run({ argv, env: { NO_COLOR: '1' }, cwd: '/', out: output, err: errors });
  return { code, out, err };
}

describe('against a server', () => {
  let platform: Platform;
  const startSeconds = Math.floor(Date.now() / 1_000) - 60;
  beforeAll(async () => {
    platform = await Platform.start({ region: 'eu' });
    const lines: string[] = [];
    for (let i = 0; i <= 40; i += 5) {
      const ms = (startSeconds + i) * 1_000;
      lines.push(`ramp_total{job="x",path="/a"} ${i} ${ms}`);
      lines.push(`ramp_total{job="x",path="/bé"} ${i} ${ms}`, `other{job="y"} 1 ${ms}`);
    }
    // More than the platform has of its own, so that these lead.
    for (let n = 0; n < 300; n++) lines.push(`many{job="z",n="${n}"} 1 ${startSeconds * 1_000}`);
    await platform.importText(`${lines.join('\n')}\n`);
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  const ask = (argv: readonly string[], terminal?: number): Promise<Ran> =>
    dwcp([...argv, '--url', platform.url], terminal);
  const at = (seconds: number): string => String(startSeconds + seconds);

  /** The platform has series of its own as well. */
  const mine = ['--match', '{job=~"x|y"}'];

  test('labels are the names, one a line where nobody looks on', async () => {
    expect(await ask(['labels', ...mine])).toEqual({
      code: 0,
      out: '__name__\njob\npath\nregion\n',
      err: '',
    });
    expect((await ask(['labels'])).out).toMatch(/^__name__\n(.*\n)*job\n(.*\n)*n\n/);
  });

  test('in a terminal they stand in columns', async () => {
    expect((await ask(['labels', ...mine], 80)).out).toBe('__name__  job       path      region\n');
    expect((await ask(['labels', ...mine], 20)).out).toBe('__name__  path\njob       region\n');
  });

  test('labels NAME are its values, of the series that match', async () => {
    expect((await ask(['labels', 'path'])).out).toBe('/a\n/bé\n');
    expect((await ask(['labels', 'job', '--match', 'other'])).out).toBe('y\n');
    const both = ['--match', 'other', '--match', '{path="/a"}'];
    expect((await ask(['labels', 'job', ...both])).out).toBe('x\ny\n');
    expect(await ask(['labels', 'nothing'])).toEqual({
      code: 0,
      out: '',
      err: 'no values of nothing\n',
    });
  });

  test('a limit cuts, and says so beside the answer', async () => {
    expect(await ask(['labels', ...mine, '--limit', '2'])).toEqual({
      code: 0,
      out: '__name__\njob\n',
      err: 'warning results truncated due to limit\n',
    });
  });

  test('labels --json is the answer itself', async () => {
    const { out } = await ask(['labels', 'job', ...mine, '--json']);
    expect(JSON.parse(out)).toEqual({ status: 'success', data: ['x', 'y'] });
  });

  test('a wrong selector shows where it is wrong', async () => {
    const { code, err } = await ask(['labels', '--match', '{job=}']);
    expect(code).toBe(1);
    expect(err).toMatch(/answered 400: .*\n\n {2}\{job=\}\n {7}\^\n/);
  });

  test('top-series counts series by metric, pair and label', async () => {
    const { code, out, err } = await ask(['top-series', '--limit', '2']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [head = '', ...rest] = out.split('\n\n');
    const [, total = ''] = /^(\d+) series, \d+ label pairs$/.exec(head) ?? [];
    expect(Number(total)).toBeGreaterThanOrEqual(303);
    const share = `${((100 * 300) / Number(total)).toFixed(1)}%`;
    const words = rest.map((part) =>
      part
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/\s+/)),
    );
    expect(words).toEqual([
      [['METRIC', 'SERIES', 'SHARE'], ['many', '300', share], expect.any(Array)],
      [['PAIR', 'SERIES', 'SHARE'], ['region=eu', total, '100.0%'], expect.any(Array)],
      [['LABEL', 'VALUES'], ['n', '300'], expect.any(Array)],
    ]);
    const json = await ask(['top-series', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({
      data: { headStats: { numSeries: Number(total) } },
    });
  });

  test('--explain is a tree of the parts with what each cost', async () => {
    const expression = 'sum by (job) (ramp_total)';
    const { code, out, err } = await ask(['query', expression, '--explain', '--time', at(40)]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out.split('\n');
    expect(lines[0]).toBe(expression);
    expect(lines[1]).toBe('instant query: vector of 1 series, 1 sample');
    expect(lines[4]).toMatch(/^PART +OWN TIME +SHARE +SERIES +SAMPLES READ$/);
    expect(lines[5]).toMatch(/^sum by \(job\) \(ramp_total\) +[\d.]+ ms +\d+% +1 +0$/);
    expect(lines[6]).toMatch(/^└ ramp_total +[\d.]+ ms +\d+% +2 +\d+$/);
    const json = await ask(['query', expression, '--explain', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ kind: 'instant', printed: expression });
  });

  test('a warning stands beside the answer, and only there', async () => {
    const { code, out, err } = await ask(['query', 'rate(other[40s])', '--time', at(40)]);
    expect(code).toBe(0);
    expect(out).not.toContain('PromQL');
    expect(err).toMatch(/^info PromQL info: metric might not be a counter.*"other".*\n$/);
  });

  test('a parse error has a caret under its position, counted in characters', async () => {
    const { code, out, err } = await ask(['query', 'ramp_total{path="/bé"} +* 1']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(
      /^dwcp: .* answered 400: .*1:26: parse error.*\n\n {2}ramp_total\{path="\/bé"\} \+\* 1\n {26}\^\n/,
    );
  });

  test('an expression may be longer than an address', async () => {
    const long = 'x'.repeat(20_000);
    expect(await ask(['query', `"${long}"`])).toEqual({ code: 0, out: `${long}\n`, err: '' });
  });

  test('a time may be told from now by the clock of the server', async () => {
    const { code, out } = await ask(['query', 'time() - 60', '--time', 'now-1m']);
    expect(code).toBe(0);
    expect(Math.abs(Number(out) - (Date.now() / 1_000 - 120))).toBeLessThan(60);
    const range = ['--start', 'now-2m', '--end', 'now', '--step', '5s'];
    expect((await ask(['query', 'ramp_total{path="/a"}', ...range])).out).toContain('█');
  });

  test('a range fits the terminal: long series go over several lines', async () => {
    const range = ['--start', at(0), '--end', at(40), '--step', '5s'];
    const { out } = await ask(['query', 'ramp_total', ...range], 60);
    const lines = out.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toContain('path="/a"');
    expect(lines[1]).toContain('▁');
    expect(lines[2]).toMatch(/^ {2}\S/);
  });
});

describe('docs/guides/terminal.md', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/terminal.md'), 'utf8');
  const examples = [...guide.matchAll(/^dwcp ((?:query|labels|top-series|status).*)$/gm)].map(
    ([, line = '']) => line,
  );
  let platform: Platform;
  beforeAll(async () => {
    platform = await Platform.start();
    const now = Date.now();
    const cpu = 'node_cpu_seconds_total{mode="user",cpu="0"}';
    await platform.importText(`${cpu} 1 ${now - 5_000}\n${cpu} 2 ${now - 1_000}\nup 1 ${now}\n`);
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  test('has examples of every command', () => {
    const commands = new Set(examples.map((line) => line.split(' ')[0]));
    expect(commands).toEqual(new Set(['query', 'labels', 'top-series', 'status']));
  });

  test.each(examples)('dwcp %s', async (line) => {
    const argv = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
      ([, quoted, bare]) => quoted ?? bare ?? '',
    );
    const { code, out, err } = await dwcp([...argv, '--url', platform.url]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).not.toBe('');
  });

  test('shows a parse error as it is shown', async () => {
    const { err } = await dwcp(['query', 'rate(a[1m]', '--url', platform.url]);
    const shown = /^dwcp: http:.*\n\n.*\n.*\^\n/m.exec(guide)?.[0];
    expect(err).toContain(shown?.replace('http://127.0.0.1:9000', platform.url));
  });
});

describe('what a server may answer', () => {
  /** A server with one answer for all; what it was asked comes back. */
  async function answering(
    status: number,
    body: unknown,
    argv: readonly string[],
    terminal?: number,
  ): Promise<Ran & { readonly asked: readonly string[] }> {
    const asked: string[] = [];
    const server = createServer((request: IncomingMessage, response) => {
      asked.push(request.url ?? '');
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      return { ...(await dwcp([...argv, '--url', `http://127.0.0.1:${port}`], terminal)), asked };
    } finally {
      server.close();
    }
  }

  const cost = {
    durationMs: 1_500,
    seriesRead: 1_000,
    samplesRead: 86_400,
    peakSamples: 10,
    cachedSteps: 200,
    steps: 240,
    onWorker: true,
    root: null,
  };
  const explained = {
    query: 'a',
    printed: 'a',
    kind: 'range',
    result: { type: 'matrix', seriesCount: 1, sampleCount: 240 },
    warnings: [],
    infos: [],
  };

  test('an answer that was kept as a whole has no parts to show', async () => {
    const { out } = await answering(200, { ...explained, stats: cost }, [
      'query',
      'a',
      '--explain',
    ]);
    expect(out).toBe(
      'a\nrange query: matrix of 1 series, 240 samples\n' +
        '1.50 s on a worker thread; read 86,400 samples of 1,000 series, held at most 10 samples; ' +
        '200 of 240 steps from the cache\nthe whole answer was kept from earlier queries\n',
    );
  });

  test('an engine that cannot tell is said to be one', async () => {
    const { out } = await answering(200, { ...explained, stats: null }, [
      'query',
      'a',
      '--explain',
    ]);
    expect(out).toContain('does not tell what a query costs');
  });

  test('control characters from a server do not reach the terminal', async () => {
    const { out } = await answering(200, { status: 'success', data: ['a\u001b[2Jb'] }, ['labels']);
    expect(out).toBe('a\\u001b[2Jb\n');
  });

  test('native histograms are told by count and sum, and drawn by count', async () => {
    const histogram = (count: string): object => ({ count, sum: '7', buckets: [] });
    const vector = [{ metric: { __name__: 'h' }, histogram: [1, histogram('5')] }];
    const instant = await answering(
      200,
      { status: 'success', data: { resultType: 'vector', result: vector } },
      ['query', 'h'],
    );
    expect(instant.out).toContain('histogram: count 5, sum 7');
    const histograms = [1, 2, 3].map((time) => [time, histogram(String(time))]);
    const range = await answering(
      200,
      {
        status: 'success',
        data: { resultType: 'matrix', result: [{ metric: { __name__: 'h' }, histograms }] },
      },
      ['query', 'h', '--start', '1', '--end', '3'],
    );
    expect(range.out).toMatch(/^h \(count\) {2}▁▅█ +1 +3 +3$/m);
  });

  test('the label may have any name, and the limit goes along', async () => {
    const { asked } = await answering(200, { status: 'success', data: [] }, [
      'labels',
      'my label/x',
      '--limit',
      '5',
    ]);
    expect(asked).toEqual(['/api/v1/label/my%20label%2Fx/values?limit=5']);
  });
});

describe('the command line', () => {
  test.each([
    [['labels', 'a', 'b'], 'labels wants one name'],
    [['labels', ''], 'labels wants the name of a label'],
    [['labels', '--limit', '0'], '--limit wants a whole number above 0, got "0"'],
    [['top-series', '--limit', 'all'], '--limit wants a whole number above 0, got "all"'],
    [['top-series', 'up'], "Unexpected argument 'up'"],
    [['query', 'a', '--time', 'now-1'], '--time wants RFC 3339 or Unix seconds, got "now-1"'],
  ])('%j is wrong and exits with 2', async (argv, message) => {
    const { code, out, err } = await dwcp(argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  test.each(['labels', 'top-series', 'query'])(
    'without a server %s says what to do',
    async (name) => {
      const argv = name === 'query' ? ['query', 'up'] : [name];
      const { code, err } = await dwcp([...argv, '--url', 'http://127.0.0.1:1']);
      expect(code).toBe(1);
      expect(err).toContain('cannot be reached');
      expect(err).toContain('is "dwcp start" running');
    },
  );
});

describe('drawing', () => {
  test('a row too wide for the terminal goes on below, set in', () => {
    const rows = [['metric{first="one", second="two", third="three"}', '1']];
    expect(table(['SERIES', 'VALUE'], rows, { right: new Set([1]), width: 32 })).toBe(
      'SERIES                     VALUE\n' +
        'metric{first="one",            1\n' +
        '  second="two",\n' +
        '  third="three"}\n',
    );
  });

  test('what a set-in cell goes on with is set in further', () => {
    expect(table(['PART', 'N'], [['  └ sum by (job) (metric)', '1']], { width: 20 })).toBe(
      'PART               N\n  └ sum by (job)   1\n    (metric)\n',
    );
  });

  test('text is broken after spaces, and where there is none, anywhere', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
    expect(wrap('', 3)).toEqual(['']);
  });

  test('columns are read downwards and count characters, not code units', () => {
    expect(columns(['a', 'b', 'c', 'd', 'e'], 10)).toBe('a  c  e\nb  d\n');
    expect(columns(['é', '😀x', 'c'], 8)).toBe('é   c\n😀x\n');
    expect(columns([], 10)).toBe('');
  });

  test('a caret finds its place in a long line by cutting around it', () => {
    const expression = `${'a + '.repeat(50)}) + b`;
    const reason = 'invalid parameter "query": 1:201: parse error: unexpected ")"';
    const shown = withCaret(new AnswerError('http://x', 400, reason), expression, 40);
    const [, line = '', caret = ''] = /\n\n {2}(.*)\n {2}( *\^)\n/.exec(String(shown)) ?? [];
    expect(line).toHaveLength(36);
    expect(line[0]).toBe('…');
    expect(line[caret.length - 1]).toBe(')');
  });

  test('an error about something else stays as it is', () => {
    const error = new AnswerError('http://x', 422, 'query timed out');
    expect(withCaret(error, 'up')).toBe(error);
  });

  test('bidirectional controls are escaped as well', () => {
    expect(printable('a\u202eb\u009bc\n')).toBe('a\\u202eb\\u009bc\\u000a');
  });
});
