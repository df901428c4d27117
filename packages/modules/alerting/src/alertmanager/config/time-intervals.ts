import {
  assertTimeZone,
  type InclusiveRange,
  type TimeInterval,
  type TimeRange,
} from '../time-interval.ts';
import { type ConfigReader } from './reader.ts';
import { type ConfigRecord, type PlacedText } from './record.ts';

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

/** A problem with one range: what is wrong, and the fix. */
type RangeProblem = readonly [problem: string, fix: string];

interface RangeKind {
  readonly key: 'weekdays' | 'days_of_month' | 'months' | 'years';
  /** A member's number, undefined when the text is none. */
  readonly member: (text: string) => number | undefined;
  readonly what: string;
  readonly check: (range: InclusiveRange) => RangeProblem | undefined;
}

const KINDS = {
  weekdays: {
    key: 'weekdays',
    what: 'a weekday, such as monday',
    member: (text) => indexOf(WEEKDAYS, text),
    check: ascending,
  },
  daysOfMonth: {
    key: 'days_of_month',
    what: 'a day of the month, 1 to 31, or -31 to -1 from its end',
    member: (text) => {
      const day = wholeOf(text);
      return day === undefined || day === 0 || Math.abs(day) > 31 ? undefined : day;
    },
    check: daysAscending,
  },
  months: {
    key: 'months',
    what: 'a month, by name or 1 to 12',
    member: (text) => {
      const byName = indexOf(MONTHS, text);
      if (byName !== undefined) return byName + 1;
      const month = wholeOf(text);
      return month === undefined || month < 1 || month > 12 ? undefined : month;
    },
    check: ascending,
  },
  years: { key: 'years', what: 'a year', member: wholeOf, check: ascending },
} as const satisfies Record<string, RangeKind>;

export function readTimeInterval(reader: ConfigReader, found: ConfigRecord): TimeInterval {
  const ranges = (kind: RangeKind): readonly InclusiveRange[] | undefined => {
    const texts = found.texts(kind.key);
    return texts.length === 0
      ? undefined
      : texts.flatMap((text, index) => readRange(reader, text, { kind, found, index }));
  };
  const times = found.records('times').flatMap((time) => readTimeRange(reader, time));
  const weekdays = ranges(KINDS.weekdays);
  const daysOfMonth = ranges(KINDS.daysOfMonth);
  const months = ranges(KINDS.months);
  const years = ranges(KINDS.years);
  const location = found.text('location');
  if (location !== '') checkLocation(reader, found);
  return {
    ...(times.length === 0 ? {} : { times }),
    ...(weekdays === undefined ? {} : { weekdays }),
    ...(daysOfMonth === undefined ? {} : { daysOfMonth }),
    ...(months === undefined ? {} : { months }),
    ...(years === undefined ? {} : { years }),
    ...(location === '' ? {} : { location }),
  };
}

/** Minutes of the day, or nothing when the two times are no range. */
export function readTimeRange(reader: ConfigReader, found: ConfigRecord): readonly TimeRange[] {
  const minutes = ['start_time', 'end_time'].map((key) => {
    const text = found.text(key);
    if (/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/.test(text)) {
      return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
    }
    const problem = text === '' ? 'is missing' : 'is no time of day';
    const fix = 'write hours and minutes, 00:00 to 24:00';
    reader.problem(found.at(key), found.name(key), problem, fix, JSON.stringify(text));
    return undefined;
  });
  const [startMinute, endMinute] = minutes;
  if (startMinute === undefined || endMinute === undefined) return [];
  if (startMinute < endMinute) return [{ startMinute, endMinute }];
  const fix = 'let it end later; two ranges reach over midnight';
  const shown = JSON.stringify(found.text('end_time'));
  reader.problem(
    found.at('end_time'),
    found.name('end_time'),
    'is not after start_time',
    fix,
    shown,
  );
  return [];
}

function readRange(
  reader: ConfigReader,
  { value, place }: PlacedText,
  where: { readonly kind: RangeKind; readonly found: ConfigRecord; readonly index: number },
): readonly InclusiveRange[] {
  const { kind, found, index } = where;
  const complain = (problem: string, fix: string): readonly InclusiveRange[] => {
    reader.problem(place, `${found.name(kind.key)}[${index}]`, problem, fix, JSON.stringify(value));
    return [];
  };
  const parts = value.toLowerCase().split(':');
  if (parts.length > 2) return complain('is no range', 'write one member, or two with : between');
  const members = parts.map((part) => kind.member(part));
  const wrong = members.indexOf(undefined);
  if (wrong >= 0) return complain(`has ${JSON.stringify(parts[wrong])}`, `write ${kind.what}`);
  const begin = members[0] ?? 0;
  const range = { begin, end: members[1] ?? begin };
  const problem = kind.check(range);
  return problem === undefined ? [range] : complain(...problem);
}

function ascending({ begin, end }: InclusiveRange): RangeProblem | undefined {
  return begin <= end ? undefined : ['ends before it begins', 'swap its ends, or write two ranges'];
}

function daysAscending({ begin, end }: InclusiveRange): RangeProblem | undefined {
  if (begin < 0 && end > 0)
    return ['begins from the end of the month', 'let both ends be negative'];
  // In the shortest month: what is never a range there may be one in no month.
  const dayOf = (day: number): number => (day < 0 ? 28 + day : day);
  return ascending({ begin: dayOf(begin), end: dayOf(end) });
}

function checkLocation(reader: ConfigReader, found: ConfigRecord): void {
  const location = found.text('location');
  try {
    assertTimeZone(location);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const fix = 'write an IANA name such as Europe/Berlin, UTC or Local';
    const shown = JSON.stringify(location);
    reader.problem(found.at('location'), found.name('location'), 'is no time zone', fix, shown);
  }
}

function indexOf(names: readonly string[], text: string): number | undefined {
  const index = names.indexOf(text);
  return index < 0 ? undefined : index;
}

function wholeOf(text: string): number | undefined {
  return /^[+-]?\d{1,9}$/.test(text) ? Number(text) : undefined;
}
