import { systemClock } from '@dwcp/core';
import { parseScrapeConfigs, Scraper } from '@dwcp/metrics-collector';
import { eventually, RecordingMetricStore } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { CountingInstruments, TestServer, TEXT } from './harness.ts';

const TARGETS = 200;

/** A turn later than this bears its own time. */
const TOLERANCE_MS = 100;

describe('200 targets at 1 s over real sockets', () => {
  test('each has its place in the second and keeps it; targets that hang delay none of the others', async () => {
    const sockets = new Set<unknown>();
    await using server = await TestServer.start(({ url, socket }, response) => {
      sockets.add(socket);
      if (url?.startsWith('/hang') === true) return;
      response.writeHead(200, TEXT).end(`a{path="${url}"} 1\nb 2\n`);
    });
    const paths = Array.from({ length: TARGETS }, (_, i) => `/t${i}`);
    const hanging = ['/hang-1', '/hang-2', '/hang-3'];
    const static_configs = [...paths, ...hanging].map((path) => ({
      targets: [server.address],
      labels: { __metrics_path__: path, instance: path },
    }));
    const store = new RecordingMetricStore();
    const instruments = new CountingInstruments();
    const scraper = new Scraper({
      jobs: parseScrapeConfigs(
        [{ job_name: 'many', scrape_interval: '1s', static_configs }],
        'code',
      ),
      store,
      clock: systemClock,
      instruments,
      externalLabels: {},
    });
    await using _ = scraper;
    scraper.start();
    /** Time and value of the samples of a metric, by target. */
    const rowsOf = (
      metric: string,
    ): ReadonlyMap<string, readonly (readonly [number, number])[]> => {
      const rows = new Map<string, (readonly [number, number])[]>();
      for (const { labels, timestamps, values } of store.batches) {
        for (const [row, each] of labels.entries()) {
          if (each.metricName !== metric) continue;
          const path = each.get('instance');
          const own = rows.get(path) ?? [];
          own.push([timestamps[row] ?? 0, values[row] ?? 0]);
          rows.set(path, own);
        }
      }
      return rows;
    };
    await eventually(
      () => {
        if (store.batches.length < 4 * TARGETS) return undefined;
        const ups = rowsOf('up');
        return paths.every((path) => (ups.get(path)?.length ?? 0) >= 4) || undefined;
      },
      { timeoutMs: 90_000, what: 'every target was scraped four times', everyMs: 500 },
    );
    const ups = rowsOf('up');
    const samples = rowsOf('b');
    const places = new Set<number>();
    for (const path of paths) {
      const rows = ups.get(path) ?? [];
      expect(rows.every(([, value]) => value === 1)).toBe(true);
      const times = rows.map(([unixMs]) => unixMs);
      expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
      // The place is that of some sample: the others are there too, or too late to be taken for it.
      const place = times
        .map((time) => time % 1_000)
        .find((candidate) =>
          times.every((time) => {
            const lateMs = (time - candidate) % 1_000;
            return lateMs === 0 || lateMs > TOLERANCE_MS;
          }),
        );
      expect(place).toBeDefined();
      places.add(place ?? -1);
      // All samples of a scrape have its time.
      expect(samples.get(path)?.map(([unixMs]) => unixMs)).toEqual(times);
    }
    expect(places.size).toBeGreaterThan(TARGETS / 2);
    for (const path of hanging) {
      expect(ups.get(path)?.map(([, value]) => value)).toContain(0);
      expect(samples.has(path)).toBe(false);
    }
    // A target has one connection at a time; one that hangs gives it up with each scrape.
    const gaveUp = instruments.counts.get('dwcp_scrape_failures_total many timeout') ?? 0;
    expect(sockets.size).toBeLessThanOrEqual(TARGETS + gaveUp + hanging.length);
  });
});
