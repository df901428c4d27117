import { type TraceQuery } from '@dwcp/core';
import { checkLimit, clampInt64, decodeCursor, encodeCursor, type Position } from '@dwcp/sqlite';

type Parameter = bigint | number | string;

/** A checked query, taken apart into what an index does and what is tested row by row. */
export interface SearchPlan {
  readonly index: 'traces_start' | 'traces_error';
  /** SQL over a trace, what the index asks for. */
  readonly condition: string;
  /** An SQL expression over a trace, 1 where it passes. */
  readonly filter: string;
  readonly filterParameters: readonly Parameter[];
  /** The traces of a service, when there are few of them, are found by this condition on facets. */
  readonly facet:
    | { readonly condition: string; readonly parameters: readonly string[] }
    | undefined;
  /** What one span of the trace must have. */
  readonly attributes: readonly (readonly [string, string])[];
  /** Inclusive bounds. */
  readonly firstTime: bigint;
  readonly lastTime: bigint;
  readonly after: Position | undefined;
  readonly cursorAt: (position: Position) => string;
}

const CURSOR = 'traces';

/** @throws InvalidInputError naming the field that is wrong */
export function planSearch(query: TraceQuery): SearchPlan {
  checkLimit(query.limit, 1_000);
  const filter: string[] = [];
  const filterParameters: Parameter[] = [];
  const keep = (condition: string, ...parameters: readonly Parameter[]): void => {
    filter.push(`(${condition})`);
    filterParameters.push(...parameters);
  };
  const { service, operation, region, minDurationNano, maxDurationNano, hasError } = query;
  if (minDurationNano !== undefined) keep('end - start >= ?', clampInt64(minDurationNano));
  if (maxDurationNano !== undefined) keep('end - start <= ?', clampInt64(maxDurationNano));
  if (hasError !== undefined) keep(hasError ? 'error_count > 0' : 'error_count = 0');
  const takesPart = (condition: string): string =>
    `EXISTS (SELECT 1 FROM facets WHERE facets.trace = traces.id AND ${condition})`;
  if (service !== undefined && operation !== undefined) {
    keep(takesPart('service = ? AND operation = ?'), service, operation);
  } else if (service !== undefined) keep(takesPart('service = ?'), service);
  else if (operation !== undefined) keep(takesPart('operation = ?'), operation);
  if (region !== undefined) keep(takesPart('region = ?'), region);
  return {
    index: hasError === true ? 'traces_error' : 'traces_start',
    condition: hasError === true ? 'error_count > 0' : '1',
    filter: filter.join(' AND ') || '1',
    filterParameters,
    facet: facetOf(service, operation),
    attributes: Object.entries(query.attributes ?? {}),
    firstTime: clampInt64(query.startUnixNano),
    lastTime: clampInt64(query.endUnixNano - 1n),
    after: query.cursor === undefined ? undefined : decodeCursor(CURSOR, query.cursor),
    cursorAt: (position) => encodeCursor(CURSOR, position),
  };
}

function facetOf(service: string | undefined, operation: string | undefined): SearchPlan['facet'] {
  if (service === undefined) return undefined;
  return operation === undefined
    ? { condition: 'service = ?', parameters: [service] }
    : { condition: 'service = ? AND operation = ?', parameters: [service, operation] };
}
