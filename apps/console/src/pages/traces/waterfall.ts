import { type Span } from '../../api/types.ts';

export interface WaterfallRow {
  readonly span: Span;
  readonly depth: number;
  /** From the start of the trace. */
  readonly offsetMs: number;
  readonly durationMs: number;
  readonly childCount: number;
  /** Its parent is named but not among the spans. */
  readonly orphan: boolean;
  /** It or a span below it is in error. */
  readonly errorBelow: boolean;
}

export interface Waterfall {
  /** Depth first, siblings by start. */
  readonly rows: readonly WaterfallRow[];
  readonly startUnixMs: number;
  readonly durationMs: number;
  readonly orphanCount: number;
}

const nanoToMsNumber = (nano: bigint): number => Number(nano) / 1e6;

/**
 * Lays spans out as a tree over time. A span whose parent is missing becomes a root and is marked;
 * spans that are each other's ancestors are shown as roots rather than lost.
 */
export function layOutWaterfall(spans: readonly Span[]): Waterfall {
  if (spans.length === 0) return { rows: [], startUnixMs: 0, durationMs: 0, orphanCount: 0 };
  const timed = spans.map((span) => ({
    span,
    start: BigInt(span.startUnixNano),
    end: BigInt(span.endUnixNano),
  }));
  type Timed = (typeof timed)[number];
  timed.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map<string, Timed[]>();
  const roots: Timed[] = [];
  for (const one of timed) {
    const parent = one.span.parentSpanId;
    if (parent === null || !ids.has(parent) || parent === one.span.spanId) roots.push(one);
    else {
      const siblings = children.get(parent);
      if (siblings === undefined) children.set(parent, [one]);
      else siblings.push(one);
    }
  }

  let start = timed[0]?.start ?? 0n;
  let end = start;
  for (const one of timed) {
    if (one.start < start) start = one.start;
    if (one.end > end) end = one.end;
  }

  const rows: WaterfallRow[] = [];
  const placed = new Set<Timed>();
  // With a stack of our own: a chain of ten thousand spans must not overflow the engine's.
  const place = (root: Timed): void => {
    const stack: { readonly one: Timed; readonly depth: number }[] = [{ one: root, depth: 0 }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { one, depth } = next;
      if (placed.has(one)) continue;
      placed.add(one);
      const below = children.get(one.span.spanId) ?? [];
      const { parentSpanId } = one.span;
      rows.push({
        span: one.span,
        depth,
        offsetMs: nanoToMsNumber(one.start - start),
        durationMs: Math.max(0, nanoToMsNumber(one.end - one.start)),
        childCount: below.length,
        orphan: parentSpanId !== null && !ids.has(parentSpanId),
        errorBelow: one.span.status.code === 'error',
      });
      for (let i = below.length - 1; i >= 0; i -= 1) {
        const child = below[i];
        if (child !== undefined) stack.push({ one: child, depth: depth + 1 });
      }
    }
  };
  for (const root of roots) place(root);
  for (const one of timed) if (!placed.has(one)) place(one);

  return {
    rows: markErrors(rows),
    startUnixMs: nanoToMsNumber(start),
    durationMs: nanoToMsNumber(end - start),
    orphanCount: rows.filter(({ orphan }) => orphan).length,
  };
}

/** Carries an error up to the ancestors, so that a folded row still shows it. */
function markErrors(rows: readonly WaterfallRow[]): WaterfallRow[] {
  const marked = [...rows];
  let errorAtDepth: boolean[] = [];
  for (let i = marked.length - 1; i >= 0; i -= 1) {
    const row = marked[i];
    if (row === undefined) continue;
    const errorBelow = row.errorBelow || errorAtDepth[row.depth + 1] === true;
    if (errorBelow !== row.errorBelow) marked[i] = { ...row, errorBelow };
    errorAtDepth = errorAtDepth.slice(0, row.depth + 1);
    errorAtDepth[row.depth] = errorAtDepth[row.depth] === true || errorBelow;
  }
  return marked;
}

/** The rows left when the spans named in `folded` hide what is below them. */
export function unfoldedRows(
  rows: readonly WaterfallRow[],
  folded: ReadonlySet<string>,
): readonly WaterfallRow[] {
  if (folded.size === 0) return rows;
  const shown: WaterfallRow[] = [];
  let hideBelow = Infinity;
  for (const row of rows) {
    if (row.depth > hideBelow) continue;
    hideBelow = folded.has(row.span.spanId) ? row.depth : Infinity;
    shown.push(row);
  }
  return shown;
}

/** Round moments along a duration, about `count` of them, from zero on; in its own unit. */
export function rulerTicks(durationMs: number, count = 5): number[] {
  if (!(durationMs > 0)) return [0];
  const rough = durationMs / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let i = 0; i * step <= durationMs * 1.000_001; i += 1) ticks.push(i * step);
  return ticks;
}
