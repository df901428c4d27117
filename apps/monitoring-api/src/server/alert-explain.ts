import { type AlertExplanation, type ExplainQuestion, readAlertName } from '@dwcp/alerting';
import {
  AlertExplainParametersSchema,
  type AlertExplanationView,
  AlertExplanationSchema,
  DecisionPageSchema,
  DecisionsParametersSchema,
  ProblemSchema,
} from '@dwcp/api-schema';
import { type Clock, type DecisionStore, InvalidInputError } from '@dwcp/core';
// Types only: at run time the provider would load a validator that is not used here.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyInstance } from 'fastify';

import { withMoments } from './moments.ts';
import { parseTime } from './time-parameter.ts';

/** What the routes ask; the alerting runtime joins it to its parts. */
export interface AlertExplainer {
  readonly clock: Pick<Clock, 'nowUnixMs'>;
  /** Asked for at each request. @throws where alerting is off */
  readonly explain: (question: ExplainQuestion) => Promise<AlertExplanation>;
  readonly decisions: () => Pick<DecisionStore, 'search'>;
}

/** Why alerts fired or did not, and were sent or were not; and the record of what was decided. */
export function alertExplainRoutes(instance: FastifyInstance, explainer: AlertExplainer): void {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();
  const nowUnixMs = (): number => explainer.clock.nowUnixMs();

  app.get(
    '/api/v1/alerts/explain',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Why an alert fired or did not at a moment, and was sent or was not',
        querystring: AlertExplainParametersSchema,
        response: { 200: AlertExplanationSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request): Promise<AlertExplanationView> => {
      const { alert, at } = request.query;
      const atUnixMs = timeOf('at', at, nowUnixMs());
      if (atUnixMs > nowUnixMs()) {
        throw new InvalidInputError('at', `${JSON.stringify(at)} is in the future`);
      }
      const explanation = await explainer.explain({ ...readAlertName(alert), atUnixMs });
      return withMoments(explanation) as AlertExplanationView;
    },
  );

  app.get(
    '/api/v1/alerts/decisions',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'What was decided about alerts, newest first',
        querystring: DecisionsParametersSchema,
        response: { 200: DecisionPageSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request) => {
      const { alert, kind, start, end, limit = 100, cursor } = request.query;
      const named = alert === undefined ? {} : readAlertName(alert);
      const { fingerprint, alertName, labels } = named;
      const { records, nextCursor } = await explainer.decisions().search({
        startUnixMs: timeOf('start', start, 0),
        endUnixMs: timeOf('end', end, nowUnixMs() + 3_600_000),
        limit,
        ...(fingerprint === undefined ? {} : { subjects: [fingerprint] }),
        ...(alertName === undefined ? {} : { alertName }),
        ...(labels === undefined ? {} : { labels }),
        ...(kind === undefined ? {} : { kinds: kind }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      const items = withMoments(records) as AlertExplanationView['timeline'];
      return { items, nextCursor: nextCursor ?? null };
    },
  );
}

function timeOf(name: string, text: string | undefined, byDefault: number): number {
  if (text === undefined) return byDefault;
  const unixMs = parseTime(text);
  if (unixMs !== undefined) return unixMs;
  throw new InvalidInputError(
    name,
    `must be RFC 3339 or Unix seconds, got ${JSON.stringify(text.slice(0, 100))}`,
  );
}
