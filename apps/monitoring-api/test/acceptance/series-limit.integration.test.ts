import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';
import { promQuery, type VectorElement } from './prometheus-answers.ts';
import { pack, post, series, varint, write1 } from './remote-write-wire.ts';

const MAX_SERIES = 1_000;
const REQUESTS = 20;
const SERIES_PER_REQUEST = 50_000;
const NOW = Date.now();

test(
  `a million new series where ${MAX_SERIES} may be: refused and counted, in bounded memory`,
  { timeout: 90_000 },
  async () => {
    await using server = await DwcpServer.start(
      `region: eu-test-1
collection: { host: false, process: false }
metrics: { maxSeries: ${MAX_SERIES} }
`,
    );
    expect((await write1(server.url, series('existing', [[1, NOW]]))).status).toBe(204);

    let refused = 0;
    const residentMiB: number[] = [];
    for (let request = 0; request < REQUESTS; request++) {
      const { status, text } = await post(server.url, pack(manySeries(request)));
      const [, count] = /series-limit=(\d+)/.exec(text) ?? [];
      expect({ status, count: Number(count) > 0 }).toEqual({ status: 400, count: true });
      expect(text).toContain('the rest of the request was kept');
      refused += Number(count);
      residentMiB.push(memoryOf(server.child.pid, 'VmRSS'));
    }
    const { rejectedSamples, stores } = await server.get<{
      readonly rejectedSamples: Readonly<Record<string, number>>;
      readonly stores: { readonly metrics: { readonly seriesCount: number } };
    }>('/api/v1/status');
    const million = REQUESTS * SERIES_PER_REQUEST;
    expect(rejectedSamples['series-limit']).toBeGreaterThanOrEqual(refused);
    expect(stores.metrics.seriesCount).toBe(MAX_SERIES);

    // The first ones found room; no two requests together kept more than there may be.
    const count = async (query: string): Promise<number> => {
      const { result } = await promQuery(server.url, 'query', { query });
      return Number((result as readonly VectorElement[])[0]?.value[1] ?? 0);
    };
    expect(await count('count({__name__=~"many_.+"})')).toBe(million - refused);
    expect(await count('count({__name__=~"many_.+"})')).toBeLessThan(MAX_SERIES);

    // What is there goes on.
    expect((await write1(server.url, series('existing', [[2, NOW + 1_000]]))).status).toBe(204);
    expect(await count(`sum(count_over_time(existing[5m] offset -1m))`)).toBe(2);
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toMatch(/^dwcp_samples_rejected_total\{reason="series-limit"\} \d{6,}$/m);

    const half = residentMiB.slice(REQUESTS / 2 - 1);
    const grownMiB = Math.max(...half) - (half[0] ?? 0);
    process.stdout.write(
      `${refused} series refused; resident ${residentMiB.map(Math.round).join(' ')} MiB, ` +
        `peak ${Math.round(memoryOf(server.child.pid, 'VmHWM'))} MiB\n`,
    );
    // Half a million label sets more, of two strings each, would take well over 150 MiB.
    expect(grownMiB).toBeLessThan(100);
  },
);

/** A request of series that are in no other, of a sample each. */
function manySeries(request: number): Uint8Array {
  const sample = Buffer.from([0x12, 16, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, ...varint(NOW)]);
  return new Uint8Array(
    Buffer.concat(
      Array.from({ length: SERIES_PER_REQUEST }, (_, i) => {
        const name = `many_${request}`;
        const value = `a-value-as-long-as-a-request-id-may-well-be-in-practice-${i}`;
        const labels = Buffer.from(labelText('__name__', name) + labelText('id', value), 'latin1');
        const size = Buffer.from(varint(labels.length + sample.length));
        return Buffer.concat([Buffer.of(0x0a), size, labels, sample]);
      }),
    ),
  );
}

/** A Label of fewer than 128 bytes. */
function labelText(name: string, value: string): string {
  const size = (length: number): string => String.fromCharCode(length);
  const inner = `\n${size(name.length)}${name}\u0012${size(value.length)}${value}`;
  return `\n${size(inner.length)}${inner}`;
}

function memoryOf(pid: number, what: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024;
}
