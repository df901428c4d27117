import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';

import { systemClock } from '@dwcp/core';
import {
  HostCollector,
  InstrumentRegistry,
  ProcessCollector,
  renderCollectors,
} from '@dwcp/metrics-collector';
import { eventually, findProgram, startNodeExporter, startPrometheus, wants } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

const promtool = findProgram('promtool');
const nodeExporter = findProgram('prometheus-node-exporter');
const prometheus = findProgram('prometheus');

/** promtool's complaints; one line per fault of style, and an error where the text cannot be read. */
function checkMetrics(
  program: string,
  text: string,
): { readonly status: number | null; readonly lines: readonly string[] } {
  const { status, stderr } = spawnSync(program, ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  return { status, lines: stderr.split('\n').filter((line) => line !== '') };
}

function exampleRegistry(): InstrumentRegistry {
  const registry = new InstrumentRegistry({ clock: systemClock });
  const exemplar = { trace_id: '0af7651916cd43dd8448eb211c80319c' };
  const labelNames = ['path'];
  const path = 'C:\\"ü"\n{}';
  registry
    .counter({ name: 'dwcp_jobs_total', help: 'Jobs "done" \\ so far.', labelNames })
    .labels({ path })
    .inc(2, { exemplar });
  registry.counter({ name: 'dwcp_other_total', help: 'Others.' }).inc(-1);
  registry.gauge({ name: 'dwcp_load_ratio', help: 'Load.' }).set(Number.NaN);
  const buckets = [1e-5, 1, 2.5, 1e6];
  registry
    .histogram({ name: 'dwcp_job_seconds', help: 'Jobs.', buckets, labelNames })
    .labels({ path })
    .observe(2, { exemplar });
  registry.summary({ name: 'dwcp_wait_seconds', help: 'Waits.' }).observe(0.25);
  registry.summary({ name: 'dwcp_idle_seconds', help: 'Nothing was seen.' });
  return registry;
}

describe.skipIf(promtool === undefined)(`promtool (${wants('promtool')})`, () => {
  test('finds no fault in the text of instruments', async () => {
    const { status, lines } = checkMetrics(promtool ?? '', await exampleRegistry().expose('text'));
    expect(lines).toEqual([]);
    expect(status).toBe(0);
  });

  test('reads the text of the collectors, and dislikes only names that others gave', async () => {
    const collectors = [
      new HostCollector({ clock: systemClock }),
      new ProcessCollector({ clock: systemClock }),
    ];
    const text = await renderCollectors(collectors, 'text', { clock: systemClock });
    const { lines } = checkMetrics(promtool ?? '', text);
    const strange = lines.filter(
      (line) =>
        !/^node_(memory|netstat|sockstat)_\w+ .*(camelCase|abbreviated)|^nodejs_active_resources_total /.test(
          line,
        ),
    );
    expect(strange).toEqual([]);
  });
});

describe.skipIf(nodeExporter === undefined)(
  `node_exporter (${wants('prometheus-node-exporter')})`,
  () => {
    test('has every series the host collector gives, with values near it', async () => {
      await using server = await startNodeExporter(nodeExporter ?? '');
      const theirs = seriesOf(await (await fetch(`${server.url}/metrics`)).text());
      const host = new HostCollector({ clock: systemClock });
      const ours = seriesOf(await renderCollectors([host], 'text', { clock: systemClock }));
      // Debian's build leaves out the loopback device and more mount points, and is older than two of
      // the protocol statistics; our parts are not quite its collectors.
      const known =
        /device="lo"|mountpoint="\/(mnt|media|run)|TCPOFOQueue|TCPRcvQDrop|^node_scrape_/;
      const missing = [...ours.keys()].filter(
        (series) => !theirs.has(series) && !known.test(series),
      );
      expect(missing).toEqual([]);
      expect(ours.size).toBeGreaterThan(200);
      const shared = [...ours].filter(([series]) => theirs.has(series));
      const steady = shared.filter(([series]) =>
        /^node_(memory_MemTotal|memory_SwapTotal|boot_time|filesystem_size|filesystem_files\{|filesystem_readonly|filefd_maximum|uname)/.test(
          series,
        ),
      );
      expect(steady.length).toBeGreaterThan(5);
      for (const [series, value] of steady)
        expect([series, theirs.get(series)]).toEqual([series, value]);
      const moving = shared.filter(([series]) =>
        /^node_(cpu_seconds|disk_.*_total|network_.*_bytes|context|forks|intr|vmstat)/.test(series),
      );
      // Counters read a moment later: the same or a little more.
      for (const [series, value] of moving) {
        const before = theirs.get(series) ?? Number.NaN;
        expect([series, value >= before * 0.999 && value <= before * 1.05 + 1e6]).toEqual([
          series,
          true,
        ]);
      }
    });
  },
);

describe.skipIf(prometheus === undefined)(`Prometheus (${wants('prometheus')})`, () => {
  test('scrapes the OpenMetrics text of instruments', async () => {
    const registry = exampleRegistry();
    const server = createServer((_, response) => {
      void registry
        .expose('openmetrics')
        .then((text) =>
          response.setHeader('content-type', registry.contentType('openmetrics')).end(text),
        );
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await using real = await startPrometheus(
      prometheus ?? '',
      `scrape_configs: [{ job_name: us, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]`,
    );
    const ask = async (expression: string): Promise<readonly (readonly [unknown, string])[]> => {
      const url = `${real.url}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const { data } = (await (await fetch(url)).json()) as {
        readonly data: {
          readonly result: readonly {
            readonly metric: unknown;
            readonly value: readonly [number, string];
          }[];
        };
      };
      return data.result.map(({ metric, value }) => [metric, value[1]]);
    };
    const found = await eventually(
      async () => {
        const result = await ask('dwcp_jobs_total');
        return result.length > 0 ? result : undefined;
      },
      { timeoutMs: 20_000, what: 'Prometheus has scraped us' },
    );
    expect(found).toEqual([
      [
        {
          __name__: 'dwcp_jobs_total',
          instance: `127.0.0.1:${port}`,
          job: 'us',
          path: 'C:\\"ü"\n{}',
        },
        '2',
      ],
    ]);
    expect((await ask('up{job="us"}')).map(([, value]) => value)).toEqual(['1']);
    expect((await ask('dwcp_job_seconds_bucket{le="2.5"}')).map(([, value]) => value)).toEqual([
      '1',
    ]);
    server.closeAllConnections();
    server.close();
  });
});

/** Series as written, to value. */
function seriesOf(text: string): ReadonlyMap<string, number> {
  const series = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line === '') continue;
    const space = line.lastIndexOf(' ');
    // node_exporter writes labels sorted by name.
    const [, name = '', labels = ''] = /^([^{]*)\{?(.*?)\}?$/.exec(line.slice(0, space)) ?? [];
    const sorted = (labels.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? []).sort().join(',');
    series.set(sorted === '' ? name : `${name}{${sorted}}`, Number(line.slice(space + 1)));
  }
  return series;
}
