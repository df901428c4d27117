import { createHash } from 'node:crypto';

import { type AlertingRuleResponse, type RecordingRuleResponse } from '@dwcp/alerting';
import { AlertsResponseSchema, RulesParametersSchema, RulesResponseSchema } from '@dwcp/api-schema';
import { compileMatchers, Labels } from '@dwcp/core';

import { type ServerContext } from '../context.ts';
import { badParameter, integerOf, parametersOf, parseFlag, selectorsOf } from './parameters.ts';
import { type AddRoute, success } from './route.ts';

type Rule = AlertingRuleResponse | RecordingRuleResponse;

/** Rules and the alerts they made. */
export function registerRuleRoutes(add: AddRoute, { runtime }: ServerContext): void {
  add(
    ['GET'],
    '/api/v1/rules',
    'Rule groups, with the state of each rule',
    { querystring: RulesParametersSchema, answer: RulesResponseSchema },
    (request, reply) => {
      const parameters = parametersOf(request);
      const isWanted = ruleFilter(parameters);
      const [isWantedGroup, isWantedFile] = [
        oneOf(parameters, 'rule_group[]'),
        oneOf(parameters, 'file[]'),
      ];
      const excludeAlerts = excludeAlertsOf(parameters);
      const { groupLimit, nextToken } = pageOf(parameters);

      const all = runtime.rules?.groups() ?? [];
      const start =
        nextToken === '' ? 0 : all.findIndex(({ file, name }) => tokenOf(file, name) === nextToken);
      if (start === -1) {
        throw badParameter(
          'group_next_token',
          `invalid group_next_token '${nextToken}'. were rule groups changed?`,
        );
      }
      const groups = all
        .slice(start)
        .filter(({ name, file }) => isWantedGroup(name) && isWantedFile(file))
        .map((group) => ({
          ...group,
          rules: group.rules
            .filter(isWanted)
            .map((rule) =>
              excludeAlerts && rule.type === 'alerting' ? { ...rule, alerts: null } : rule,
            ),
        }))
        .filter(({ rules }) => rules.length > 0);
      const next = groupLimit === undefined ? undefined : groups[groupLimit];
      return reply.send(
        success({
          groups: groups.slice(0, groupLimit),
          ...(next === undefined ? {} : { groupNextToken: tokenOf(next.file, next.name) }),
        }),
      );
    },
  );

  add(
    ['GET'],
    '/api/v1/alerts',
    'Pending and firing alerts',
    { answer: AlertsResponseSchema },
    (_request, reply) => reply.send(success(runtime.rules?.alertsResponse() ?? { alerts: [] })),
  );
}

function ruleFilter(parameters: URLSearchParams): (rule: Rule) => boolean {
  // Labels as the rule has them, before templates are filled in.
  const tests = selectorsOf(parameters).map(compileMatchers);
  const type = (parameters.get('type') ?? '').toLowerCase();
  if (type !== '' && type !== 'alert' && type !== 'record') {
    throw badParameter('type', `not supported value ${JSON.stringify(type)}`);
  }
  const isWantedName = oneOf(parameters, 'rule_name[]');
  return (rule) => {
    if (!isWantedName(rule.name)) return false;
    if (type !== '' && (rule.type === 'alerting') !== (type === 'alert')) return false;
    if (tests.length === 0) return true;
    const labels = Labels.from(rule.labels);
    return tests.some((test) => test(labels));
  };
}

function oneOf(parameters: URLSearchParams, name: string): (value: string) => boolean {
  const values = new Set(parameters.getAll(name));
  return values.size === 0 ? () => true : (value) => values.has(value);
}

function excludeAlertsOf(parameters: URLSearchParams): boolean {
  const text = (parameters.get('exclude_alerts') ?? '').toLowerCase();
  if (text === '') return false;
  const flag = parseFlag(text);
  if (flag !== undefined) return flag;
  throw badParameter(
    'exclude_alerts',
    `error converting exclude_alerts: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

function pageOf(parameters: URLSearchParams): {
  readonly groupLimit: number | undefined;
  readonly nextToken: string;
} {
  const nextToken = parameters.get('group_next_token') ?? '';
  const text = parameters.get('group_limit') ?? '';
  if (text === '') {
    if (nextToken === '') return { groupLimit: undefined, nextToken };
    throw badParameter(
      'group_next_token',
      'group_limit needs to be present in order to paginate over the groups',
    );
  }
  const groupLimit = integerOf(text, 'strconv.ParseInt');
  if (typeof groupLimit === 'string') {
    throw badParameter('group_limit', `group_limit needs to be a valid number: ${groupLimit}`);
  }
  if (groupLimit <= 0) throw badParameter('group_limit', 'group_limit needs to be greater than 0');
  return { groupLimit, nextToken };
}

/** Names a group, as Prometheus does it. */
function tokenOf(file: string, name: string): string {
  return createHash('sha1').update(`${file};${name}`).digest('hex');
}
