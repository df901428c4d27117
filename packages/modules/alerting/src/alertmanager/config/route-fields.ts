import {
  duration,
  type Field,
  flag,
  listOf,
  named,
  record,
  regexpMap,
  text,
  textMap,
  texts,
} from './fields.ts';

/** @see https://prometheus.io/docs/alerting/latest/configuration/#route */
export const routeFields: Field = record({
  receiver: text,
  group_by: texts,
  match: textMap,
  match_re: regexpMap,
  matchers: texts,
  ...named(texts, 'mute_time_intervals', 'active_time_intervals'),
  continue: flag,
  routes: listOf(() => routeFields),
  ...named(duration, 'group_wait', 'group_interval', 'repeat_interval'),
  labels: textMap,
});

/** @see https://prometheus.io/docs/alerting/latest/configuration/#inhibit_rule */
export const inhibitRuleFields: Field = record({
  name: text,
  ...named(textMap, 'source_match', 'target_match'),
  ...named(regexpMap, 'source_match_re', 'target_match_re'),
  ...named(texts, 'source_matchers', 'target_matchers', 'equal'),
});
