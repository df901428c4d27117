import { ProblemSchema } from '@dwcp/api-schema';
import { ConfigError, InvalidInputError } from '@dwcp/core';
import { type FastifyInstance } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from './context.ts';
import { ProblemError } from './problem.ts';

/** Reads the configuration again, as SIGHUP does. A bad one is refused and the old one goes on. */
export function reloadRoute(app: FastifyInstance, { runtime }: ServerContext): void {
  app.post(
    '/-/reload',
    {
      schema: {
        tags: ['Health'],
        summary: 'Take up a changed configuration: what is scraped',
        response: { 204: Type.Null(), '4xx': ProblemSchema, 500: ProblemSchema },
      },
    },
    async (_request, reply) => {
      try {
        await runtime.reload.run();
      } catch (error) {
        if (error instanceof InvalidInputError) throw error;
        if (!(error instanceof ConfigError)) throw error;
        throw new ProblemError(
          422,
          'config-invalid',
          'The configuration was not taken up',
          error.message,
          {
            errors: error.problems.map(({ key, problem, fix }) => ({
              pointer: key,
              detail: `${problem}; ${fix}`,
            })),
          },
        );
      }
      return reply.code(204).send();
    },
  );
}
