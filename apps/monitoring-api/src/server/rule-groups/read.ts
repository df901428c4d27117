import { type RuleGroup } from '@dwcp/alerting';
import {
  CheckRuleGroupBodySchema,
  ProblemSchema,
  RuleGroupCheckSchema,
  RuleGroupDetailSchema,
  type RuleGroupDetailView,
  RuleGroupHistoryParametersSchema,
  RuleGroupHistorySchema,
  type RuleGroupHistoryView,
  RuleGroupNameParametersSchema,
  RuleGroupsSchema,
  type RuleGroupsView,
} from '@dwcp/api-schema';
import { InvalidInputError } from '@dwcp/core';
// Types only: at run time the provider would load a validator that is not used here.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyInstance } from 'fastify';

import { noSuchGroup } from '../../runtime/alerting/rule-groups/refusals.ts';
import { type RuleGroupChange } from '../../runtime/alerting/rule-groups/rule-group-history.ts';
import { type ServerContext } from '../context.ts';
import { inSlot } from '../prometheus/evaluate.ts';
import { checkRuleGroup } from './check.ts';
import { orProblem } from './errors.ts';
import { rulesOf } from './rules-body.ts';
import {
  changeView,
  configuredDetail,
  configuredSummary,
  managedDetail,
  managedSummary,
} from './views.ts';

/** A dry run takes no longer, however many rules there are. */
const CHECK_MS = 10_000;
/** A check goes on for a moment after its time, to say what there was no time for. */
const GRACE_MS = 5_000;

/** What looks at rule groups. */
export function readRoutes(instance: FastifyInstance, context: ServerContext): void {
  const { runtime } = context;
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();
  const configured = (): readonly RuleGroup[] => runtime.requireAlerting().files.groups;

  app.get(
    '/api/v1/rule-groups',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Rule groups: those of the configuration, and those that are kept here',
        response: { 200: RuleGroupsSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    (): RuleGroupsView => {
      const { ruleGroups } = runtime.requireAlerting();
      const items = [
        ...ruleGroups.list().map(managedSummary),
        ...configured().map(configuredSummary),
      ];
      return {
        items: items.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
      };
    },
  );

  app.get(
    '/api/v1/rule-groups/:name',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'A rule group with its rules; the header ETag has its version',
        params: RuleGroupNameParametersSchema,
        response: { 200: RuleGroupDetailSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request, reply): Promise<RuleGroupDetailView> => {
      const { name } = request.params;
      const managed = runtime.requireAlerting().ruleGroups.find(name);
      if (managed !== undefined) {
        void reply.header('etag', `"${managed.version}"`);
        return managedDetail(managed);
      }
      return await orProblem(async () => {
        const group = configured().find((one) => one.name === name);
        if (group === undefined) throw noSuchGroup(name);
        return configuredDetail(group);
      });
    },
  );

  app.get(
    '/api/v1/rule-groups/:name/history',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Who changed a rule group, when and how; also of one that was deleted',
        description: 'The last 2,000 changes of all groups are kept',
        params: RuleGroupNameParametersSchema,
        querystring: RuleGroupHistoryParametersSchema,
        response: { 200: RuleGroupHistorySchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request): Promise<RuleGroupHistoryView> => {
      const { name } = request.params;
      const { limit = 100, cursor } = request.query;
      const { ruleGroups } = runtime.requireAlerting();
      return await orProblem(async () => {
        const all = ruleGroups.history(name);
        const isKnown = all.length > 0 || ruleGroups.find(name) !== undefined;
        if (!isKnown && !configured().some((group) => group.name === name)) {
          throw noSuchGroup(name);
        }
        return pageOf(all, limit, cursor);
      });
    },
  );

  app.post(
    '/api/v1/rule-groups/check',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'What saving rules would do; changes nothing',
        description:
          'Problems of the text, the difference to the group as it is, and how many series each expression gives now. A rule that reads what another rule of the group records finds it once they are saved',
        body: CheckRuleGroupBodySchema,
        response: { 200: RuleGroupCheckSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request, reply) => {
      const { name } = request.body;
      const rules = rulesOf(request.body, name);
      const { ruleGroups } = runtime.requireAlerting();
      const { clock, query } = runtime;
      return await orProblem(() =>
        inSlot(context, reply, CHECK_MS + GRACE_MS, async (outer) => {
          const enough = new AbortController();
          using _timer = clock.schedule(CHECK_MS, () => enough.abort());
          const signal = AbortSignal.any([outer, enough.signal]);
          const unixMs = clock.nowUnixMs();
          return await checkRuleGroup({ ...rules, name }, { ruleGroups, query, unixMs, signal });
        }),
      );
    },
  );
}

function pageOf(
  all: readonly RuleGroupChange[],
  limit: number,
  cursor: string | undefined,
): RuleGroupHistoryView {
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) {
    throw new InvalidInputError('cursor', 'is not one that an answer gave');
  }
  const before = cursor === undefined ? Number.POSITIVE_INFINITY : Number(cursor);
  const rest = all.filter(({ sequence }) => sequence < before);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(changeView),
    nextCursor: last === undefined || rest.length <= limit ? null : String(last.sequence),
  };
}
