import { type RequestListener } from 'node:http';

import { systemClock } from '@dwcp/core';
import { type ScrapeJob, parseScrapeConfigs, Scraper } from '@dwcp/metrics-collector';
import {
  eventually,
  findProgram,
  RecordingMetricStore,
  startPrometheus,
  wants,
} from '@dwcp/testing';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';

import { TestFolder } from '../discovery/support.ts';
import { CountingInstruments, TestServer, TEXT } from './harness.ts';

const prometheus = findProgram('prometheus');

function scraperOf(jobs: readonly ScrapeJob[], store = new RecordingMetricStore()): Scraper {
  const scraper = new Scraper({
    jobs,
    store,
    clock: systemClock,
    instruments: new CountingInstruments(),
    externalLabels: {},
  });
  scraper.start();
  return scraper;
}

interface ShownTarget {
  readonly scrapePool: string;
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapeUrl: string;
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

/** What both show of a target, in an order of its own. */
function shown(targets: readonly ShownTarget[]): readonly ShownTarget[] {
  return targets
    .map(({ scrapePool, discoveredLabels, labels, scrapeUrl, scrapeInterval, scrapeTimeout }) => ({
      scrapePool,
      discoveredLabels: sorted(discoveredLabels),
      labels: sorted(labels),
      scrapeUrl,
      scrapeInterval,
      scrapeTimeout,
    }))
    .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function sorted(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function data(url: string): Promise<unknown> {
  const answer = (await (await fetch(url)).json()) as { readonly data: unknown };
  return answer.data;
}

describe.skipIf(prometheus === undefined)(`Prometheus (${wants('prometheus')})`, () => {
  test('makes the same targets of the same configuration', async () => {
    await using folder = await TestFolder.make();
    await using server = await TestServer.start((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('[{"targets":["h:1","h:2"],"labels":{"__meta_rack":"r1","env":"prod"}},{}]');
    });
    await folder.write('a.json', [
      { targets: ['web-1:80', 'web-2', '[::1]:9'], labels: { env: 'prod', __meta_zone: 'z1' } },
      { targets: ['web-1:80'], labels: { env: 'prod', __meta_zone: 'z1' } },
      { targets: ['db-1:5432'], labels: { __metrics_path__: '/db', __param_x: 'y', job: 'mine' } },
    ]);
    await folder.write('b.yml', '- targets: [node-1:9100]\n  labels: { shard: 7, empty: "" }\n');
    await folder.write('bad.yml', '- targets: [bad:1]\n- targets: [1, [2]]\n');
    await folder.write('unknown.json', '[{"targets":["unknown:1"],"tags":{}}]');
    const relabel_configs = [
      { source_labels: ['__meta_zone'], target_label: 'zone' },
      { source_labels: ['__address__'], regex: '([^:]+)(?::\\d+)?', target_label: 'host' },
      { source_labels: ['host'], action: 'uppercase', target_label: 'HOST' },
      { source_labels: ['HOST'], action: 'lowercase', target_label: 'host_again' },
      { source_labels: ['__address__'], action: 'hashmod', modulus: 7, target_label: 'shard' },
      { action: 'labelmap', regex: '__meta_(rack|filepath)', replacement: 'meta_$1' },
      { action: 'labeldrop', regex: 'HOST' },
      { source_labels: ['host'], action: 'keepequal', target_label: 'host_again' },
      { source_labels: ['host'], action: 'dropequal', target_label: 'env' },
      { source_labels: ['env', 'zone'], separator: '/', target_label: 'place' },
    ];
    const files = ['a.json', '*.yml', 'unknown.json', 'none-*.yaml'].map((name) => folder.in(name));
    const scrape_configs = [
      {
        job_name: 'files',
        file_sd_configs: [{ files, refresh_interval: '1s' }],
        relabel_configs,
      },
      {
        job_name: 'server',
        scrape_interval: '7s',
        scrape_timeout: '3s',
        metrics_path: '/probe',
        scheme: 'https',
        params: { module: ['http', 'x'], target: ['t'] },
        http_sd_configs: [{ url: `http://${server.address}/sd` }],
        relabel_configs: [
          { action: 'drop', source_labels: ['__address__'], regex: 'h:2' },
          { source_labels: ['__param_module'], target_label: 'module' },
          { target_label: '__scrape_interval__', replacement: '9s' },
        ],
      },
      {
        job_name: 'static',
        static_configs: [
          { targets: ['s:1', 's', 's:1'], labels: { exported_instance: 'e', instance: 'i' } },
          { targets: ['t:1'], labels: { instance: 'chosen', __scheme__: 'https' } },
        ],
      },
    ];
    await using real = await startPrometheus(prometheus ?? '', stringify({ scrape_configs }));
    const defaults = { scrapeIntervalMs: 60_000, scrapeTimeoutMs: 10_000 };
    const jobs = parseScrapeConfigs(scrape_configs, 'code', 'scrape_configs', defaults);
    await using ours = scraperOf(jobs);
    const wanted = 8;
    const theirTargets = await eventually(
      async () => {
        const found = (await data(`${real.url}/api/v1/targets`)) as {
          readonly activeTargets: readonly ShownTarget[];
        };
        return found.activeTargets.length >= wanted ? found.activeTargets : undefined;
      },
      { timeoutMs: 30_000, what: 'Prometheus has found the targets' },
    );
    const ourTargets = await eventually(
      () => (ours.targets().length >= wanted ? ours.targets() : undefined),
      { timeoutMs: 30_000, what: 'we have found the targets' },
    );
    expect(shown(ourTargets)).toEqual(shown(theirTargets));
    const dropped = ours
      .droppedTargets()
      .map(({ discoveredLabels }) => discoveredLabels.toObject());
    const { droppedTargets } = (await data(`${real.url}/api/v1/targets`)) as {
      readonly droppedTargets: readonly ShownTarget[];
    };
    expect(dropped.map((labels) => sorted(labels))).toEqual(
      droppedTargets.map(({ discoveredLabels }) => sorted(discoveredLabels)),
    );
  });

  test('reports the same of good and of failing scrapes, under the same labels', async () => {
    /** By job, what its target exposes from scrape to scrape; the last one goes on. */
    const scripts: Readonly<Record<string, readonly string[]>> = {
      '/good': ['a 1\nb 2\n', 'b 2\n', 'a 1\nc{x="1"} 2\n', 'a 1\n'],
      '/broken': ['a 1\nbad\n', 'a 1\nb 1\n', 'c 1\nbad\n', 'c 1\n', 'bad\n', 'a 1\n'],
      // What a failed scrape had, 2.42 forgets one good scrape later than 3.x and we do: not asked here.
      '/limited': ['a 1\n', 'a 1\nb 1\nc 1\n', 'a 1\nb 1\nc 1\n', 'b 1\nc 1\n'],
    };
    const turns = new Map<string, number>();
    const answer: RequestListener = (request, response) => {
      const path = request.url ?? '';
      const who = `${path} ${request.headers['user-agent']?.startsWith('Prometheus')}`;
      const turn = turns.get(who) ?? 0;
      turns.set(who, turn + 1);
      const script = scripts[path] ?? [];
      response.writeHead(200, TEXT).end(script[turn] ?? script.at(-1));
    };
    await using server = await TestServer.start(answer);
    const scrape_configs = Object.keys(scripts).map((path) => ({
      job_name: path.slice(1),
      scrape_interval: '1s',
      scrape_timeout: '1s',
      metrics_path: path,
      sample_limit: path === '/limited' ? 2 : 0,
      static_configs: [
        {
          targets: [server.address],
          labels: { exported_instance: 'e', exported_job: 'f', a: '1', exported_a: '2' },
        },
      ],
    }));
    await using real = await startPrometheus(prometheus ?? '', stringify({ scrape_configs }));
    const store = new RecordingMetricStore();
    await using _ = scraperOf(parseScrapeConfigs(scrape_configs, 'code'), store);
    const longest = 7;
    await eventually(
      () => (turns.size === 6 && Math.min(...turns.values()) > longest) || undefined,
      {
        timeoutMs: 60_000,
        what: 'both have scraped everything',
      },
    );
    const names =
      'up|scrape_samples_scraped|scrape_samples_post_metric_relabeling|scrape_series_added';
    const { result } = (await data(
      `${real.url}/api/v1/query?query=${encodeURIComponent(`{__name__=~"${names}"}[5m]`)}`,
    )) as {
      readonly result: readonly {
        readonly metric: Readonly<Record<string, string>>;
        readonly values: readonly (readonly [number, string])[];
      }[];
    };
    const theirs = Object.fromEntries(
      result.map(({ metric, values }) => [
        JSON.stringify(sorted(metric)),
        values.slice(0, longest).map(([, value]) => Number(value)),
      ]),
    );
    const ours: Record<string, (number | undefined)[]> = {};
    for (const { labels, values } of store.batches) {
      for (const [row, each] of labels.entries()) {
        if (!new RegExp(`^(${names})$`).test(each.metricName)) continue;
        (ours[JSON.stringify(sorted(each.toObject()))] ??= []).push(values[row]);
      }
    }
    expect(result).toHaveLength(12);
    const mine = Object.fromEntries(
      Object.entries(ours).map(([series, values]) => [series, values.slice(0, longest)]),
    );
    expect(mine).toEqual(theirs);
  });
});
