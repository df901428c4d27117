import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';
import { type MatrixElement, promQuery } from './prometheus-answers.ts';
import { type Answer, series, write1, write2 } from './remote-write-wire.ts';
import { type Counts, NOW } from './write-case.ts';
import {
  exemplar,
  exemplars,
  histogram,
  nativeHistograms,
  samples,
  version2,
} from './write-cases-of-data.ts';
import { labels, wholeRequests } from './write-cases-of-requests.ts';

let server: DwcpServer;
beforeAll(async () => {
  server = await DwcpServer.start('region: eu-test-1\ncollection: { host: false }\n');
});
afterAll(() => server[Symbol.asyncDispose]());

describe.each([
  ['requests', wholeRequests],
  ['labels', labels],
  ['samples', samples],
  ['native histograms', nativeHistograms],
  ['2.0', version2],
  ['exemplars', exemplars],
])('%s', (_, cases) => {
  test.each(Object.entries(cases))('%s', async (_title, one) => {
    const { pid } = server.child;
    const before = await rejectedCounts();
    const answer = await one.send(server.url);
    expect({ ...answer, detail: detailOf(answer) }).toMatchObject({
      status: one.status,
      detail: expect.stringMatching(one.reason ?? /^$/) as string,
    });
    const after = await rejectedCounts();
    for (const source of ['metrics', 'status'] as const) {
      expect({ source, ...growth(before[source], after[source]) }).toEqual({
        source,
        ...one.rejected,
      });
    }
    for (const [name, expected] of Object.entries(one.kept ?? {})) {
      expect({ name, held: await held(name) }).toEqual({ name, held: expected });
    }
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
    expect(server.child).toMatchObject({ pid, running: true });
  });
});

test('what unsorted labels make is the series that sorted ones make', async () => {
  await write1(server.url, {
    labels: [
      ['b', '2'],
      ['a', '1'],
      ['__name__', 'same_series'],
    ],
    samples: [[1, NOW]],
  });
  await write1(server.url, {
    labels: [
      ['__name__', 'same_series'],
      ['a', '1'],
      ['b', '2'],
    ],
    samples: [[2, NOW + 1]],
  });
  expect(await held('same_series')).toEqual([
    ['1', NOW],
    ['2', NOW + 1],
  ]);
});

test('2.0 tells what was written also where something was refused', async () => {
  const { status, headers } = await write2(
    server.url,
    series('told', [[1, NOW]], { exemplars: [exemplar(1, [['trace_id', 'abc']])] }),
    { labels: [['no', 'name']], samples: [[1, NOW]] },
    histogram('told_histogram', {}),
  );
  expect(status).toBe(400);
  expect(writtenOf(headers)).toEqual(['1', '1', '1']);
});

/** What a problem says; '' where there is none. */
function detailOf({ text }: Answer): string {
  return text === '' ? '' : (JSON.parse(text) as { readonly detail: string }).detail;
}

function writtenOf(headers: Headers): readonly (string | null)[] {
  return ['Samples', 'Histograms', 'Exemplars'].map((kind) =>
    headers.get(`X-Prometheus-Remote-Write-${kind}-Written`),
  );
}

/** What the store holds of a metric, whenever it was. */
async function held(name: string): Promise<readonly (readonly [string, number])[]> {
  const found: (readonly [string, number])[] = [];
  for (const [time, range] of [
    [NOW + 60_000, '10y'],
    [2_000, '10d'],
  ] as const) {
    const { result } = await promQuery(server.url, 'query', {
      query: `${name}[${range}]`,
      time: String(time / 1_000),
    });
    for (const { values = [], histograms = [] } of result as readonly Matrix[]) {
      for (const [at, value] of values) found.push([value, Math.round(at * 1_000)]);
      for (const [at, { count, sum }] of histograms) {
        found.push([`count ${count} sum ${sum}`, Math.round(at * 1_000)]);
      }
    }
  }
  return found;
}

interface Matrix extends Partial<MatrixElement> {
  readonly histograms?: readonly (readonly [
    number,
    { readonly count: string; readonly sum: string },
  ])[];
}

async function rejectedCounts(): Promise<{ readonly metrics: Counts; readonly status: Counts }> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const metrics = Object.fromEntries(
    [...text.matchAll(/^dwcp_samples_rejected_total\{reason="([^"]+)"\} (\d+)$/gm)].map(
      ([, reason, count]) => [reason, Number(count)],
    ),
  );
  const { rejectedSamples } = await server.get<{ readonly rejectedSamples: Counts }>(
    '/api/v1/status',
  );
  return { metrics, status: rejectedSamples };
}

function growth(before: Counts, after: Counts): Counts {
  return Object.fromEntries(
    Object.entries(after).flatMap(([reason, count]) => {
      const grown = count - (before[reason] ?? 0);
      return grown === 0 ? [] : [[reason, grown]];
    }),
  );
}
