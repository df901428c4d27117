import { type TargetStatus } from '@dwcp/metrics-collector';
import { describe, expect, test } from 'vitest';

import { Harness, job } from './harness.ts';

/** The target that a job with one address makes; undefined when it is left out. */
async function targetOf(
  address: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<TargetStatus | undefined> {
  await using it = new Harness([job([address], settings)]);
  return it.status;
}

describe('targets', () => {
  test.each([
    ['host:9100', 'http', 'http://host:9100/metrics', 'host:9100'],
    ['host', 'http', 'http://host:80/metrics', 'host:80'],
    ['host', 'https', 'https://host:443/metrics', 'host:443'],
    ['[::1]:9', 'http', 'http://[::1]:9/metrics', '[::1]:9'],
    ['[::1]', 'http', 'http://[::1]:80/metrics', '[::1]:80'],
    ['10.0.0.1:1', 'http', 'http://10.0.0.1:1/metrics', '10.0.0.1:1'],
  ])('%s over %s is %s', async (address, scheme, url, instance) => {
    const target = await targetOf(address, { scheme });
    expect([target?.scrapeUrl, target?.labels['instance']]).toEqual([url, instance]);
  });

  test.each(['host:port', 'host:99999', '::1', '[::x]:1', 'user@host', 'a:1:2'])(
    '%s is no address',
    async (address) => {
      await using it = new Harness([job([address])]);
      expect(it.scraper.targets()).toEqual([]);
      expect(it.count('dwcp_scrape_invalid_targets_total test')).toBe(1);
    },
  );

  test('labels beside the address can set the path, the scheme and parameters', async () => {
    const labels = { __metrics_path__: '/x y', __scheme__: 'https', __param_b: '9', env: 'p' };
    const target = await targetOf('unused', {
      params: { a: ['1', '2'] },
      static_configs: [{ targets: ['h:1'], labels }],
    });
    expect(target?.scrapeUrl).toBe('https://h:1/x%20y?a=1&a=2&b=9');
    expect(target?.labels).toEqual({ env: 'p', instance: 'h:1', job: 'test' });
  });

  test('relabelling can set parameters, interval and instance', async () => {
    const target = await targetOf('h:1', {
      params: { target: ['a', 'b'] },
      relabel_configs: [
        { target_label: '__param_target', replacement: 'c' },
        { target_label: '__scrape_interval__', replacement: '5s' },
        { target_label: '__scrape_timeout__', replacement: '2s' },
        { target_label: 'instance', replacement: 'me' },
        { target_label: '__tmp', replacement: 'x' },
      ],
    });
    expect(target).toMatchObject({
      scrapeUrl: 'http://h:1/metrics?target=c&target=b',
      scrapeInterval: '5s',
      scrapeTimeout: '2s',
    });
    expect(target?.labels).toEqual({ instance: 'me', job: 'test' });
  });

  test('a timeout above the interval after relabelling is left out', async () => {
    const relabel_configs = [{ target_label: '__scrape_timeout__', replacement: '5s' }];
    expect(await targetOf('h:1', { relabel_configs })).toBeUndefined();
  });

  test('the same target twice is scraped once', async () => {
    await using it = new Harness([job(['h:1', 'h:1'])]);
    expect(it.scraper.targets()).toHaveLength(1);
  });
});

describe('the place of a target in the interval', () => {
  /** When each of 200 targets has its turn. A target limit keeps them from being fetched. */
  async function places(hostname: string): Promise<ReadonlyMap<string, number>> {
    const addresses = Array.from({ length: 200 }, (_, i) => `host-${i}:9100`);
    const settings = { scrape_interval: '10s', target_limit: 1 };
    await using it = new Harness([job(addresses, settings)], { hostname });
    await it.clock.advance(10_000);
    const ups = it.store.rows().filter(({ series }) => series.startsWith('up{'));
    return new Map(ups.map(({ series, unixMs }) => [series, unixMs % 10_000]));
  }

  test('is the same after a restart, and targets spread over the interval', async () => {
    const first = await places('one');
    expect(await places('one')).toEqual(first);
    expect(first.size).toBe(200);
    const perSecond = Map.groupBy(first.values(), (place) => Math.floor(place / 1_000));
    expect(perSecond.size).toBe(10);
    for (const group of perSecond.values()) expect(group.length).toBeLessThan(45);
  });

  test('differs between servers that scrape the same targets', async () => {
    expect(await places('two')).not.toEqual(await places('one'));
  });
});
