import { type DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';

import { type Position } from '@dwcp/sqlite';

import { type SearchPlan } from './search-plan.ts';

/** Index entries looked at between two turns of the event loop. */
const SLICE = 2_048;
/** Up to so many records that have the words are sorted by time; more are met while walking. */
const FEW_MATCHES = 1_000;
/** Row ids of the full-text index looked through between two turns. */
const MATCH_SLICE = 1_000_000n;

/**
 * Positions of the records that pass the plan's filters and words, in its order, in slices that
 * each take a few milliseconds: SQLite runs on this thread, and between slices others get their turn.
 * `more` says whether records may follow the slice.
 */
export async function* matchingPositions(
  db: DatabaseSync,
  plan: SearchPlan,
  firstSlice: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly positions: readonly Position[]; readonly more: boolean }> {
  if (plan.firstTime > plan.lastTime) return;
  if (plan.match !== undefined) {
    const few = await fewMatches(db, plan.match, signal);
    if (few !== undefined) {
      yield { positions: filterFew(db, plan, few), more: false };
      return;
    }
  }
  const walk = new TimeWalk(db, plan);
  let size = Math.min(SLICE, plan.filter === '1' && plan.match === undefined ? firstSlice : SLICE);
  for (;;) {
    const { hits, idRange, more } = walk.next(size);
    yield { positions: withWords(db, plan.match, hits, idRange), more };
    if (!more) return;
    size = SLICE;
    await setImmediate();
    signal?.throwIfAborted();
  }
}

interface Entry {
  readonly time: bigint;
  readonly id: bigint;
  /** 1 where the filters hold; 0 or, for an absent column, null where not. */
  readonly hit: bigint | null;
}

/** Walks an index in time order. Entries of one moment are read by their ids, so many do no harm. */
class TimeWalk {
  readonly #plan: SearchPlan;
  readonly #sameMoment: StatementSync;
  readonly #onward: StatementSync;
  #last: Position | undefined;

  constructor(db: DatabaseSync, plan: SearchPlan) {
    const { path, newestFirst } = plan;
    const select =
      `SELECT time, id, ${plan.filter} AS hit FROM logs INDEXED BY ${path.index} ` +
      `WHERE ${path.condition}`;
    const [beyond, order] = newestFirst ? ['<', 'DESC'] : ['>', 'ASC'];
    this.#sameMoment = db.prepare(
      `${select} AND time = ? AND id ${beyond} ? ORDER BY id ${order} LIMIT ?`,
    );
    this.#onward = db.prepare(
      `${select} AND time BETWEEN ? AND ? ORDER BY time ${order}, id ${order} LIMIT ?`,
    );
    this.#plan = plan;
    this.#last = plan.after;
  }

  next(size: number): {
    readonly hits: readonly Position[];
    readonly idRange: readonly [bigint, bigint];
    readonly more: boolean;
  } {
    const entries = this.#read(size);
    const hits: Position[] = [];
    let idRange: readonly [bigint, bigint] = [entries[0]?.id ?? 0n, entries[0]?.id ?? 0n];
    for (const { time, id, hit } of entries) {
      if (hit === 1n) hits.push({ time, id });
      idRange = [id < idRange[0] ? id : idRange[0], id > idRange[1] ? id : idRange[1]];
    }
    this.#last = entries.at(-1) ?? this.#last;
    return { hits, idRange, more: entries.length === size };
  }

  #read(size: number): readonly Entry[] {
    const { filterParameters, path, newestFirst, firstTime, lastTime } = this.#plan;
    const head: SQLInputValue[] = [...filterParameters, ...path.parameters];
    const last = this.#last;
    const entries: Entry[] = [];
    let [from, to] = [firstTime, lastTime];
    if (last !== undefined) {
      if (last.time >= firstTime && last.time <= lastTime) {
        entries.push(...read(this.#sameMoment, [...head, last.time, last.id, size]));
      }
      if (newestFirst) to = last.time - 1n < to ? last.time - 1n : to;
      else from = last.time + 1n > from ? last.time + 1n : from;
    }
    if (entries.length < size && from <= to) {
      entries.push(...read(this.#onward, [...head, from, to, size - entries.length]));
    }
    return entries;
  }
}

function read(statement: StatementSync, parameters: readonly SQLInputValue[]): readonly Entry[] {
  return statement.all(...parameters) as unknown as readonly Entry[];
}

/** Ids of all records with the words, or undefined when they are more than a few. */
async function fewMatches(
  db: DatabaseSync,
  match: string,
  signal: AbortSignal | undefined,
): Promise<readonly bigint[] | undefined> {
  const newest = db.prepare('SELECT max(id) AS id FROM logs').get()?.['id'] as bigint | null;
  const statement = db.prepare(
    'SELECT rowid AS id FROM body_words WHERE body_words MATCH ? AND rowid > ? AND rowid <= ? LIMIT ?',
  );
  const ids: bigint[] = [];
  for (let to = newest ?? 0n; to > 0n; to -= MATCH_SLICE) {
    const missing = FEW_MATCHES + 1 - ids.length;
    const rows = statement.all(match, to - MATCH_SLICE, to, missing);
    for (const row of rows) ids.push(row['id'] as bigint);
    if (ids.length > FEW_MATCHES) return undefined;
    if (to > MATCH_SLICE) await setImmediate();
    signal?.throwIfAborted();
  }
  return ids;
}

function filterFew(
  db: DatabaseSync,
  plan: SearchPlan,
  ids: readonly bigint[],
): readonly Position[] {
  const statement = db.prepare(
    `SELECT time, id FROM logs WHERE id IN (SELECT value FROM json_each(?)) ` +
      `AND time BETWEEN ? AND ? AND ${plan.filter}`,
  );
  const rows = read(statement, [
    `[${ids.join(',')}]`,
    plan.firstTime,
    plan.lastTime,
    ...plan.filterParameters,
  ]);
  const sign = plan.newestFirst ? -1 : 1;
  const order = (a: Position, b: Position): number =>
    sign * (a.time === b.time ? Number(a.id - b.id) : Number(a.time - b.time));
  const { after } = plan;
  return rows.filter((row) => after === undefined || order(row, after) > 0).toSorted(order);
}

/** Of a slice's positions, those whose record has the words. */
function withWords(
  db: DatabaseSync,
  match: string | undefined,
  positions: readonly Position[],
  [lowest, highest]: readonly [bigint, bigint],
): readonly Position[] {
  if (match === undefined || positions.length === 0) return positions;
  const rows = db
    .prepare(
      'SELECT rowid AS id FROM body_words WHERE body_words MATCH ? AND rowid BETWEEN ? AND ?',
    )
    .all(match, lowest, highest);
  const ids = new Set(rows.map((row) => row['id']));
  return positions.filter(({ id }) => ids.has(id));
}
