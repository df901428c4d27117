import { type Exemplar } from '@dwcp/core';

import { type SeriesState } from './series-state.ts';
import { type ExemplarRow } from './wal-record.ts';

/** Characters of all names and values of an exemplar's labels, as OpenMetrics limits them. */
const MAX_LABELS_LENGTH = 128;

type TimedExemplar = ExemplarRow['exemplar'];

/** The last exemplars of all series in a ring: a new one takes the place of the oldest. */
export class ExemplarTable {
  readonly #state: SeriesState;
  readonly #capacity: number;
  readonly #rows: (ExemplarRow & { readonly generation: number })[] = [];
  readonly #newest = new Map<number, TimedExemplar>();
  #next = 0;

  constructor(state: SeriesState, capacity: number) {
    this.#state = state;
    this.#capacity = capacity;
  }

  get count(): number {
    return this.#rows.length;
  }

  /** Whether it may be added. One that is there already may, and changes nothing. */
  accepts(id: number, exemplar: TimedExemplar): boolean {
    let length = 0;
    for (const text of exemplar.labels.flat) length += text.length;
    if (length > MAX_LABELS_LENGTH || !Number.isSafeInteger(exemplar.unixMs)) return false;
    const newest = this.#newest.get(id);
    return newest === undefined || newest.unixMs <= exemplar.unixMs;
  }

  add(id: number, exemplar: TimedExemplar): void {
    const newest = this.#newest.get(id);
    if (newest !== undefined && (newest.unixMs > exemplar.unixMs || isSame(newest, exemplar)))
      return;
    const row = { id, exemplar, generation: this.#state.generation[id] ?? 0 };
    const old = this.#rows[this.#next];
    if (old !== undefined && this.#newest.get(old.id) === old.exemplar) this.#newest.delete(old.id);
    this.#rows[this.#next] = row;
    this.#next = (this.#next + 1) % this.#capacity;
    this.#newest.set(id, exemplar);
  }

  /** All rows, the oldest put first. */
  *rows(): Iterable<ExemplarRow> {
    for (let i = 0; i < this.#rows.length; i++) {
      const wraps = this.#rows.length === this.#capacity;
      const row = this.#rows[wraps ? (this.#next + i) % this.#capacity : i];
      if (row !== undefined && row.generation === this.#state.generation[row.id]) yield row;
    }
  }

  /** Those of the series in the range, by series id, oldest first. */
  find(
    ids: ReadonlySet<number>,
    { startUnixMs, endUnixMs }: { readonly startUnixMs: number; readonly endUnixMs: number },
  ): ReadonlyMap<number, readonly Exemplar[]> {
    const found = new Map<number, Exemplar[]>();
    for (const { id, exemplar } of this.rows()) {
      if (!ids.has(id) || exemplar.unixMs < startUnixMs || exemplar.unixMs > endUnixMs) continue;
      const list = found.get(id);
      if (list === undefined) found.set(id, [exemplar]);
      else list.push(exemplar);
    }
    return found;
  }
}

function isSame(a: TimedExemplar, b: TimedExemplar): boolean {
  return a.unixMs === b.unixMs && Object.is(a.value, b.value) && a.labels.key === b.labels.key;
}
