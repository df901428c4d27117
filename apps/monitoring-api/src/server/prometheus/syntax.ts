import {
  ExpressionParametersSchema,
  FormatQueryResponseSchema,
  ParseQueryResponseSchema,
} from '@dwcp/api-schema';
import { type Expression, parseExpression, prettyExpression } from '@dwcp/promql';
import { type FastifyRequest } from 'fastify';

import { expressionTree } from './expression-tree.ts';
import { naming, parametersOf } from './parameters.ts';
import { type AddRoute, GET_AND_POST, success } from './route.ts';

/** What editors ask about an expression without evaluating it. */
export function registerSyntaxRoutes(add: AddRoute): void {
  add(
    GET_AND_POST,
    '/api/v1/format_query',
    'Write an expression in its usual form, long ones over several lines',
    { querystring: ExpressionParametersSchema, answer: FormatQueryResponseSchema },
    (request, reply) => reply.send(success(prettyExpression(expressionOf(request)))),
  );

  add(
    GET_AND_POST,
    '/api/v1/parse_query',
    'Take an expression apart',
    { querystring: ExpressionParametersSchema, answer: ParseQueryResponseSchema },
    (request, reply) => reply.send(success(expressionTree(expressionOf(request)))),
  );
}

function expressionOf(request: FastifyRequest): Expression {
  return naming('query', () => parseExpression(parametersOf(request).get('query') ?? ''));
}
