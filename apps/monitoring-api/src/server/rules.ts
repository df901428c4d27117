import { AlertsResponseSchema, RulesParametersSchema, RulesResponseSchema } from '@dwcp/api-schema';
import { QueryError } from '@dwcp/core';

import { type ServerContext } from './context.ts';
import { type AddRoute } from './prometheus-api.ts';
import { badParameter, parametersOf } from './prometheus-parameters.ts';

/** Rules and the alerts they made. */
export function registerRuleRoutes(add: AddRoute, { runtime }: ServerContext): void {
  add(
    ['GET'],
    '/api/v1/rules',
    'Rule groups, with the state of each rule',
    { querystring: RulesParametersSchema, answer: RulesResponseSchema },
    (request) => {
      const parameters = parametersOf(request);
      const type = (parameters.get('type') ?? '').toLowerCase();
      if (type !== '' && type !== 'alert' && type !== 'record') {
        throw badParameter('type', `not supported value ${JSON.stringify(type)}`);
      }
      const excludeAlerts = flagOf(parameters, 'exclude_alerts');
      const wanted = (name: string): ((value: string) => boolean) => {
        const values = new Set(parameters.getAll(name));
        return values.size === 0 ? () => true : (value) => values.has(value);
      };
      const [wantedRule, wantedGroup, wantedFile] = [
        wanted('rule_name[]'),
        wanted('rule_group[]'),
        wanted('file[]'),
      ];
      const filtered = type !== '' || parameters.has('rule_name[]');
      const groups = (runtime.rules?.groups() ?? [])
        .filter(({ name, file }) => wantedGroup(name) && wantedFile(file))
        .map((group) => ({
          ...group,
          rules: group.rules
            .filter((rule) => wantedRule(rule.name))
            .filter((rule) => type === '' || (rule.type === 'alerting') === (type === 'alert'))
            .map((rule) =>
              excludeAlerts && rule.type === 'alerting' ? { ...rule, alerts: [] } : rule,
            ),
        }))
        .filter(({ rules }) => !filtered || rules.length > 0);
      return { status: 'success', data: { groups } };
    },
  );

  add(
    ['GET'],
    '/api/v1/alerts',
    'Pending and firing alerts',
    { answer: AlertsResponseSchema },
    () => ({ status: 'success', data: runtime.rules?.alertsResponse() ?? { alerts: [] } }),
  );
}

/** As Go's `ParseBool`. */
function flagOf(parameters: URLSearchParams, name: string): boolean {
  const text = parameters.get(name) ?? '';
  if (['', '0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  throw new QueryError('bad_data', `invalid parameter ${JSON.stringify(name)}: invalid syntax`);
}
