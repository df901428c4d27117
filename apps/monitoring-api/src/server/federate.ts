import { isStale, type LabelMatcher, type Series } from '@dwcp/core';
import { parseSelector } from '@dwcp/promql';
import { type FastifyInstance, type FastifyReply } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from './context.ts';
import { type FederatedSample, writeFederation } from './federation-text.ts';
import { problemOf } from './problem.ts';
import { tooBusy } from './prometheus/errors.ts';
import { distinctSelectors, parametersOf } from './prometheus/parameters.ts';
import { requestSignal } from './request-signal.ts';

/** How old the latest sample of a series may be: what an instant query looks back by default. */
const LOOKBACK_MS = 5 * 60_000;

const plain = { 'text/plain': { schema: Type.String() } };

/**
 * Lets another Prometheus take over chosen series: the latest sample of each, with its timestamp.
 * Series that ended are not shown; the formats have no staleness marker.
 * @see https://prometheus.io/docs/prometheus/latest/federation/
 */
export async function federateRoute(app: FastifyInstance, context: ServerContext): Promise<void> {
  const { runtime } = context;
  const { clock, config, metricStore } = runtime;

  // Prometheus answers a wrong selector in plain text here, not in JSON as under /api/v1.
  app.setErrorHandler((error, request, reply) => {
    const { status, message, headers } = problemOf(error);
    if (status >= 500 && status !== 503) {
      runtime.log.error({ err: error, requestId: request.id }, 'federation failed');
    }
    return sendText(reply.code(status).headers(headers), `${message}\n`, PLAIN);
  });

  app.get(
    '/federate',
    {
      config: { monitoring: false },
      schema: {
        tags: ['Exposition'],
        summary: 'The latest samples of chosen series, for other Prometheus servers',
        description:
          'Scrape it with honor_labels: true and one match[] per selector. Native histograms, which ' +
          'this format does not have, are left out and counted in the last line.',
        produces: ['text/plain'],
        querystring: Type.Object({
          'match[]': Type.Optional(
            Type.Array(Type.String(), { description: 'Series selectors, such as {job="node"}.' }),
          ),
        }),
        response: {
          200: { description: 'Prometheus text, each sample with its timestamp.', content: plain },
          '4xx': { description: 'What is wrong with a selector.', content: plain },
          503: { description: 'Too busy, or too slow.', content: plain },
        },
      },
      // The schema documents; what is wrong with a selector is told in the parser's own words.
      validatorCompiler: () => () => true,
    },
    async (request, reply) => {
      const selectors = distinctSelectors(
        parametersOf(request).getAll('match[]').map(parseSelector),
      );
      using slot = context.querySlots.take();
      if (slot === undefined) throw tooBusy();
      using limit = requestSignal(reply, clock, config.query.timeoutMs);
      const endUnixMs = clock.nowUnixMs();
      const found = new Map<string, Series>();
      for (const matchers of selectors) {
        for (const series of await select(matchers, endUnixMs, limit.signal)) {
          found.set(series.labels.key, series);
        }
      }
      const { samples, nativeHistograms } = latestOf(found.values());
      const text = writeFederation(samples, metricStore.metadata());
      const note =
        nativeHistograms === 0
          ? ''
          : `# ${nativeHistograms} native histograms left out: text 0.0.4 has none\n`;
      return sendText(reply, text + note, EXPOSITION);
    },
  );

  async function select(
    matchers: readonly LabelMatcher[],
    endUnixMs: number,
    signal: AbortSignal,
  ): Promise<readonly Series[]> {
    const query = { matchers, startUnixMs: endUnixMs - LOOKBACK_MS, endUnixMs };
    try {
      signal.throwIfAborted();
      return await metricStore.select(query, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  }
}

function latestOf(all: Iterable<Series>): {
  readonly samples: readonly FederatedSample[];
  readonly nativeHistograms: number;
} {
  const samples: FederatedSample[] = [];
  let nativeHistograms = 0;
  for (const { labels, timestamps, values, histograms } of all) {
    const last = timestamps.length - 1;
    const unixMs = timestamps[last];
    if (unixMs === undefined || isStale(values, last)) continue;
    if (histograms?.[last] !== undefined) nativeHistograms++;
    else samples.push({ labels, unixMs, value: values[last] ?? Number.NaN });
  }
  return { samples, nativeHistograms };
}

const PLAIN = 'text/plain; charset=utf-8';
const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8';

function sendText(reply: FastifyReply, text: string, contentType: string): FastifyReply {
  return reply.header('content-type', contentType).serializer(String).send(text);
}
