import { type TimeInterval } from '../time-interval.ts';
import { AlertmanagerConfigError } from './errors.ts';
import { listOf } from './fields.ts';
import { ConfigReader } from './reader.ts';
import { ConfigRecord } from './record.ts';
import { timeIntervalFields } from './time-interval-fields.ts';
import { readTimeInterval } from './time-intervals.ts';

/**
 * Reads a list of time intervals that stands alone, as under `time_intervals` of a configuration.
 * @throws AlertmanagerConfigError with every problem at once
 */
export function parseTimeIntervals(text: string, path: string): readonly TimeInterval[] {
  const reader = new ConfigReader(text, path);
  const found = reader.whole(listOf(() => timeIntervalFields));
  const intervals = (Array.isArray(found) ? found : []).flatMap((item) =>
    item instanceof ConfigRecord ? [readTimeInterval(reader, item)] : [],
  );
  if (reader.problems.length > 0) throw new AlertmanagerConfigError(reader.problems);
  return intervals;
}
