import { type FastifyInstance } from 'fastify';

import { type ServerContext } from '../context.ts';
import { changeRoutes } from './change.ts';
import { readRoutes } from './read.ts';

/** Rule groups: those of the configuration's files, and those that people keep here. */
export function ruleGroupRoutes(app: FastifyInstance, context: ServerContext): void {
  readRoutes(app, context);
  changeRoutes(app, context);
}
