import { type DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';

import { type DecisionQuery } from '@dwcp/core';
import { decodeCursor, type Position } from '@dwcp/sqlite';

/** Rows looked at between two turns of the event loop. */
const SLICE = 2_000;

/** A search as SQL: an index to walk, a condition that bounds the walk, and a test of each row. */
interface SearchPlan {
  readonly index: string;
  readonly condition: string;
  readonly conditionParameters: readonly SQLInputValue[];
  readonly filter: string;
  readonly filterParameters: readonly SQLInputValue[];
  readonly newestFirst: boolean;
  readonly from: Position;
}

/** The kind of a cursor: it belongs to one order. */
export function cursorKindOf({ order }: DecisionQuery): string {
  return `decisions-${order ?? 'newest-first'}`;
}

function planSearch(query: DecisionQuery): SearchPlan {
  const { startUnixMs, endUnixMs, subjects, alertName, labels = {}, kinds } = query;
  const newestFirst = query.order !== 'oldest-first';
  const endTime = BigInt(Math.ceil(endUnixMs));
  const condition = ['time < ?'];
  const conditionParameters: SQLInputValue[] = [endTime];
  const filter = ['last >= ?'];
  const filterParameters: SQLInputValue[] = [BigInt(Math.ceil(startUnixMs))];
  if (subjects !== undefined) {
    condition.push(`subject IN (${subjects.map(() => '?').join()})`);
    conditionParameters.push(...subjects);
  }
  if (alertName !== undefined) {
    condition.push('alert = ?');
    conditionParameters.push(alertName);
  }
  if (kinds !== undefined) {
    filter.push(`kind IN (${kinds.map(() => '?').join()})`);
    filterParameters.push(...kinds);
  }
  for (const [name, value] of Object.entries(labels)) {
    filter.push('EXISTS (SELECT 1 FROM json_each(labels) WHERE key = ? AND value = ?)');
    filterParameters.push(name, value);
  }
  return {
    index:
      subjects !== undefined
        ? 'decisions_subject'
        : alertName !== undefined
          ? 'decisions_alert'
          : 'decisions_time',
    condition: condition.join(' AND '),
    conditionParameters,
    filter: filter.join(' AND '),
    filterParameters,
    newestFirst,
    from:
      query.cursor !== undefined
        ? decodeCursor(cursorKindOf(query), query.cursor)
        : newestFirst
          ? { time: endTime, id: 0n }
          : { time: -(2n ** 63n), id: 0n },
  };
}

/** Positions of the records that match, in order, in slices between which others get their turn. */
export async function* matchingPositions(
  db: DatabaseSync,
  query: DecisionQuery,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Position[]> {
  const plan = planSearch(query);
  const [compare, direction] = plan.newestFirst ? ['<', 'DESC'] : ['>', 'ASC'];
  const next = db.prepare(
    `SELECT id, time, ${plan.filter} AS hit FROM decisions INDEXED BY ${plan.index} ` +
      `WHERE ${plan.condition} AND (time, id) ${compare} (?, ?) ` +
      `ORDER BY time ${direction}, id ${direction} LIMIT ${SLICE}`,
  );
  let last = plan.from;
  for (;;) {
    const rows = next.all(
      ...plan.filterParameters,
      ...plan.conditionParameters,
      last.time,
      last.id,
    ) as unknown as readonly (Position & { readonly hit: bigint })[];
    yield rows.filter(({ hit }) => hit === 1n);
    last = rows.at(-1) ?? last;
    if (rows.length < SLICE) return;
    await setImmediate();
    signal?.throwIfAborted();
  }
}
