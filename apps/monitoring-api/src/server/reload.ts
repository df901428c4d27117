import { AlertmanagerConfigError, RuleFileError } from '@dwcp/alerting';
import { type ProblemDetail, ProblemSchema } from '@dwcp/api-schema';
import { ConfigError } from '@dwcp/core';
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
        summary: 'Take up a changed configuration: what is scraped, rules, routes and receivers',
        response: { 204: Type.Null(), '4xx': ProblemSchema, 500: ProblemSchema },
      },
    },
    async (_request, reply) => {
      try {
        await runtime.reload.run();
      } catch (error) {
        const errors = problemsOf(error);
        if (errors === undefined) throw error;
        const title = 'The configuration was not taken up';
        const detail = error instanceof Error ? error.message : String(error);
        throw new ProblemError(422, 'config-invalid', title, detail, { errors });
      }
      return reply.code(204).send();
    },
  );
}

/** What is wrong in the files; undefined when something else is. */
function problemsOf(error: unknown): readonly ProblemDetail[] | undefined {
  if (error instanceof ConfigError) {
    return error.problems.map(({ key, problem, fix }) => ({
      pointer: key,
      detail: `${problem}; ${fix}`,
    }));
  }
  if (error instanceof RuleFileError || error instanceof AlertmanagerConfigError) {
    return error.problems.map(({ path, line, column, problem, fix }) => ({
      pointer: `${path}:${line}:${column}`,
      detail: `${problem}; ${fix}`,
    }));
  }
  return undefined;
}
