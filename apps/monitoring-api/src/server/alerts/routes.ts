import { type FastifyInstance } from 'fastify';

import { alertExplainRoutes } from '../alert-explain.ts';
import { type ServerContext } from '../context.ts';
import { acknowledgeRoutes } from './acknowledge.ts';
import { byHandRoutes } from './by-hand.ts';
import { incidentRoutes } from './incidents.ts';
import { levelRoutes } from './level.ts';
import { receiverTestRoutes } from './receiver-test.ts';

/** Our own endpoints about alerts, beside those of Prometheus and Alertmanager. */
export function alertRoutes(app: FastifyInstance, context: ServerContext): void {
  const { runtime } = context;
  incidentRoutes(app, context);
  acknowledgeRoutes(app, context);
  byHandRoutes(app, context);
  levelRoutes(app, context);
  receiverTestRoutes(app, context);
  alertExplainRoutes(app, {
    clock: runtime.clock,
    explain: async (question) => await runtime.requireAlerting().explain(question),
    decisions: () => runtime.requireAlerting().decisions,
  });
}
