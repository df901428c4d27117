import { type ServerResponse } from 'node:http';

import { ConfigError } from '@dwcp/core';
import { parseScrapeConfigs } from '@dwcp/metrics-collector';
import { describe, expect, test } from 'vitest';

import { discoveringJob, passTimeUntil, TestFolder, untilTargets } from '../discovery/support.ts';
import { Harness, job, TestServer, TEXT, until } from './harness.ts';

function jobsOf(...configs: readonly Record<string, unknown>[]) {
  return parseScrapeConfigs(configs, 'code');
}

/** Milliseconds between the samples of a series, in the order they were stored. */
function stepsOf(it: Harness, metric: string): readonly number[] {
  const rows = it.store.rows().filter(({ series }) => series.startsWith(`${metric}{`));
  expect(rows.every(({ value }) => value !== 'stale')).toBe(true);
  return rows.slice(1).map(({ unixMs }, i) => unixMs - (rows[i]?.unixMs ?? 0));
}

describe('over reloads', () => {
  test('a series scraped each second has no gap and no duplicate, whatever changes', async () => {
    await using server = await TestServer.start((_, response) => {
      response.writeHead(200, TEXT).end('a 1\n');
    });
    const other = server.address.replace('127.0.0.1', 'localhost');
    await using it = new Harness([job([server.address])]);
    const configs = [
      [job([server.address])],
      [job([server.address], { sample_limit: 10 })],
      [job([server.address], { sample_limit: 10 }), { job_name: 'other' }],
      [job([server.address], { scrape_timeout: '900ms' })],
      [job([server.address], { relabel_configs: [{ target_label: '__tmp', replacement: 'x' }] })],
      [job([server.address, other])],
      [job([server.address])],
    ];
    for (const [i, config] of configs.entries()) {
      await it.tick(i === 6 ? 2 : 1);
      // At some other moment of the interval each time.
      await it.clock.advance(130 * i);
      await it.scraper.reload(jobsOf(...config));
      await it.clock.advance(1_000 - 130 * i);
      await until(() => it.status?.health === 'up');
    }
    await it.tick();
    const own = it.store.of(`a{instance="${server.address}", job="test", region="eu-1"}`);
    const steps = own.slice(1).map(({ unixMs }, i) => unixMs - (own[i]?.unixMs ?? 0));
    expect(own.every(({ value }) => value === 1)).toBe(true);
    expect(new Set(steps)).toEqual(new Set([1_000]));
    expect(steps.length).toBeGreaterThanOrEqual(14);
    expect(it.count('dwcp_scrape_missed_slots_total test')).toBe(0);
  });

  test('a scrape at work is finished under the old settings, the next slot is the new ones', async () => {
    const waiting: ServerResponse[] = [];
    await using server = await TestServer.start((_, response) => {
      waiting.push(response.writeHead(200, TEXT));
    });
    await using it = new Harness([job([server.address])]);
    await passTimeUntil(it, () => waiting.length === 1, 20);
    const reloading = it.scraper.reload(jobsOf(job([server.address], { sample_limit: 10 })));
    await it.clock.advance(300);
    waiting[0]?.end('a 1\n');
    await reloading;
    expect(it.status?.health).toBe('up');
    for (let i = 1; i < 4; i++) {
      await it.clock.advance(1_000);
      await until(() => waiting.length === i + 1);
      waiting[i]?.end('a 1\n');
      await until(() => it.store.batches.length === i + 1);
    }
    expect(stepsOf(it, 'a')).toEqual([1_000, 1_000, 1_000]);
    expect(stepsOf(it, 'up')).toEqual([1_000, 1_000, 1_000]);
  });

  test('a bad configuration is refused before anything changes', async () => {
    await using server = await TestServer.start((_, response) => {
      response.writeHead(200, TEXT).end('a 1\n');
    });
    await using it = new Harness([job([server.address])]);
    await it.tick();
    const timers = it.clock.timerCount;
    const bad = [job(['h:1']), { job_name: 'b', scrape_interval: 'soon' }];
    await expect(async () => it.scraper.reload(jobsOf(...bad))).rejects.toThrow(ConfigError);
    expect(it.clock.timerCount).toBe(timers);
    await it.tick();
    expect(stepsOf(it, 'a')).toEqual([1_000]);
  });

  test('discoveries that stay are not asked again, and their targets go on', async () => {
    await using targets = await TestServer.start((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('[{"targets":["a:1"]}]');
    });
    const http_sd_configs = [{ url: `http://${targets.address}/` }];
    await using it = new Harness([discoveringJob({ http_sd_configs })]);
    await untilTargets(it, ['a:1']);
    const relabel_configs = [{ target_label: 'team', replacement: 'x' }];
    await it.scraper.reload(jobsOf(discoveringJob({ http_sd_configs, relabel_configs })));
    expect(it.scraper.targets().map(({ labels }) => labels)).toEqual([
      { instance: 'a:1', job: 'test', team: 'x' },
    ]);
    expect(targets.requests).toBe(1);
  });

  test('targets of a discovery that is replaced stay until the new one has looked', async () => {
    await using folder = await TestFolder.make();
    await folder.write('t.json', [{ targets: ['a:1', 'b:1'] }]);
    const held: ServerResponse[] = [];
    await using targets = await TestServer.start((_, response) => {
      held.push(response.writeHead(200, { 'content-type': 'application/json' }));
    });
    const file_sd_configs = [{ files: [folder.in('t.json')] }];
    await using it = new Harness([discoveringJob({ file_sd_configs })]);
    await untilTargets(it, ['a:1', 'b:1']);
    const http_sd_configs = [{ url: `http://${targets.address}/` }];
    await it.scraper.reload(jobsOf(discoveringJob({ http_sd_configs })));
    await until(() => held.length === 1);
    expect(it.scraper.targets()).toHaveLength(2);
    held[0]?.end('[{"targets":["b:1","c:1"]}]');
    await untilTargets(it, ['b:1', 'c:1']);
    await it.scraper.reload([]);
    expect(it.scraper.targets()).toEqual([]);
    expect(it.scraper.discoveries()).toEqual([]);
    expect(it.clock.timerCount).toBe(0);
  });
});

describe('the number of targets', () => {
  test('has a limit; those scraped already come first, the others are counted', async () => {
    await using it = new Harness([job(['a:1', 'b:1'])], { maxTargets: 2 });
    await it.scraper.reload(jobsOf(job(['_:1', 'a:1', 'b:1', 'c:1'])));
    expect(it.scraper.targets().map(({ labels }) => labels['instance'])).toEqual(['a:1', 'b:1']);
    expect(it.count('dwcp_scrape_targets_over_limit_total test')).toBe(2);
  });
});
