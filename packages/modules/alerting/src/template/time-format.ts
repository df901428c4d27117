const MONTHS =
  'January February March April May June July August September October November December'.split(
    ' ',
  );
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** The pieces of Go's reference time, longest first where one begins with another. */
const PIECES =
  /January|Jan|Monday|Mon|MST|2006|Z0700|Z07:00|-0700|-07:00|-07|01|02|03|04|05|06|002|15|PM|pm|_2|[,.](?:0+|9+)(?!\d)|1|2|3|4|5/g;

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly ms: number;
  readonly offsetMinutes: number;
  readonly zoneName: string;
}

/**
 * Writes a moment by a layout of Go's reference time, `Mon Jan 2 15:04:05 MST 2006`.
 * @param zone an IANA name
 * @see https://pkg.go.dev/time#pkg-constants
 */
export function formatTime(unixMs: number, layout: string, zone: string): string {
  const parts = partsOf(unixMs, zone);
  return layout.replaceAll(PIECES, (piece) => pieceText(piece, parts));
}

/** Whether the runtime knows a zone of this name. */
export function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function partsOf(unixMs: number, zone: string): Parts {
  const offsetMinutes = zone === 'UTC' ? 0 : offsetOf(unixMs, zone);
  const local = new Date(unixMs + offsetMinutes * 60_000);
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth(),
    day: local.getUTCDate(),
    weekday: local.getUTCDay(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    ms: local.getUTCMilliseconds(),
    offsetMinutes,
    zoneName: zone === 'UTC' ? 'UTC' : zoneNameOf(unixMs, zone, 'short'),
  };
}

function zoneNameOf(unixMs: number, zone: string, style: 'short' | 'longOffset'): string {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: style });
  return format.formatToParts(unixMs).find(({ type }) => type === 'timeZoneName')?.value ?? zone;
}

function offsetOf(unixMs: number, zone: string): number {
  const match = /([+-])(\d\d):(\d\d)/.exec(zoneNameOf(unixMs, zone, 'longOffset'));
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === '-' ? -minutes : minutes;
}

const two = (value: number): string => String(value).padStart(2, '0');

function pieceText(piece: string, parts: Parts): string {
  const { year, month, day, weekday, hour, minute, second } = parts;
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  switch (piece) {
    case '2006':
      return String(year).padStart(4, '0');
    case '06':
      return two(year % 100);
    case 'January':
      return MONTHS[month] ?? '';
    case 'Jan':
      return (MONTHS[month] ?? '').slice(0, 3);
    case '01':
      return two(month + 1);
    case '1':
      return String(month + 1);
    case 'Monday':
      return DAYS[weekday] ?? '';
    case 'Mon':
      return (DAYS[weekday] ?? '').slice(0, 3);
    case '02':
      return two(day);
    case '_2':
      return String(day).padStart(2, ' ');
    case '2':
      return String(day);
    case '002':
      return String(dayOfYear(parts)).padStart(3, '0');
    case '15':
      return two(hour);
    case '03':
      return two(hour12);
    case '3':
      return String(hour12);
    case '04':
      return two(minute);
    case '4':
      return String(minute);
    case '05':
      return two(second);
    case '5':
      return String(second);
    case 'PM':
      return hour < 12 ? 'AM' : 'PM';
    case 'pm':
      return hour < 12 ? 'am' : 'pm';
    case 'MST':
      return parts.zoneName;
    default:
      return /^[,.]/.test(piece) ? fraction(piece, parts.ms) : offsetText(piece, parts);
  }
}

function dayOfYear({ year, month, day }: Parts): number {
  return (Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / 86_400_000 + 1;
}

/** Zeros are all written, nines only as far as they are needed. */
function fraction(piece: string, ms: number): string {
  const digits = String(ms)
    .padStart(3, '0')
    .padEnd(piece.length - 1, '0')
    .slice(0, piece.length - 1);
  if (piece[1] === '0') return (piece[0] ?? '') + digits;
  const needed = digits.replace(/0+$/, '');
  return needed === '' ? '' : (piece[0] ?? '') + needed;
}

function offsetText(piece: string, { offsetMinutes }: Parts): string {
  if (piece.startsWith('Z') && offsetMinutes === 0) return 'Z';
  const sign = offsetMinutes < 0 ? '-' : '+';
  const absolute = Math.abs(offsetMinutes);
  const hours = two(Math.floor(absolute / 60));
  if (piece === '-07') return sign + hours;
  return `${sign}${hours}${piece.includes(':') ? ':' : ''}${two(absolute % 60)}`;
}
