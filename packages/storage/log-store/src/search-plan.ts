import { InvalidInputError, type LogQuery } from '@dwcp/core';
import {
  checkLimit,
  clampInt64,
  decodeCursor,
  encodeCursor,
  fragmentsOf,
  type Position,
} from '@dwcp/sqlite';

import { queryWords } from './query-words.ts';

type Parameter = bigint | number | string;

/** Records with the walked index's key equal to this; which index gives them in time order. */
interface AccessPath {
  readonly index: 'logs_time' | 'logs_service' | 'logs_warn' | 'logs_trace';
  readonly condition: string;
  readonly parameters: readonly Parameter[];
}

/** A checked query, taken apart into what an index does and what is tested row by row. */
export interface SearchPlan {
  readonly path: AccessPath;
  /** An SQL expression over a row, 1 where it passes. */
  readonly filter: string;
  readonly filterParameters: readonly Parameter[];
  /** Inclusive bounds. */
  readonly firstTime: bigint;
  readonly lastTime: bigint;
  readonly after: Position | undefined;
  readonly newestFirst: boolean;
  /** The full-text query; undefined when there are no words to look for. */
  readonly match: string | undefined;
  readonly cursorAt: (position: Position) => string;
}

const WARN = 13;

/** @throws InvalidInputError naming the field that is wrong */
export function planSearch(query: LogQuery): SearchPlan {
  checkLimit(query.limit, 10_000);
  const newestFirst = (query.order ?? 'newest-first') === 'newest-first';
  const kind = newestFirst ? 'logs-newest' : 'logs-oldest';
  const words = queryWords(query.text ?? '');
  const filter: string[] = [];
  const filterParameters: Parameter[] = [];
  const keep = (condition: string, ...parameters: readonly Parameter[]): void => {
    filter.push(condition);
    filterParameters.push(...parameters);
  };
  const minSeverity = severity('minSeverityNumber', query.minSeverityNumber);
  const maxSeverity = severity('maxSeverityNumber', query.maxSeverityNumber);
  if (minSeverity !== undefined) keep('severity >= ?', minSeverity);
  if (maxSeverity !== undefined) keep('severity <= ?', maxSeverity);
  if (query.service !== undefined) keep('service = ?', query.service);
  if (query.region !== undefined) keep('region = ?', query.region);
  if (query.traceId !== undefined) keep('trace_id = ?', query.traceId);
  if (query.spanId !== undefined) keep('span_id = ?', query.spanId);
  // Rules out most rows before their attributes are decoded and really compared.
  for (const [name, text] of Object.entries(query.attributes ?? {})) {
    const fragments = fragmentsOf(name, text);
    keep(fragments.map(() => 'instr(attributes, ?)').join(' OR '), ...fragments);
  }
  return {
    path: accessPath(query),
    filter: filter.map((condition) => `(${condition}) > 0`).join(' AND ') || '1',
    filterParameters,
    firstTime: clampInt64(query.startUnixNano),
    lastTime: clampInt64(query.endUnixNano - 1n),
    after: query.cursor === undefined ? undefined : decodeCursor(kind, query.cursor),
    newestFirst,
    match: words.length === 0 ? undefined : words.map((word) => `"${word}"`).join(' '),
    cursorAt: (position) => encodeCursor(kind, position),
  };
}

/** The index that leaves the fewest rows to test. */
function accessPath(query: LogQuery): AccessPath {
  if (query.traceId !== undefined) {
    return { index: 'logs_trace', condition: 'trace_id = ?', parameters: [query.traceId] };
  }
  if ((query.minSeverityNumber ?? 0) >= WARN) {
    return { index: 'logs_warn', condition: `severity >= ${WARN}`, parameters: [] };
  }
  if (query.service !== undefined) {
    return { index: 'logs_service', condition: 'service = ?', parameters: [query.service] };
  }
  return { index: 'logs_time', condition: '1', parameters: [] };
}

function severity(field: string, value: number | undefined): number | undefined {
  if (value === undefined || Number.isInteger(value)) return value;
  throw new InvalidInputError(field, `must be a whole number, got ${value}`);
}
