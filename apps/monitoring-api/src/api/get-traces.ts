import { type CallOptions, InvalidInputError, type TraceSummary } from '@dwcp/core';

import { type Runtime } from '../runtime/runtime.ts';
import { type Moment, toUnixMs } from './moment.ts';

export interface TraceFilter {
  /** Default: the beginning. */
  readonly start?: Moment;
  /** Default: now. */
  readonly end?: Moment;
  readonly service?: string;
  readonly operation?: string;
  readonly region?: string;
  readonly minDurationMs?: number;
  readonly maxDurationMs?: number;
  readonly hasError?: boolean;
  readonly attributes?: Readonly<Record<string, string>>;
  /** 1 to 1,000; default 100. */
  readonly limit?: number;
  readonly cursor?: string;
}

export interface TraceList {
  readonly items: readonly TraceSummary[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

export async function getTraces(
  runtime: Runtime,
  filter: TraceFilter,
  options: CallOptions,
): Promise<TraceList> {
  const { start, end, minDurationMs, maxDurationMs, limit = 100, ...rest } = filter;
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw new InvalidInputError('limit', `must be a whole number from 1 to 1000, got ${limit}`);
  }
  const nowUnixMs = runtime.clock.nowUnixMs();
  const page = await runtime.traceStore.search(
    {
      ...rest,
      startUnixNano: start === undefined ? 0n : nano(toUnixMs('start', start)),
      // An hour for clocks that run ahead.
      endUnixNano: nano(end === undefined ? nowUnixMs + 3_600_000 : toUnixMs('end', end)),
      ...(minDurationMs === undefined ? {} : { minDurationNano: nano(minDurationMs) }),
      ...(maxDurationMs === undefined ? {} : { maxDurationNano: nano(maxDurationMs) }),
      limit,
    },
    options,
  );
  return { items: page.traces, nextCursor: page.nextCursor ?? null };
}

const nano = (ms: number): bigint => BigInt(Math.round(ms * 1_000)) * 1_000n;
