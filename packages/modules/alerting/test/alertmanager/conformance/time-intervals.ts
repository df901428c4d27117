import {
  containsTime,
  type InclusiveRange,
  parseTimeIntervals,
  type TimeInterval,
  type TimeRange,
} from '@dwcp/alerting';

import { attempt, type CaseOutcome, compare, type FileOutcome } from './outcome.ts';

interface YamlCase {
  readonly yaml: string;
  readonly contains?: readonly string[];
  readonly excludes?: readonly string[];
  readonly error?: string;
}

/** Ranges as the transcription has them: `[[{Begin, End}]]`. */
type GoRanges = readonly (readonly { readonly Begin: number; readonly End: number }[])[];

interface GoInterval {
  readonly Times?: readonly { readonly StartMinute: number; readonly EndMinute: number }[];
  readonly Weekdays?: GoRanges;
  readonly DaysOfMonth?: GoRanges;
  readonly Months?: GoRanges;
  readonly Years?: GoRanges;
  readonly Location?: readonly { readonly a: readonly string[] }[];
}

export interface TimeIntervalFile {
  readonly yaml?: readonly YamlCase[];
  readonly complete?: readonly YamlCase[];
  readonly time_ranges?: readonly {
    readonly yaml: string;
    readonly start_minute?: number;
    readonly end_minute?: number;
    readonly error: boolean;
  }[];
  readonly intervals?: readonly {
    readonly interval: GoInterval;
    readonly contains: readonly string[];
    readonly excludes: readonly string[];
  }[];
}

export function runTimeIntervals(file: TimeIntervalFile): FileOutcome {
  const { yaml = [], complete = [], time_ranges: ranges = [], intervals = [] } = file;
  const cases = [
    ...yaml.flatMap((found) => runYaml(found, found.yaml)),
    // These are one interval where the others are a list.
    ...complete.flatMap((found) => runYaml(found, asList(found.yaml))),
    ...ranges.map((found) => {
      const read = attempt(() => parseTimeIntervals(`- times: [${found.yaml}]`, 'times.yml'));
      const { start_minute: startMinute, end_minute: endMinute } = found;
      return compare(
        found.yaml,
        found.error ? 'refused' : { startMinute, endMinute },
        'error' in read ? 'refused' : read.value[0]?.times?.[0],
      );
    }),
    ...intervals.flatMap(({ interval, contains, excludes }) =>
      moments(JSON.stringify(interval), [fromGo(interval)], { contains, excludes }),
    ),
  ];
  return { cases, leftOut: [] };
}

function runYaml(found: YamlCase, yaml: string): readonly CaseOutcome[] {
  const read = attempt(() => parseTimeIntervals(yaml, 'intervals.yml'));
  const name = yaml.trim().replaceAll('\n', ' ');
  if (found.error !== undefined) {
    return [compare(name, 'refused', 'error' in read ? 'refused' : read.value)];
  }
  if ('error' in read) return [compare(name, 'accepted', read.error.message)];
  return [compare(name, 'accepted', 'accepted'), ...moments(name, read.value, found)];
}

function moments(
  name: string,
  intervals: readonly TimeInterval[],
  wanted: Pick<YamlCase, 'contains' | 'excludes'>,
): readonly CaseOutcome[] {
  const check = (moment: string, expected: boolean): CaseOutcome => {
    const unixMs = Date.parse(moment.replace(/^(\d+ \w+) (\d\d) /, '$1 20$2 '));
    const got = intervals.some((interval) => containsTime(interval, unixMs));
    return compare(`${name} at ${moment}`, expected, got);
  };
  return [
    ...(wanted.contains ?? []).map((moment) => check(moment, true)),
    ...(wanted.excludes ?? []).map((moment) => check(moment, false)),
  ];
}

function asList(yaml: string): string {
  const lines = yaml.split('\n').filter((line) => line !== '' && line !== '---');
  return lines.map((line, index) => `${index === 0 ? '- ' : '  '}${line}`).join('\n');
}

function fromGo(interval: GoInterval): TimeInterval {
  const ranges = (found: GoRanges | undefined): readonly InclusiveRange[] | undefined =>
    found?.flat().map(({ Begin, End }) => ({ begin: Begin, end: End }));
  const times = interval.Times?.map(({ StartMinute, EndMinute }): TimeRange => ({
    startMinute: StartMinute,
    endMinute: EndMinute,
  }));
  const found = {
    times,
    weekdays: ranges(interval.Weekdays),
    daysOfMonth: ranges(interval.DaysOfMonth),
    months: ranges(interval.Months),
    years: ranges(interval.Years),
    location: interval.Location?.[0]?.a[0],
  };
  return Object.fromEntries(
    Object.entries(found).filter(([, value]) => value !== undefined),
  ) as TimeInterval;
}
