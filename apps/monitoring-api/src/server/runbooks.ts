import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type FastifyInstance } from 'fastify';
import { Type } from 'typebox';

import { ProblemError } from './problem.ts';

/** In a published package the pages are in `dist/runbooks`; in the workspace among the documents. */
const CANDIDATES = ['../runbooks/', '../../../../docs/runbooks/'];

function findRunbooks(): string | undefined {
  return CANDIDATES.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((dir) =>
    existsSync(join(dir, 'README.md')),
  );
}

/**
 * The runbooks of the shipped alerts, where their `runbook_url` points. Open as the console's files are:
 * they hold no data, and whoever was woken by an alert follows the link from a telephone.
 */
export function runbookRoutes(app: FastifyInstance): void {
  const dir = findRunbooks();
  app.get(
    '/runbooks/:alert',
    {
      config: { isConsole: true },
      schema: {
        tags: ['Health'],
        summary: 'What to do about a shipped alert',
        description: 'Markdown as plain text.',
        params: Type.Object({ alert: Type.String({ description: 'Its `alertname`.' }) }),
        response: { 200: Type.String() },
      },
    },
    async (request, reply) => {
      const { alert } = request.params as { alert: string };
      const text =
        dir !== undefined && /^[A-Za-z0-9]+$/.test(alert)
          ? await readFile(join(dir, `${alert}.md`), 'utf8').catch(missing)
          : undefined;
      if (text === undefined) {
        throw new ProblemError(
          404,
          'runbook-not-found',
          'Runbook not found',
          `there is no runbook for ${JSON.stringify(alert)}; the shipped alerts have one each`,
        );
      }
      return reply.type('text/plain; charset=utf-8').send(text);
    },
  );
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
