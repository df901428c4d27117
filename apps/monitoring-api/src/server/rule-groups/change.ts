import {
  ChangedRuleGroupSchema,
  type ChangedRuleGroupView,
  DeleteRuleGroupBodySchema,
  PatchRuleGroupBodySchema,
  ProblemSchema,
  PutRuleGroupBodySchema,
  RuleGroupNameParametersSchema,
} from '@dwcp/api-schema';
import { InvalidInputError } from '@dwcp/core';
// Types only: at run time the provider would load a validator that is not used here.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Type } from 'typebox';

import { type ChangedRuleGroup } from '../../runtime/alerting/rule-groups/managed-rule-groups.ts';
import { type ServerContext } from '../context.ts';
import { orProblem } from './errors.ts';
import { rulesOf, versionOf } from './rules-body.ts';
import { managedDetail } from './views.ts';

const answers = { '4xx': ProblemSchema, 503: ProblemSchema };
const VERSION =
  'Another version in its place, 409, or 412 where it came as If-Match, says who changed it';

/** What changes rule groups. Each change is on disk and on record, and in effect, when it is answered. */
export function changeRoutes(instance: FastifyInstance, { runtime }: ServerContext): void {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();

  app.put(
    '/api/v1/rule-groups/:name',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Make a rule group, or put other rules in the place of those it has',
        description: `One that is there takes the version that was read. ${VERSION}`,
        params: RuleGroupNameParametersSchema,
        body: PutRuleGroupBodySchema,
        response: { 200: ChangedRuleGroupSchema, 201: ChangedRuleGroupSchema, ...answers },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { by, comment, enabled } = request.body;
      const { yaml, pointerOf } = rulesOf(request.body, name);
      const { version, ifMatch } = conditionOf(request, request.body.version);
      const { ruleGroups } = runtime.requireAlerting();
      const changed = await orProblem(
        () => ruleGroups.put({ name, yaml, by, comment, enabled, version }),
        { ifMatch, pointerOf },
      );
      void reply.code(changed.action === 'create' ? 201 : 200);
      return answerOf(reply, changed);
    },
  );

  app.patch(
    '/api/v1/rule-groups/:name',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Switch a rule group, or rules of it, on or off',
        description: `Alerts of rules that are switched off are over. ${VERSION}`,
        params: RuleGroupNameParametersSchema,
        body: PatchRuleGroupBodySchema,
        response: { 200: ChangedRuleGroupSchema, ...answers },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { by, comment, enabled, rule, labels } = request.body;
      if (labels !== undefined && rule === undefined) {
        throw new InvalidInputError('labels', 'go with rule, the name of the rules that are meant');
      }
      const { version, ifMatch } = conditionOf(request, request.body.version);
      const { ruleGroups } = runtime.requireAlerting();
      const changed = await orProblem(
        () => ruleGroups.switch({ name, by, comment, enabled, rule, labels, version }),
        { ifMatch },
      );
      return answerOf(reply, changed);
    },
  );

  app.delete(
    '/api/v1/rule-groups/:name',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Delete a rule group; its history stays, with what was in it',
        description: `Its alerts are over. ${VERSION}`,
        params: RuleGroupNameParametersSchema,
        body: DeleteRuleGroupBodySchema,
        response: { 204: Type.Null(), ...answers },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { by, comment } = request.body;
      const { version, ifMatch } = conditionOf(request, request.body.version);
      const { ruleGroups } = runtime.requireAlerting();
      await orProblem(() => ruleGroups.delete({ name, by, comment, version }), { ifMatch });
      return await reply.code(204).send(null);
    },
  );
}

/** The version that a change was decided on: of the header or of the body. */
function conditionOf(
  { headers }: Pick<FastifyRequest, 'headers'>,
  inBody: number | undefined,
): { readonly version: number | undefined; readonly ifMatch: boolean } {
  const inHeader = versionOf(headers['if-match']);
  if (inHeader !== undefined && inBody !== undefined && inHeader !== inBody) {
    const problem = `is ${inBody}, and If-Match says ${inHeader}; give one of them`;
    throw new InvalidInputError('version', problem);
  }
  return { version: inHeader ?? inBody, ifMatch: inHeader !== undefined };
}

function answerOf(
  reply: FastifyReply,
  { group, action, diff }: ChangedRuleGroup,
): ChangedRuleGroupView {
  void reply.header('etag', `"${group.version}"`);
  return { group: managedDetail(group), changed: action !== undefined, diff };
}
