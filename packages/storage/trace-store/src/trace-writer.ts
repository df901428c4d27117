import { type DatabaseSync, type StatementSync } from 'node:sqlite';

import { type Span } from '@dwcp/core';

import { encodeOrigin, encodeSpan, regionOf, serviceOf } from './span-row.ts';
import { type TraceState, withSpan } from './trace-state.ts';

interface OpenTrace {
  readonly id: bigint;
  state: TraceState | undefined;
  /** A stored span was replaced, so the state must be made anew from all spans. */
  replaced: boolean;
}

interface TraceRow {
  readonly start: bigint;
  readonly end: bigint;
  readonly span_count: bigint;
  readonly error_count: bigint;
  readonly root_rank: bigint;
  readonly root_start: bigint;
  readonly root_span_id: string;
  readonly root_name: string;
  readonly root_service: string;
}

const SPAN_COLUMNS =
  'parent_span_id, start, end, status, origin, service, region, name, kind, status_message, ' +
  'attributes, events, links';

/** Adds and removes spans and keeps the summaries right. Works inside its caller's transaction. */
export class TraceWriter {
  readonly #findTrace: StatementSync;
  readonly #addTrace: StatementSync;
  readonly #putTrace: StatementSync;
  readonly #deleteTrace: StatementSync;
  readonly #addSpan: StatementSync;
  readonly #putSpan: StatementSync;
  readonly #deleteSpan: StatementSync;
  readonly #addFacet: StatementSync;
  readonly #deleteFacets: StatementSync;
  readonly #remakeFacets: StatementSync;
  readonly #remakeTrace: StatementSync;
  readonly #putOrigin: StatementSync;
  readonly #endedBefore: StatementSync;

  constructor(db: DatabaseSync) {
    this.#findTrace = db.prepare('SELECT * FROM traces WHERE trace_id = ?');
    this.#addTrace = db.prepare(
      "INSERT INTO traces VALUES (NULL, ?, 0, 0, 0, 0, 0, 0, '', '', '') RETURNING id",
    );
    this.#putTrace = db.prepare(
      'UPDATE traces SET start = ?, end = ?, span_count = ?, error_count = ?, root_rank = ?, ' +
        'root_start = ?, root_span_id = ?, root_name = ?, root_service = ? WHERE id = ?',
    );
    this.#deleteTrace = db.prepare('DELETE FROM traces WHERE id = ?');
    this.#addSpan = db.prepare(
      `INSERT INTO spans (trace, span_id, ${SPAN_COLUMNS}) ` +
        'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    );
    this.#putSpan = db.prepare(
      `UPDATE spans SET (${SPAN_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ` +
        'WHERE trace = ? AND span_id = ?',
    );
    this.#deleteSpan = db.prepare('DELETE FROM spans WHERE id = ?');
    this.#addFacet = db.prepare('INSERT OR IGNORE INTO facets VALUES (?, ?, ?, ?)');
    this.#deleteFacets = db.prepare('DELETE FROM facets WHERE trace = ?');
    this.#remakeFacets = db.prepare(
      'INSERT OR IGNORE INTO facets SELECT trace, service, name, region FROM spans WHERE trace = ?',
    );
    this.#remakeTrace = db.prepare(
      'UPDATE traces SET (start, end, span_count, error_count) = (SELECT min(start), max(end), ' +
        "count(*), sum(status = 'error') FROM spans WHERE trace = traces.id), " +
        '(root_rank, root_start, root_span_id, root_name, root_service) = ' +
        '(SELECT parent_span_id IS NOT NULL, start, span_id, name, service FROM spans ' +
        'WHERE trace = traces.id ORDER BY 1, 2, 3 LIMIT 1) ' +
        'WHERE id = ? AND EXISTS (SELECT 1 FROM spans WHERE trace = traces.id)',
    );
    this.#putOrigin = db.prepare(
      'INSERT INTO origins (json, newest) VALUES (?, ?) ON CONFLICT (json) ' +
        'DO UPDATE SET newest = max(newest, excluded.newest) RETURNING id',
    );
    this.#endedBefore = db.prepare(
      'SELECT id, trace FROM spans INDEXED BY spans_end WHERE end < ? ORDER BY end LIMIT ?',
    );
  }

  /** Adds or replaces spans; returns how many were new. */
  write(spans: readonly Span[]): number {
    const originOf = this.#putOrigins(spans);
    const traces = new Map<string, OpenTrace>();
    let added = 0;
    for (const span of spans) {
      const trace = this.#open(traces, span.traceId);
      const columns = encodeSpan(span, originOf(span));
      if (this.#addSpan.run(trace.id, span.spanId, ...columns).changes === 0n) {
        this.#putSpan.run(...columns, trace.id, span.spanId);
        trace.replaced = true;
        continue;
      }
      added++;
      trace.state = withSpan(trace.state, span);
      this.#addFacet.run(trace.id, serviceOf(span), span.name, regionOf(span));
    }
    for (const { id, state, replaced } of traces.values()) {
      if (replaced) this.#remake(id);
      else if (state !== undefined) this.#put(id, state);
    }
    return added;
  }

  /** Removes up to `limit` spans that ended before the moment; returns how many. */
  deleteEndedBefore(unixNano: bigint, limit: number): number {
    const doomed = this.#endedBefore.all(unixNano, limit);
    for (const row of doomed) this.#deleteSpan.run(row['id'] ?? null);
    for (const id of new Set(doomed.map((row) => row['trace'] as bigint))) this.#remake(id);
    return doomed.length;
  }

  #open(traces: Map<string, OpenTrace>, traceId: string): OpenTrace {
    const known = traces.get(traceId);
    if (known !== undefined) return known;
    const row = this.#findTrace.get(traceId) ?? this.#addTrace.get(traceId);
    const trace: OpenTrace = {
      id: row?.['id'] as bigint,
      state:
        row !== undefined && 'start' in row ? decodeState(row as unknown as TraceRow) : undefined,
      replaced: false,
    };
    traces.set(traceId, trace);
    return trace;
  }

  #put(id: bigint, { start, end, spanCount, errorCount, root }: TraceState): void {
    const { rank, spanId, name, service } = root;
    const counts = [start, end, spanCount, errorCount] as const;
    this.#putTrace.run(...counts, rank, root.start, spanId, name, service, id);
  }

  /** Makes a trace's summary anew from its spans; without any, the trace goes. */
  #remake(id: bigint): void {
    this.#deleteFacets.run(id);
    if (this.#remakeTrace.run(id).changes === 0n) this.#deleteTrace.run(id);
    else this.#remakeFacets.run(id);
  }

  /** Puts every different resource and scope of a batch once, and gives their ids. */
  #putOrigins(spans: readonly Span[]): (span: Span) => bigint {
    const newest = new Map<string, bigint>();
    const jsonOf = originEncoder();
    for (const span of spans) {
      const json = jsonOf(span);
      const known = newest.get(json);
      if (known === undefined || known < span.endUnixNano) newest.set(json, span.endUnixNano);
    }
    const ids = new Map<string, bigint>();
    for (const [json, end] of newest) {
      ids.set(json, this.#putOrigin.get(json, end)?.['id'] as bigint);
    }
    return (span) => ids.get(jsonOf(span)) ?? 0n;
  }
}

function decodeState(row: TraceRow): TraceState {
  return {
    start: row.start,
    end: row.end,
    spanCount: Number(row.span_count),
    errorCount: Number(row.error_count),
    root: {
      rank: Number(row.root_rank),
      start: row.root_start,
      spanId: row.root_span_id,
      name: row.root_name,
      service: row.root_service,
    },
  };
}

/** Spans of one batch mostly share their resource and scope objects: encodes each pair once. */
function originEncoder(): (span: Span) => string {
  const byResource = new Map<object, Map<object, string>>();
  return ({ resource, scope }) => {
    let byScope = byResource.get(resource);
    if (byScope === undefined) byResource.set(resource, (byScope = new Map()));
    let json = byScope.get(scope);
    if (json === undefined) byScope.set(scope, (json = encodeOrigin(resource, scope)));
    return json;
  };
}
