import { type Span } from '@dwcp/core';

import { serviceOf } from './span-row.ts';

/** The span a trace is named after. */
export interface Root {
  /** 0 for a span without a parent, 1 for any other. */
  readonly rank: number;
  readonly start: bigint;
  readonly spanId: string;
  readonly name: string;
  readonly service: string;
}

/** What is kept of a trace beside its spans. */
export interface TraceState {
  readonly start: bigint;
  readonly end: bigint;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly root: Root;
}

/** The state with one more span, which must be new to the trace. Pure; any order gives the same. */
export function withSpan(state: TraceState | undefined, span: Span): TraceState {
  const { startUnixNano: start, endUnixNano: end } = span;
  const errorCount = span.status.code === 'error' ? 1 : 0;
  const root: Root = {
    rank: span.parentSpanId === undefined ? 0 : 1,
    start,
    spanId: span.spanId,
    name: span.name,
    service: serviceOf(span),
  };
  if (state === undefined) return { start, end, spanCount: 1, errorCount, root };
  return {
    start: start < state.start ? start : state.start,
    end: end > state.end ? end : state.end,
    spanCount: state.spanCount + 1,
    errorCount: state.errorCount + errorCount,
    root: comesFirst(root, state.root) ? root : state.root,
  };
}

/** A root before any other span, then the earlier; the id decides between equals. */
function comesFirst(a: Root, b: Root): boolean {
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.start === b.start ? a.spanId < b.spanId : a.start < b.start;
}
