import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { BackendError } from '@dwcp/core';
import { parseScrapeConfigs } from '@dwcp/metrics-collector';
import { describe, expect, test } from 'vitest';

import { Harness, job, TestServer, TEXT } from './harness.ts';

/** A server whose exposition a test may change. */
async function exposing(
  first: string,
): Promise<{ server: TestServer; body: (text: string) => void }> {
  let text = first;
  const server = await TestServer.start((_, response) => {
    response.writeHead(200, TEXT).end(text);
  });
  return {
    server,
    body: (next) => {
      text = next;
    },
  };
}

describe('a good scrape', () => {
  test('stores samples with job, instance and region, and reports on itself', async () => {
    await using server = await TestServer.start((_, response) => {
      response.writeHead(200, TEXT).end('# TYPE a gauge\na{x="1"} 5\nb 6\n');
    });
    await using it = new Harness([job([server.address])]);
    await it.tick();
    const own = `instance="${server.address}", job="test", region="eu-1"`;
    expect(it.store.rows(-1).map(({ series, value }) => [series, value])).toEqual([
      [`a{${own}, x="1"}`, 5],
      [`b{${own}}`, 6],
      [`up{${own}}`, 1],
      [`scrape_duration_seconds{${own}}`, 0],
      [`scrape_samples_scraped{${own}}`, 2],
      [`scrape_samples_post_metric_relabeling{${own}}`, 2],
      [`scrape_series_added{${own}}`, 2],
    ]);
    expect(it.store.metadata()).toEqual(
      expect.arrayContaining(
        ['a', 'up'].map((name) => expect.objectContaining({ name, type: 'gauge' })),
      ),
    );
  });

  test('all rows of a scrape bear the time of its slot, the same place every second', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    for (let i = 0; i < 5; i++) await it.tick();
    const times = it.store.batches.map(({ timestamps }) => new Set(timestamps));
    expect(times.every((each) => each.size === 1)).toBe(true);
    const starts = times.map((each) => [...each][0] ?? 0);
    expect(starts.slice(1).map((time, i) => time - (starts[i] ?? 0))).toEqual([
      1_000, 1_000, 1_000, 1_000,
    ]);
  });

  test('targets have different places in the interval', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    const port = server.address.split(':')[1] ?? '';
    const addresses = ['127.0.0.1', '127.0.0.2', 'localhost'].map((host) => `${host}:${port}`);
    await using it = new Harness([job(addresses)]);
    await it.tick(3);
    expect(new Set(it.store.rows().map(({ unixMs }) => unixMs % 1_000)).size).toBe(3);
  });

  test('the status is what /api/v1/targets shows', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    await using it = new Harness([job([server.address], { params: { x: ['1'] } })]);
    expect(it.status).toMatchObject({ health: 'unknown', lastScrape: '0001-01-01T00:00:00Z' });
    await it.tick();
    expect(it.status).toEqual({
      discoveredLabels: {
        __address__: server.address,
        __metrics_path__: '/metrics',
        __param_x: '1',
        __scheme__: 'http',
        __scrape_interval__: '1s',
        __scrape_timeout__: '1s',
        job: 'test',
      },
      labels: { instance: server.address, job: 'test' },
      scrapePool: 'test',
      scrapeUrl: `http://${server.address}/metrics?x=1`,
      globalUrl: `http://test-host:${server.address.split(':')[1]}/metrics?x=1`,
      lastError: '',
      lastScrape: new Date(it.store.batches[0]?.timestamps[0] ?? 0).toISOString(),
      lastScrapeDuration: 0,
      health: 'up',
      scrapeInterval: '1s',
      scrapeTimeout: '1s',
    });
    expect(it.scraper.stats()).toEqual({ up: 1, down: 0, unknown: 0, dropped: 0 });
  });

  test('asks for OpenMetrics first, takes gzip, and sends credentials', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'dwcp-scrape-'));
    await writeFile(join(directory, 'token'), 'letmein\n');
    const seen: (string | undefined)[] = [];
    await using server = await TestServer.start(({ headers }, response) => {
      seen.push(headers.accept, headers['accept-encoding'], headers.authorization);
      response.writeHead(200, {
        'content-type': 'application/openmetrics-text; version=1.0.0',
        'content-encoding': 'gzip',
      });
      response.end(gzipSync('a 1 12.5\n# EOF\n'));
    });
    const authorization = { credentials_file: join(directory, 'token') };
    await using it = new Harness([job([server.address], { authorization })]);
    await it.tick();
    expect(seen).toEqual([
      'application/openmetrics-text;version=1.0.0;q=0.9,application/openmetrics-text;version=0.0.1;q=0.8,text/plain;version=0.0.4;q=0.7,*/*;q=0.1',
      'gzip',
      'Bearer letmein',
    ]);
    expect(it.store.rows(-1)[0]).toMatchObject({ unixMs: 12_500, value: 1 });
    await rm(directory, { recursive: true });
  });

  test('connections are kept between scrapes', async () => {
    const ports = new Set<number | undefined>();
    await using server = await TestServer.start(({ socket }, response) => {
      ports.add(socket.remotePort);
      response.writeHead(200, TEXT).end('a 1\n');
    });
    await using it = new Harness([job([server.address])]);
    for (let i = 0; i < 4; i++) await it.tick();
    expect(ports.size).toBe(1);
  });

  test('a kept connection that the server closed is no failed scrape', async () => {
    let turn = 0;
    await using server = await TestServer.start((request, response) => {
      // Closes without an answer, as a server does whose idle time ran out just now.
      if (turn++ === 1) request.socket.destroy();
      else response.writeHead(200, TEXT).end('a 1\n');
    });
    await using it = new Harness([job([server.address])]);
    await it.tick();
    await it.tick();
    expect(it.store.values()['up']).toBe(1);
    expect(server.requests).toBe(3);
  });
});

describe('labels', () => {
  const exposition = 'a{job="theirs",instance="i",exported_job="older",region="mars"} 1\n';

  async function series(settings: Readonly<Record<string, unknown>>): Promise<string | undefined> {
    const { server } = await exposing(exposition);
    await using _ = server;
    await using it = new Harness([job([server.address], settings)]);
    await it.tick();
    return it.store.rows(-1)[0]?.series.replace(server.address, 'host');
  }

  test('target labels win, and the exposed ones are kept as exported_', async () => {
    expect(await series({})).toBe(
      'a{exported_exported_job="theirs", exported_instance="i", exported_job="older", instance="host", job="test", region="mars"}',
    );
  });

  test('the series about a scrape lose exported_ labels of what they have themselves, as in Prometheus', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    const labels = { exported_instance: 'e', exported_job: 'f', a: '1', exported_a: '2' };
    const static_configs = [{ targets: [server.address], labels }];
    await using it = new Harness([job([], { static_configs })]);
    await it.tick();
    const found = it.store.rows(-1).map(({ series }) => series.replace(server.address, 'host'));
    expect(found[0]).toContain('exported_instance="e", exported_job="f"');
    expect(found[1]).toBe('up{a="1", exported_a="2", instance="host", job="test", region="eu-1"}');
  });

  test('with honor_labels exposed labels win', async () => {
    expect(await series({ honor_labels: true })).toBe(
      'a{exported_job="older", instance="i", job="theirs", region="mars"}',
    );
  });

  test('with honor_labels an exposed empty label keeps the target label away, as Pushgateway means it', async () => {
    const { server } = await exposing('a{instance="",x="1"} 1\nb{job="",instance=""} 2\nc 3\n');
    await using _ = server;
    const stored = async (honor_labels: boolean): Promise<readonly string[]> => {
      await using it = new Harness([job([server.address], { honor_labels })]);
      await it.tick();
      const rows = it.store.rows(-1).slice(0, 3);
      return rows.map(({ series }) => series.replace(server.address, 'host'));
    };
    expect(await stored(true)).toEqual([
      'a{job="test", region="eu-1", x="1"}',
      'b{region="eu-1"}',
      'c{instance="host", job="test", region="eu-1"}',
    ]);
    expect((await stored(false))[1]).toBe('b{instance="host", job="test", region="eu-1"}');
  });

  test('a region among the target labels wins over the external one', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    const static_configs = [{ targets: [server.address], labels: { region: 'us-2' } }];
    await using it = new Harness([job([], { static_configs })]);
    await it.tick();
    expect(it.store.rows(-1).every((row) => row.series.includes('region="us-2"'))).toBe(true);
  });

  test('metric_relabel_configs drop series and rename labels; what is dropped is counted', async () => {
    const { server } = await exposing('a{x="1"} 1\nb 2\nc 3\n');
    await using _ = server;
    const metric_relabel_configs = [
      { action: 'drop', source_labels: ['__name__'], regex: 'b' },
      { action: 'labelmap', regex: 'x', replacement: 'y' },
      { action: 'labeldrop', regex: 'x' },
    ];
    await using it = new Harness([job([server.address], { metric_relabel_configs })]);
    await it.tick();
    await it.tick();
    expect(it.store.rows(-1)[0]?.series).toContain('y="1"');
    expect(it.store.values()).toMatchObject({
      scrape_samples_scraped: 3,
      scrape_samples_post_metric_relabeling: 2,
      scrape_series_added: 0,
    });
  });

  test('relabel_configs choose targets and their labels', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    const relabel_configs = [
      { action: 'drop', source_labels: ['__address__'], regex: 'gone:.*' },
      { source_labels: ['__address__'], regex: '(.*):\\d+', target_label: 'host' },
      { target_label: '__metrics_path__', replacement: '/other' },
    ];
    await using it = new Harness([job([server.address, 'gone:1'], { relabel_configs })]);
    await it.tick();
    expect(it.status?.scrapeUrl).toBe(`http://${server.address}/other`);
    expect(it.status?.labels).toMatchObject({ host: '127.0.0.1' });
    expect(it.scraper.droppedTargets()).toHaveLength(1);
    expect(it.scraper.droppedTargets()[0]?.discoveredLabels.get('__address__')).toBe('gone:1');
    expect(it.scraper.stats().dropped).toBe(1);
  });

  test('targets that relabelling spoils are left out and counted', async () => {
    const relabel_configs = [{ target_label: '__address__', replacement: '' }];
    await using it = new Harness([job(['h:1'], { relabel_configs })]);
    expect(it.scraper.targets()).toEqual([]);
    expect(it.count('dwcp_scrape_invalid_targets_total test')).toBe(1);
  });
});

describe('staleness', () => {
  test('a series that vanished goes stale once', async () => {
    const { server, body } = await exposing('a 1\nb 2\n');
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    await it.tick();
    body('a 1\n');
    await it.tick();
    expect(it.store.values()).toMatchObject({ a: 1, b: 'stale', up: 1 });
    await it.tick();
    expect(it.store.values()).not.toHaveProperty('b');
  });

  test('labels in another order are the same series', async () => {
    const { server, body } = await exposing('a{x="1",y="2"} 1\n');
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    await it.tick();
    body('a{y="2",x="1"} 2\n');
    await it.tick();
    expect(it.store.rows(-1).filter(({ series }) => series.startsWith('a{'))).toMatchObject([
      { value: 2 },
    ]);
  });

  test('a failed scrape makes every series stale, and it comes back after', async () => {
    let broken = false;
    await using server = await TestServer.start((_, response) => {
      response.writeHead(broken ? 500 : 200, TEXT).end('a 1\nb 2\n');
    });
    await using it = new Harness([job([server.address])]);
    await it.tick();
    broken = true;
    await it.tick();
    expect(it.store.values()).toMatchObject({ a: 'stale', b: 'stale', up: 0 });
    await it.tick();
    expect(it.store.values()).not.toHaveProperty('a');
    broken = false;
    await it.tick();
    expect(it.store.values()).toMatchObject({ a: 1, b: 2, up: 1, scrape_series_added: 0 });
  });

  test('what a failed scrape had is not new to the next one, as in Prometheus', async () => {
    const { server, body } = await exposing('a 1\nbad\n');
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    const added: unknown[] = [];
    for (const text of ['a 1\nbad\n', 'a 1\nb 1\n', 'c 1\nbad\n', 'c 1\n', 'bad\n', 'a 1\n']) {
      body(text);
      await it.tick();
      added.push(it.store.values()['scrape_series_added']);
    }
    // From Prometheus 2.42, which the integration test asks again.
    expect(added).toEqual([1, 1, 1, 0, 0, 1]);
  });

  test('failing scrapes with ever new series do not fill the memory', async () => {
    let turn = 0;
    await using server = await TestServer.start((_, response) => {
      turn++;
      const lines = Array.from({ length: 600 }, (__, i) => `a{x="${turn}-${i}"} 1\n`);
      response.writeHead(200, TEXT).end(`${turn % 3 === 0 ? 'seen 1' : lines.join('')}\nbad\n`);
    });
    await using it = new Harness([job([server.address])]);
    const added: unknown[] = [];
    for (let i = 0; i < 6; i++) {
      await it.tick();
      added.push(it.store.values()['scrape_series_added']);
    }
    // Above 1,000 texts those that the last scrape lacks are forgotten, so `seen` is new again.
    expect(added).toEqual([600, 600, 1, 600, 600, 1]);
  });

  test('samples with timestamps of their own do not go stale, unless asked', async () => {
    for (const track of [false, true]) {
      const { server, body } = await exposing('a 1 1000\n');
      await using _ = server;
      await using it = new Harness([job([server.address], { track_timestamps_staleness: track })]);
      await it.tick();
      body('b 1\n');
      await it.tick();
      expect(it.store.values()['a']).toBe(track ? 'stale' : undefined);
    }
  });

  test('shutting down makes nothing stale', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    const it = new Harness([job([server.address])]);
    await it.tick();
    await it.scraper[Symbol.asyncDispose]();
    expect(it.store.batches).toHaveLength(1);
    expect(it.clock.timerCount).toBe(0);
  });
});

describe('reload', () => {
  test('a removed target goes stale, reports included; the others go on', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    const other = server.address.replace('127.0.0.1', 'localhost');
    await using it = new Harness([job([server.address, other])]);
    await it.tick(2);
    await it.scraper.reload(parseScrapeConfigs([job([server.address])], 'code'));
    const last = it.store.rows(-1);
    expect(last).toHaveLength(6);
    expect(last.every((row) => row.value === 'stale' && row.series.includes(other))).toBe(true);
    expect(it.scraper.targets()).toHaveLength(1);
    await it.tick();
    expect(it.store.values()).toMatchObject({ a: 1, up: 1, scrape_series_added: 0 });
  });

  test('a removed job goes stale', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    await it.tick();
    await it.scraper.reload([]);
    expect(it.store.values()).toMatchObject({ a: 'stale', up: 'stale' });
    expect([it.scraper.targets(), it.clock.timerCount]).toEqual([[], 0]);
  });

  test('other settings go on without a gap; only what they lose goes stale', async () => {
    const { server } = await exposing('a 1\nb 2\n');
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    await it.tick();
    const metric_relabel_configs = [{ action: 'drop', source_labels: ['__name__'], regex: 'b' }];
    const jobs = [job([server.address], { metric_relabel_configs })];
    await it.scraper.reload(parseScrapeConfigs(jobs, 'code'));
    expect(it.store.batches).toHaveLength(1);
    await it.tick();
    expect(it.store.values()).toMatchObject({ a: 1, b: 'stale', up: 1 });
  });

  test('a target under other settings and then removed leaves nothing behind', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    await it.tick();
    await it.scraper.reload(
      parseScrapeConfigs([job([server.address], { sample_limit: 9 })], 'code'),
    );
    await it.scraper.reload([]);
    expect(it.store.values()).toMatchObject({ a: 'stale', up: 'stale' });
  });

  test('the same jobs again change nothing', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    await it.tick();
    const timers = it.clock.timerCount;
    await it.scraper.reload(parseScrapeConfigs([job([server.address])], 'code'));
    expect([it.store.batches.length, it.clock.timerCount]).toEqual([1, timers]);
    expect(it.status?.health).toBe('up');
  });
});

describe('limits', () => {
  test('above sample_limit the whole scrape fails, with the counts reported', async () => {
    const { server, body } = await exposing('a 1\n');
    await using _ = server;
    await using it = new Harness([job([server.address], { sample_limit: 2 })]);
    await it.tick();
    body('a 1\nb 2\nc 3\n');
    await it.tick();
    expect(it.store.values()).toMatchObject({
      a: 'stale',
      up: 0,
      scrape_samples_scraped: 3,
      scrape_samples_post_metric_relabeling: 3,
    });
    expect(it.store.values()).not.toHaveProperty('b');
    expect(it.status?.lastError).toBe('sample limit exceeded (samples: 3, limit: 2)');
    expect(it.count('dwcp_scrape_failures_total test sample-limit')).toBe(1);
  });

  test.each([
    [{ label_limit: 3 }, 'label_limit exceeded (metric: "a", labels: 4, limit: 3)'],
    [{ label_name_length_limit: 8 }, 'label_name_length_limit exceeded'],
    [{ label_value_length_limit: 20 }, 'label_value_length_limit exceeded'],
  ])('%j fails the scrape', async (settings, message) => {
    const { server } = await exposing(`a{a_long_name="${'x'.repeat(30)}"} 1\n`);
    await using _ = server;
    await using it = new Harness([job([server.address], settings)]);
    await it.tick();
    expect(it.status?.lastError).toContain(message);
    expect(it.store.values()['up']).toBe(0);
  });

  test('above target_limit no target of the job is scraped', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    await using it = new Harness([job([server.address, 'localhost:1'], { target_limit: 1 })]);
    await it.tick(2);
    expect(it.status?.lastError).toBe('target_limit exceeded (number of targets: 2, limit: 1)');
    expect(server.requests).toBe(0);
  });
});

describe('what is not stored', () => {
  test('samples the store refuses are counted by reason', async () => {
    const { server } = await exposing('a 1 5\n');
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    it.store.answer = () => ({ appended: 5, rejected: { 'too-old': 1 } });
    await it.tick();
    expect(it.count('dwcp_scrape_rejected_samples_total test too-old')).toBe(1);
    expect(it.status?.health).toBe('up');
  });

  test('a store that cannot write costs the scrape, not the loop', async () => {
    const { server } = await exposing('a 1\n');
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    it.store.answer = () =>
      Promise.reject(new BackendError('disk', 'no space left', { retryable: true }));
    await it.clock.advance(1_000);
    await expect.poll(() => it.status?.lastError).toBe('not stored: disk: no space left');
    expect(it.count('dwcp_scrape_lost_samples_total test')).toBe(6);
    it.store.answer = undefined;
    await it.tick();
    expect(it.store.values()).toMatchObject({ a: 1, up: 1 });
    expect(it.status?.lastError).toBe('');
  });

  test('timestamps far ahead are refused and counted', async () => {
    const { server } = await exposing('a 1 99999999999999\nb 2\n');
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    await it.tick();
    expect(it.store.values()).toMatchObject({ b: 2, up: 1 });
    expect(it.store.values()).not.toHaveProperty('a');
    expect(it.count('dwcp_scrape_rejected_samples_total test too-far-ahead')).toBe(1);
  });

  test('without honor_timestamps every sample bears the time of the scrape', async () => {
    const { server } = await exposing('a 1 99999999999999\n');
    await using _ = server;
    await using it = new Harness([job([server.address], { honor_timestamps: false })]);
    await it.tick();
    const [sample, ...reports] = it.store.rows(-1);
    expect(sample).toMatchObject({ value: 1, unixMs: reports[0]?.unixMs });
  });

  test('of a series that occurs twice the first counts, and the target says so', async () => {
    const { server } = await exposing(
      'a{x="1",y="2"} 1\na{x="1",y="2"} 2\na{y="2",x="1"} 3\nb 1\n',
    );
    await using _ = server;
    await using it = new Harness([job([server.address])]);
    await it.tick();
    expect(it.store.values()).toMatchObject({ a: 1, b: 1, up: 1, scrape_samples_scraped: 4 });
    expect(it.status).toMatchObject({
      health: 'up',
      lastError: '2 samples left out: their series occurs more than once, first a{x="1",y="2"}',
    });
    expect(it.count('dwcp_scrape_duplicate_samples_total test')).toBe(2);
  });
});
