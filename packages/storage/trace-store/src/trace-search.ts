import { type DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';

import { type Position } from '@dwcp/sqlite';

import { type SearchPlan } from './search-plan.ts';
import { spanHasAttributes, type SpanReader } from './span-row.ts';

/** Traces looked at between two turns of the event loop. */
const SLICE = 1_024;
/** Up to so many facets of a service are sorted by time; more are met while walking. */
const FEW_FACETS = 1_000;
/** Spans whose attributes are compared between two turns. */
const SPAN_SLICE = 1_000;

/**
 * Positions of the traces that pass the plan's filters (all but the attributes), newest first, in
 * slices that each take a few milliseconds: SQLite runs on this thread, and between slices others
 * get their turn. `more` says whether traces may follow the slice.
 */
export async function* matchingPositions(
  db: DatabaseSync,
  plan: SearchPlan,
  firstSlice: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly positions: readonly Position[]; readonly more: boolean }> {
  if (plan.firstTime > plan.lastTime) return;
  const few = fewTraces(db, plan);
  if (few !== undefined) {
    yield { positions: filterFew(db, plan, few), more: false };
    return;
  }
  const select =
    `SELECT start AS time, id, ${plan.filter} AS hit FROM traces INDEXED BY ${plan.index} ` +
    `WHERE ${plan.condition}`;
  const sameMoment = db.prepare(`${select} AND start = ? AND id < ? ORDER BY id DESC LIMIT ?`);
  const onward = db.prepare(
    `${select} AND start BETWEEN ? AND ? ORDER BY start DESC, id DESC LIMIT ?`,
  );
  let last = plan.after;
  let size = plan.filter === '1' ? Math.min(SLICE, firstSlice) : SLICE;
  for (;;) {
    const { firstTime, lastTime, filterParameters } = plan;
    const entries: Entry[] = [];
    if (last !== undefined && last.time >= firstTime && last.time <= lastTime) {
      entries.push(...read(sameMoment, [...filterParameters, last.time, last.id, size]));
    }
    const to = last === undefined || last.time > lastTime ? lastTime : last.time - 1n;
    if (entries.length < size && firstTime <= to) {
      entries.push(...read(onward, [...filterParameters, firstTime, to, size - entries.length]));
    }
    const more = entries.length === size;
    yield { positions: entries.filter(({ hit }) => hit === 1n), more };
    if (!more) return;
    last = entries.at(-1) ?? last;
    size = SLICE;
    await setImmediate();
    signal?.throwIfAborted();
  }
}

/** Tells whether a span of a trace has all attributes of a plan; long traces are read in slices. */
export class AttributeFilter {
  readonly #statement: StatementSync;
  readonly #reader: SpanReader;
  readonly #wanted: SearchPlan['attributes'];
  #spansInTurn = 0;

  constructor(db: DatabaseSync, reader: SpanReader, wanted: SearchPlan['attributes']) {
    this.#statement = db.prepare(
      'SELECT span_id, attributes, origin FROM spans INDEXED BY spans_trace ' +
        'WHERE trace = ? AND span_id > ? ORDER BY span_id LIMIT ?',
    );
    this.#reader = reader;
    this.#wanted = wanted;
  }

  async passes(trace: bigint, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#wanted.length === 0) return true;
    for (let after = ''; ;) {
      const rows = this.#statement.all(trace, after, SPAN_SLICE);
      for (const row of rows) {
        const { resource } = this.#reader.originOf(row['origin'] as bigint);
        if (spanHasAttributes(row['attributes'] as string, resource, this.#wanted)) return true;
      }
      this.#spansInTurn += rows.length;
      if (this.#spansInTurn >= SPAN_SLICE) {
        this.#spansInTurn = 0;
        await setImmediate();
        signal?.throwIfAborted();
      }
      if (rows.length < SPAN_SLICE) return false;
      after = rows.at(-1)?.['span_id'] as string;
    }
  }
}

interface Entry extends Position {
  readonly hit: bigint;
}

function read(statement: StatementSync, parameters: readonly SQLInputValue[]): readonly Entry[] {
  return statement.all(...parameters) as unknown as readonly Entry[];
}

/** Ids of all traces of the plan's service, or undefined when they are more than a few. */
function fewTraces(db: DatabaseSync, { facet }: SearchPlan): readonly bigint[] | undefined {
  if (facet === undefined) return undefined;
  const rows = db
    .prepare(`SELECT trace FROM facets INDEXED BY facets_service WHERE ${facet.condition} LIMIT ?`)
    .all(...facet.parameters, FEW_FACETS + 1);
  if (rows.length > FEW_FACETS) return undefined;
  return [...new Set(rows.map((row) => row['trace'] as bigint))];
}

function filterFew(
  db: DatabaseSync,
  plan: SearchPlan,
  ids: readonly bigint[],
): readonly Position[] {
  const statement = db.prepare(
    `SELECT start AS time, id, 1 AS hit FROM traces WHERE id IN (SELECT value FROM json_each(?)) ` +
      `AND start BETWEEN ? AND ? AND ${plan.filter} ORDER BY start DESC, id DESC`,
  );
  const { after, firstTime, lastTime, filterParameters } = plan;
  const rows = read(statement, [`[${ids.join(',')}]`, firstTime, lastTime, ...filterParameters]);
  if (after === undefined) return rows;
  return rows.filter(({ time, id }) => time < after.time || (time === after.time && id < after.id));
}
