/** Both ends count. */
export interface InclusiveRange {
  readonly begin: number;
  readonly end: number;
}

/** Minutes of the day, 0 to 1440; the end does not count. */
export interface TimeRange {
  readonly startMinute: number;
  readonly endMinute: number;
}

/**
 * A part of the calendar: of every list that is there, one range must hold.
 * @see https://prometheus.io/docs/alerting/latest/configuration/#time_interval-0
 */
export interface TimeInterval {
  readonly times?: readonly TimeRange[];
  /** 0 is Sunday. */
  readonly weekdays?: readonly InclusiveRange[];
  /** From 1; negative ones count from the end of the month, -1 being its last day. */
  readonly daysOfMonth?: readonly InclusiveRange[];
  /** 1 is January. */
  readonly months?: readonly InclusiveRange[];
  readonly years?: readonly InclusiveRange[];
  /** IANA name of the time zone; UTC without one. */
  readonly location?: string;
}

/** A moment on the calendar and clock of a place. */
interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly minute: number;
  readonly weekday: number;
}

export function containsTime(interval: TimeInterval, unixMs: number): boolean {
  const local = localTime(unixMs, interval.location);
  const within = (ranges: readonly InclusiveRange[] | undefined, value: number): boolean =>
    ranges === undefined || ranges.some(({ begin, end }) => value >= begin && value <= end);
  return (
    (interval.times === undefined ||
      interval.times.some(
        ({ startMinute, endMinute }) => local.minute >= startMinute && local.minute < endMinute,
      )) &&
    (interval.daysOfMonth === undefined ||
      within(daysIn(interval.daysOfMonth, local.year, local.month), local.day)) &&
    within(interval.months, local.month) &&
    within(interval.weekdays, local.weekday) &&
    within(interval.years, local.year)
  );
}

/** The ranges as days of one month; those that begin after its end are gone. */
function daysIn(
  ranges: readonly InclusiveRange[],
  year: number,
  month: number,
): readonly InclusiveRange[] {
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const dayOf = (day: number): number => (day < 0 ? days + day + 1 : day);
  return ranges
    .map(({ begin, end }) => ({ begin: dayOf(begin), end: Math.min(dayOf(end), days) }))
    .filter(({ begin }) => begin <= days);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a time zone that is not known */
export function assertTimeZone(location: string): void {
  formatterOf(location);
}

function localTime(unixMs: number, location: string | undefined): LocalTime {
  if (location === undefined || location === '' || location === 'UTC') {
    const date = new Date(unixMs);
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      minute: date.getUTCHours() * 60 + date.getUTCMinutes(),
      weekday: date.getUTCDay(),
    };
  }
  const found: Record<string, number> = {};
  for (const { type, value } of formatterOf(location).formatToParts(unixMs)) {
    found[type] = Number(value);
  }
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = found;
  return {
    year,
    month,
    day,
    minute: hour * 60 + minute,
    weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay(),
  };
}

function formatterOf(location: string): Intl.DateTimeFormat {
  let formatter = formatters.get(location);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
      ...(location === 'Local' ? {} : { timeZone: location }),
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    formatters.set(location, formatter);
  }
  return formatter;
}
