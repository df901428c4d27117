import { eventually, findProgram, startPrometheus, wants } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { startChangingTarget } from './changing-target.ts';
import { DwcpServer } from './dwcp-server.ts';
import { type MatrixElement, promQuery } from './prometheus-answers.ts';
import { series, STALE_MARKER, write1 } from './remote-write-wire.ts';

type Samples = ReadonlyMap<string, string>;

/** Values by series and moment, of the last two minutes. */
async function samples(url: string, selector: string): Promise<Samples> {
  const { result } = await promQuery(url, 'query', {
    query: `${selector}[2m]`,
    time: String(Date.now() / 1_000),
  });
  return new Map(
    (result as readonly MatrixElement[]).flatMap(({ metric, values }) => {
      const labels = Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return values.map(([time, value]): [string, string] => [
        `${JSON.stringify(labels)} @${time}`,
        value,
      ]);
    }),
  );
}

const prometheus = findProgram('prometheus');

test.skipIf(prometheus === undefined)(
  `a real Prometheus takes chosen series over by /federate, with their labels, times and values (${wants('prometheus')})`,
  { timeout: 60_000 },
  async () => {
    await using target = await startChangingTarget();
    await using server = await DwcpServer.start(`region: eu-test-1
collection: { host: false }
scrapeConfigs:
  - job_name: changing
    scrape_interval: 500ms
    scrape_timeout: 500ms
    static_configs: [{ targets: ['${target.address}'] }]
`);
    const now = Date.now();
    await write1(
      server.url,
      {
        labels: [
          ['__name__', 'written'],
          ['job', 'elsewhere'],
          ['instance', 'kept'],
        ],
        samples: [[1.5, now - 1_000]],
      },
      series('ended', [
        [1, now - 2_000],
        [STALE_MARKER, now - 1_000],
      ]),
      series('not_chosen', [[1, now]]),
    );
    await using real = await startPrometheus(
      prometheus ?? '',
      `scrape_configs:
  - job_name: federation
    scrape_interval: 1s
    honor_labels: true
    metrics_path: /federate
    params:
      'match[]': ['{job="changing"}', '{__name__=~"written|ended"}', 'dwcp_build_info']
    static_configs: [{ targets: ['127.0.0.1:${server.port}'] }]
`,
    );
    const chosen = '{job=~"changing|elsewhere"}';
    const theirs = await eventually(
      async () => {
        const found = await samples(real.url, chosen);
        const times = new Set([...found.keys()].map((key) => key.split('@')[1]));
        return times.size >= 6 ? found : undefined;
      },
      { timeoutMs: 30_000, what: 'samples of six moments in Prometheus' },
    );
    const ours = await samples(server.url, chosen);
    // Each of theirs is one of ours; ours are more, since each federation takes the latest only.
    const shown = new Map([...theirs.keys()].map((key) => [key, ours.get(key)]));
    expect(theirs).toEqual(shown);
    const names = new Set([...theirs.keys()].map((key) => key.split(' @')[0]));
    const federated = new Set([...ours.keys()].map((key) => key.split(' @')[0]));
    expect(names).toEqual(federated);
    expect(names.size).toBeGreaterThan(45);
    expect([...names].some((name) => name?.includes('Zürich'))).toBe(true);

    const { result } = await promQuery(real.url, 'query', { query: 'written' });
    expect(result).toMatchObject([
      {
        metric: { instance: 'kept', job: 'elsewhere', region: 'eu-test-1' },
        value: [expect.any(Number), '1.5'],
      },
    ]);
    for (const gone of ['ended', 'not_chosen']) {
      expect((await promQuery(real.url, 'query', { query: gone })).result).toEqual([]);
    }
    const up = (await promQuery(real.url, 'query', { query: 'up{job="federation"}' })).result;
    expect(up).toMatchObject([{ value: [expect.any(Number), '1'] }]);
    const targets = (await (await fetch(`${real.url}/api/v1/targets`)).json()) as {
      readonly data: { readonly activeTargets: readonly { readonly lastError: string }[] };
    };
    expect(targets.data.activeTargets.map(({ lastError }) => lastError)).toEqual(['']);
    process.stdout.write(`${theirs.size} samples of ${names.size} series federated\n`);
  },
);

test('a selector that is wrong is told in plain text, and none is asked for gives none', async () => {
  await using server = await DwcpServer.start('region: eu-test-1\ncollection: { host: false }\n');
  const wrong = await fetch(`${server.url}/federate?match[]=${encodeURIComponent('up{')}`);
  expect(wrong.status).toBe(400);
  expect(wrong.headers.get('content-type')).toContain('text/plain');
  expect(await wrong.text()).toMatch(/parse error/);
  const none = await fetch(`${server.url}/federate`);
  expect([none.status, await none.text()]).toEqual([200, '']);
});
