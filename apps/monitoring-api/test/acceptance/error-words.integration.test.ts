import { findProgram, type RealServer, startPrometheus, wants } from '@dwcp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';

const program = findProgram('prometheus');

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function answerOf(url: string, path: string, method = 'GET'): Promise<Answer> {
  const response = await fetch(`${url}/api/v1/${path}`, { method });
  const text = await response.text();
  return { status: response.status, body: text === '' ? '' : JSON.parse(text) };
}

/** Requests whose whole answer is the same from both, byte for byte but for the order of keys. */
const SAME: readonly string[] = [
  'query?query=1e-7&time=1.5',
  'query?query=1e21&time=1',
  'query?query=-0&time=1',
  'query?query=1e-320&time=1',
  'query?query=NaN&time=1',
  'query?query=-Inf&time=1',
  'query?query=vector(1e-7)&time=1435781451.781',
  'query?query=vector(1e-6)&time=1',
  'query?query=vector(1e20)&time=1',
  'query?query=vector(1e21)&time=1',
  'query?query=vector(-1.5e-9)&time=1',
  'query?query=vector(5e-324)&time=1',
  'query?query=vector(Inf)&time=1',
  'query?query="a%22"&time=1',
  'query?query=%22%C3%A9%3C%3E%26%22&time=1',
  'query?query=up&time=1',
  'query?query=up[5m]&time=1',
  'query?query=sum(',
  'query?query=up&time=x',
  'query?query=up&timeout=x',
  'query_range?query=1&start=0&end=2&step=1',
  'query_range?query=vector(1e-9)&start=0.5&end=2&step=500ms',
  'query_range?query=up&start=x&end=1&step=1',
  'query_range?query=up&start=2&end=1&step=1',
  'query_range?query=up&start=0&end=1&step=0',
  'query_range?query=up&start=0&end=1&step=x',
  'query_range?query=up&start=0&end=11001&step=1',
  'query_range?query=up&start=0&end=11000.5&step=1',
  'query_range?query=up&start=0&end=1&step=1&timeout=x',
  'query_exemplars',
  'query_exemplars?query=1',
  'query_exemplars?query=up',
  'query_exemplars?query=up&start=2&end=1',
  'query_exemplars?query=up&start=x',
  'series',
  'series?match[]=up{',
  'series?match[]={}',
  'series?match[]={a=~%22.*%22}',
  'series?match[]=sum(up)',
  'series?match[]=up&start=x',
  'series?match[]=up&start=2&end=1',
  'labels?match[]=up{',
  'labels?match[]={a=%22%22}',
  'labels?start=x',
  'labels?start=2&end=1',
  'label/job/values?match[]=up{',
  'label/job/values?start=x',
  'metadata?limit=x',
  'metadata?metric=nothing',
  'format_query',
  'format_query?query=sum(up)by(a)',
  'format_query?query=up{',
  'targets?state=other',
  'targets/metadata?limit=x',
  'targets/metadata?match_target={',
  'targets/metadata?match_target={job=%22none%22}',
  'rules?type=x',
  'rules',
  'alerts',
  'alertmanagers',
  'status/walreplay',
];

/** What Prometheus 3 says where 2.42 says something else, or nothing. */
const CHANGED_SINCE: Readonly<Record<string, readonly [theirs: unknown, ours: unknown]>> = {
  // A parameter that is read since 2.5x.
  'query?query=up&lookback_delta=x': [
    { status: 200 },
    { status: 400, body: { error: expect.stringContaining('error parsing lookback delta') } },
  ],
  'query?query=up&limit=x': [
    { status: 200 },
    { status: 400, body: { error: expect.stringContaining('invalid parameter "limit"') } },
  ],
  'metadata?limit_per_metric=x': [
    { status: 200 },
    { status: 400, body: { error: 'limit_per_metric must be a number' } },
  ],
  // The parameter at fault is named.
  'query_range?query=up{&start=0&end=1&step=1': [
    { status: 400, body: { error: expect.stringMatching(/^1:4: parse error/) } },
    {
      status: 400,
      body: { error: expect.stringMatching(/^invalid parameter "query": 1:4: parse/) },
    },
  ],
  // Names of labels may have any character.
  'label/a-b/values': [{ status: 400 }, { status: 200, body: { data: [] } }],
  'parse_query?query=up': ['no such endpoint', { status: 200 }],
};

describe.skipIf(program === undefined)(
  `answers and errors are those of a real Prometheus (${wants('prometheus')})`,
  () => {
    let ours: DwcpServer;
    let theirs: RealServer;
    beforeAll(async () => {
      ours = await DwcpServer.start('region: eu-test-1\ncollection: { host: false }\n');
      theirs = await startPrometheus(program ?? '', 'global: {}\n', {
        args: ['--enable-feature=exemplar-storage'],
      });
    });
    afterAll(async () => {
      await theirs[Symbol.asyncDispose]();
      await ours[Symbol.asyncDispose]();
    });

    test.each(SAME)('%s', async (path) => {
      const [our, their] = await Promise.all([
        answerOf(ours.url, path),
        answerOf(theirs.url, path),
      ]);
      expect(withoutNews(our)).toEqual(their);
    });

    test.each(Object.entries(CHANGED_SINCE))(
      '%s differs since 2.42',
      async (path, [before, now]) => {
        const their = await answerOf(theirs.url, path).catch(() => 'no such endpoint');
        expect([their, await answerOf(ours.url, path)]).toMatchObject([before, now]);
      },
    );
  },
);

/** Without the fields that came after 2.42. */
function withoutNews({ status, body }: Answer): Answer {
  const { data } = body as { readonly data?: unknown };
  const hasCounts = typeof data === 'object' && data !== null && 'droppedTargetCounts' in data;
  if (!hasCounts) return { status, body };
  const { droppedTargetCounts: _, ...rest } = data;
  return { status, body: { ...(body as object), data: rest } };
}
