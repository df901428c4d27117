import { systemClock } from '@dwcp/core';
import { ProcessCollector, renderCollectors } from '@dwcp/metrics-collector';
import { eventually, ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { samplesOf } from '../../support/samples-of.ts';

describe('the process collector', () => {
  test('gives what prom-client’s default metrics give, under the same names', async () => {
    const { collectDefaultMetrics, Registry } = await import('prom-client');
    const theirs = new Registry();
    collectDefaultMetrics({ register: theirs });
    // Counts of Node's internal handles and requests, by deprecated functions of Node.
    const left = [
      'nodejs_active_handles',
      'nodejs_active_handles_total',
      'nodejs_active_requests',
      'nodejs_active_requests_total',
    ];
    const names = theirs.getMetricsAsArray().map(({ name }) => name);
    using collector = new ProcessCollector({ clock: systemClock });
    await samplesOf(collector);
    const described = new Set(collector.describe().map(({ name }) => name));
    expect(names.length).toBeGreaterThan(25);
    expect(names.filter((name) => !described.has(name))).toEqual(left);
  });

  test('agrees with Node on memory, CPU and version', async () => {
    using collector = new ProcessCollector({ clock: systemClock });
    const before = process.cpuUsage();
    const samples = await samplesOf(collector);
    const after = process.cpuUsage();
    expect(samples['process_cpu_user_seconds_total']).toBeGreaterThanOrEqual(before.user / 1e6);
    expect(samples['process_cpu_user_seconds_total']).toBeLessThanOrEqual(after.user / 1e6);
    const rss = process.memoryUsage.rss();
    expect((samples['process_resident_memory_bytes'] ?? 0) / rss).toBeCloseTo(1, 0);
    expect(samples['nodejs_heap_size_used_bytes']).toBeGreaterThan(1e6);
    expect(samples['nodejs_heap_space_size_used_bytes{space=old}']).toBeGreaterThan(0);
    const [major, minor, patch] = process.version.slice(1).split('.');
    const version = `version=${process.version},major=${major},minor=${minor},patch=${patch}`;
    expect(samples[`nodejs_version_info{${version}}`]).toBe(1);
    const started = samples['process_start_time_seconds'] ?? 0;
    expect(Math.abs(started - (systemClock.nowUnixMs() / 1_000 - process.uptime()))).toBeLessThan(
      2,
    );
  });

  test.skipIf(process.platform !== 'linux')('counts open files (Linux only)', async () => {
    using collector = new ProcessCollector({ clock: systemClock });
    const samples = await samplesOf(collector);
    expect(samples['process_open_fds']).toBeGreaterThan(3);
    expect(samples['process_max_fds']).toBeGreaterThan(samples['process_open_fds'] ?? Infinity);
    expect(samples['process_virtual_memory_bytes']).toBeGreaterThan(1e8);
  });

  test('has every kind of garbage collection from the start, and counts them', async () => {
    using collector = new ProcessCollector({ clock: systemClock });
    const first = await samplesOf(collector);
    for (const kind of ['major', 'minor', 'incremental', 'weakcb']) {
      expect(first[`nodejs_gc_duration_seconds_count{kind=${kind}}`]).toBe(0);
    }
    await eventually(
      async () => {
        let garbage: unknown[] = [];
        for (let i = 0; i < 200; i++)
          garbage = Array.from({ length: 10_000 }, () => [garbage.length]);
        const samples = await samplesOf(collector);
        const count = samples['nodejs_gc_duration_seconds_count{kind=minor}'] ?? 0;
        expect(samples['nodejs_gc_duration_seconds_bucket{kind=minor,le=+Inf}']).toBe(count);
        return count > 0 && (samples['nodejs_gc_duration_seconds_sum{kind=minor}'] ?? 0) > 0
          ? true
          : undefined;
      },
      { timeoutMs: 10_000, what: 'a minor garbage collection is seen' },
    );
  });

  test('sees a blocked event loop in delay and utilisation, and tells a second reader the same', async () => {
    const clock = new ManualClock();
    using collector = new ProcessCollector({ clock });
    const lagAbove = (seconds: number): Promise<Record<string, number>> =>
      eventually(
        async () => {
          await clock.advance(1_000);
          const samples = await samplesOf(collector);
          return (samples['nodejs_eventloop_lag_max_seconds'] ?? 0) > seconds ? samples : undefined;
        },
        { timeoutMs: 4_000, what: `a delay above ${seconds} s is seen` },
      );
    // Blocked from the start of a window, which a monitor that was just reset does not see.
    await samplesOf(collector);
    const until = performance.now() + 60;
    while (performance.now() < until);
    const seen = await lagAbove(0.04);
    expect(seen['nodejs_eventloop_lag_p99_seconds']).toBeGreaterThan(0.04);
    expect(seen['nodejs_eventloop_utilization_ratio']).toBeGreaterThanOrEqual(0);
    expect(seen['nodejs_eventloop_utilization_ratio']).toBeLessThanOrEqual(1);
    await clock.advance(100);
    const second = await samplesOf(collector);
    expect(second['nodejs_eventloop_lag_max_seconds']).toBe(
      seen['nodejs_eventloop_lag_max_seconds'],
    );
    await clock.advance(1_000);
    const next = await samplesOf(collector);
    expect(next['nodejs_eventloop_lag_max_seconds']).not.toBe(
      seen['nodejs_eventloop_lag_max_seconds'],
    );
  });

  test('has no values that are not finite, even before anything was measured', async () => {
    using collector = new ProcessCollector({ clock: new ManualClock() });
    const strange = Object.entries(await samplesOf(collector)).filter(
      ([, v]) => !(v >= 0 && v < 1e18),
    );
    expect(strange.filter(([name]) => name !== 'process_max_fds')).toEqual([]);
  });

  test('is written with its histogram as one family', async () => {
    using collector = new ProcessCollector({ clock: systemClock });
    const text = await renderCollectors([collector], 'openmetrics', { clock: systemClock });
    expect(text).toMatch(
      /# TYPE nodejs_gc_duration_seconds histogram\n# HELP .*\nnodejs_gc_duration_seconds_bucket\{kind="major",le="0.001"\} \d/,
    );
  });
});
