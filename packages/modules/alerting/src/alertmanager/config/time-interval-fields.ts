import { type Field, listOf, named, record, text, texts } from './fields.ts';

export const timeRangeFields: Field = record(named(text, 'start_time', 'end_time'));

/** @see https://prometheus.io/docs/alerting/latest/configuration/#time_interval-0 */
export const timeIntervalFields: Field = record({
  times: listOf(() => timeRangeFields),
  ...named(texts, 'weekdays', 'days_of_month', 'months', 'years'),
  location: text,
});

export const namedTimeIntervalsFields: Field = record({
  name: text,
  time_intervals: listOf(() => timeIntervalFields),
});
