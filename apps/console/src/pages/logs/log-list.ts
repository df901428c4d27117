import { type LogRecord } from '../../api/types.ts';

/** What tells one record from another: records carry no id. */
export function recordKey(record: LogRecord): string {
  return `${record.timeUnixNano} ${record.spanId ?? ''} ${record.service} ${record.body}`;
}

/**
 * Puts newer records before older ones, newest first, leaving out those already there: where a
 * search and a tail overlap, the same record comes by both ways.
 *
 * @param limit how many are kept; the oldest go
 */
export function prependRecords(
  known: readonly LogRecord[],
  newer: readonly LogRecord[],
  limit: number,
): LogRecord[] {
  const seen = new Set(known.slice(0, 1_000).map(recordKey));
  const fresh: LogRecord[] = [];
  for (const record of newer) {
    const key = recordKey(record);
    if (seen.has(key)) continue;
    seen.add(key);
    fresh.push(record);
  }
  fresh.sort((a, b) => compareNano(b.timeUnixNano, a.timeUnixNano));
  return [...fresh, ...known].slice(0, limit);
}

/** Orders decimal texts of nanoseconds by value. */
export function compareNano(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
