import { setImmediate as nextTurn } from 'node:timers/promises';

import { ExemplarsParametersSchema, ExemplarsResponseSchema } from '@dwcp/api-schema';
import { type ExemplarSeries, type LabelMatcher, QueryError } from '@dwcp/core';
import { type Expression, parseExpression } from '@dwcp/promql';

import { type ServerContext } from '../context.ts';
import { MAX_UNIX_MS, MIN_UNIX_MS } from '../time-parameter.ts';
import { inSlot } from './evaluate.ts';
import { formatTimestamp, formatValue } from './numbers.ts';
import { distinctSelectors, parametersOf, timeOf } from './parameters.ts';
import { type AddRoute, GET_AND_POST } from './route.ts';
import { sendPieces } from './send-pieces.ts';

/** Exemplars of the series that an expression selects. */
export function registerExemplarRoutes(add: AddRoute, context: ServerContext): void {
  const { metricStore, config } = context.runtime;

  add(
    GET_AND_POST,
    '/api/v1/query_exemplars',
    'Exemplars of the series that an expression selects',
    { querystring: ExemplarsParametersSchema, answer: ExemplarsResponseSchema },
    async (request, reply) => {
      const parameters = parametersOf(request);
      const startUnixMs = timeOf(parameters, 'start', MIN_UNIX_MS);
      const endUnixMs = timeOf(parameters, 'end', MAX_UNIX_MS);
      if (endUnixMs < startUnixMs) {
        throw new QueryError('bad_data', 'end timestamp must not be before start timestamp');
      }
      const expression = parseExpression(parameters.get('query') ?? '');
      const selectors = distinctSelectors(selectorsIn(expression));
      // As Prometheus answers an expression that selects nothing.
      if (selectors.length === 0) return reply.code(204).send();
      const found = new Map<string, ExemplarSeries>();
      await inSlot(context, reply, config.query.timeoutMs, async (signal) => {
        for (const matchers of selectors) {
          const query = { matchers, startUnixMs, endUnixMs };
          for (const series of await metricStore.exemplars(query, { signal })) {
            found.set(series.labels.key, series);
          }
          await nextTurn();
        }
      });
      const all = [...found.values()].sort((a, b) => a.labels.compare(b.labels));
      return sendPieces(reply, encode(all));
    },
  );
}

function* encode(all: readonly ExemplarSeries[]): Generator<string, void> {
  yield '{"status":"success","data":[';
  for (const [i, { labels, exemplars }] of all.entries()) {
    const points = exemplars.map(
      (exemplar) =>
        `{"labels":${JSON.stringify(exemplar.labels.toObject())},` +
        `"value":"${formatValue(exemplar.value)}",` +
        `"timestamp":${formatTimestamp(exemplar.unixMs ?? 0)}}`,
    );
    const seriesLabels = JSON.stringify(labels.toObject());
    yield `${i === 0 ? '' : ','}{"seriesLabels":${seriesLabels},"exemplars":[${points.join(',')}]}`;
  }
  yield ']}';
}

/** The matchers of every selector in an expression. */
function* selectorsIn(node: Expression): Generator<readonly LabelMatcher[]> {
  switch (node.kind) {
    case 'vector-selector':
      yield node.matchers;
      break;
    case 'matrix-selector':
      yield node.selector.matchers;
      break;
    case 'call':
      for (const argument of node.args) yield* selectorsIn(argument);
      break;
    case 'aggregate':
      if (node.parameter !== undefined) yield* selectorsIn(node.parameter);
      yield* selectorsIn(node.of);
      break;
    case 'binary':
      yield* selectorsIn(node.left);
      yield* selectorsIn(node.right);
      break;
    case 'paren':
    case 'unary':
    case 'subquery':
      yield* selectorsIn(node.of);
      break;
    case 'number':
    case 'string':
  }
}
