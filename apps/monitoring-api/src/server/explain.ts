import {
  type Explain,
  ExplainParametersSchema,
  ExplainSchema,
  ProblemSchema,
} from '@dwcp/api-schema';
import { type QueryResult, type QueryStats } from '@dwcp/core';
import { parseExpression, printExpression } from '@dwcp/promql';
import { type FastifyInstance } from 'fastify';

import { type ServerContext } from './context.ts';
import { acceptForms } from './prometheus/api.ts';
import { evaluate, rangeOf } from './prometheus/evaluate.ts';
import { naming, parametersOf, timeOf } from './prometheus/parameters.ts';

/**
 * What evaluating an expression costs, part by part. It takes what query and query_range take, and
 * evaluates as they do; the answer has the cost in place of the result.
 */
export async function explainRoute(app: FastifyInstance, context: ServerContext): Promise<void> {
  const { clock } = context.runtime;
  acceptForms(app);

  app.route({
    method: ['GET', 'POST'],
    url: '/api/v1/explain',
    schema: {
      tags: ['Explain'],
      summary: 'What evaluating an expression costs, part by part',
      querystring: ExplainParametersSchema,
      response: { 200: ExplainSchema, '4xx': ProblemSchema, 503: ProblemSchema },
    },
    // As with the endpoints it explains, wrong parameters are told in Prometheus' words.
    validatorCompiler: () => () => true,
    handler: async (request, reply): Promise<Explain> => {
      const parameters = parametersOf(request);
      const expression = parameters.get('query') ?? '';
      const isRange = ['start', 'end', 'step'].some((name) => parameters.has(name));
      const at = isRange
        ? rangeOf(parameters)
        : { unixMs: timeOf(parameters, 'time', clock.nowUnixMs()) };
      const printed = naming('query', () => printExpression(parseExpression(expression)));
      const options = { stats: true, noCache: parameters.get('noCache') === 'true' };
      const result = await evaluate(context, reply, parameters, { expression, at, options });
      return {
        query: expression,
        printed,
        kind: isRange ? 'range' : 'instant',
        result: sizeOf(result),
        stats: result.stats === undefined ? null : viewOf(result.stats),
        warnings: [...result.warnings],
        infos: [...result.infos],
      };
    },
  });
}

function sizeOf({ value }: QueryResult): Explain['result'] {
  switch (value.kind) {
    case 'vector': {
      const count = value.samples.length;
      return { type: 'vector', seriesCount: count, sampleCount: count };
    }
    case 'matrix': {
      const sampleCount = value.series.reduce((sum, { timestamps }) => sum + timestamps.length, 0);
      return { type: 'matrix', seriesCount: value.series.length, sampleCount };
    }
    case 'scalar':
    case 'string':
      return { type: value.kind, seriesCount: 1, sampleCount: 1 };
  }
}

function viewOf({ root, ...stats }: QueryStats): Explain['stats'] {
  return { ...stats, root: root ?? null };
}
