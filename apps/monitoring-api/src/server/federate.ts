import { isStale, type LabelMatcher, type Series } from '@dwcp/core';
import { TimedTurns } from '@dwcp/metric-store';
import { parseSelector } from '@dwcp/promql';
import { type FastifyInstance, type FastifyReply } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from './context.ts';
import { type FederatedSample, federationPieces } from './federation-text.ts';
import { problemOf } from './problem.ts';
import { tooBusy } from './prometheus/errors.ts';
import { distinctSelectors, parametersOf } from './prometheus/parameters.ts';
import { requestSignal } from './request-signal.ts';

/** How old the latest sample of a series may be: what an instant query looks back by default. */
const LOOKBACK_MS = 5 * 60_000;
/** How long the text may hold the event loop at a stretch. */
const STRETCH_MS = 10;

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
      const latest = new Latest(selectors.length > 1);
      for (const matchers of selectors) await scan(matchers, endUnixMs, latest, limit.signal);
      const turns = new TimedTurns(STRETCH_MS, limit.signal);
      const parts: Buffer[] = [];
      for (const piece of federationPieces(latest.samples, metricStore.metadata())) {
        if (piece !== '') parts.push(Buffer.from(piece));
        if (turns.isDue) await turns.take();
      }
      const { nativeHistograms } = latest;
      if (nativeHistograms > 0) {
        parts.push(
          Buffer.from(`# ${nativeHistograms} native histograms left out: text 0.0.4 has none\n`),
        );
      }
      return reply.header('content-type', EXPOSITION).send(Buffer.concat(parts));
    },
  );

  async function scan(
    matchers: readonly LabelMatcher[],
    endUnixMs: number,
    latest: Latest,
    signal: AbortSignal,
  ): Promise<void> {
    const query = { matchers, startUnixMs: endUnixMs - LOOKBACK_MS, endUnixMs };
    try {
      signal.throwIfAborted();
      await metricStore.scan(query, (series) => latest.add(series), { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  }
}

/** The newest sample of each series, of however many selectors it is. */
class Latest {
  nativeHistograms = 0;
  readonly #samples: FederatedSample[] = [];
  /** Keys of series, where one may come again. */
  readonly #seen: Set<string> | undefined;

  constructor(mayRepeat: boolean) {
    this.#seen = mayRepeat ? new Set() : undefined;
  }

  get samples(): readonly FederatedSample[] {
    return this.#samples;
  }

  add({ labels, timestamps, values, histograms }: Series): void {
    const last = timestamps.length - 1;
    const unixMs = timestamps[last];
    if (unixMs === undefined || isStale(values, last) || this.#seen?.has(labels.key) === true)
      return;
    this.#seen?.add(labels.key);
    if (histograms?.[last] !== undefined) this.nativeHistograms++;
    else this.#samples.push({ labels, unixMs, value: values[last] ?? Number.NaN });
  }
}

const PLAIN = 'text/plain; charset=utf-8';
const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8';

function sendText(reply: FastifyReply, text: string, contentType: string): FastifyReply {
  return reply.header('content-type', contentType).serializer(String).send(text);
}
