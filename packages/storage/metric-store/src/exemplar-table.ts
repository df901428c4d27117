import { type Exemplar } from '@dwcp/core';

import { type SeriesState } from './series-state.ts';
import { type ExemplarRow } from './wal-record.ts';

/** Characters of all names and values of an exemplar's labels, as OpenMetrics limits them. */
const MAX_LABELS_LENGTH = 128;

type TimedExemplar = ExemplarRow['exemplar'];
type StoredRow = ExemplarRow & { readonly generation: number };

/** The last exemplars of all series in a ring: a new one takes the place of the oldest. */
export class ExemplarTable {
  readonly #state: SeriesState;
  readonly #capacity: number;
  readonly #rows: StoredRow[] = [];
  /**
   * By series id: the rows in the ring of its newest moment, so that there are never more. All of
   * them are compared with, or a log that is read again would double them.
   */
  readonly #newest = new Map<number, StoredRow[]>();
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
    return this.#newestUnixMs(id) <= exemplar.unixMs;
  }

  add(id: number, exemplar: TimedExemplar): void {
    if (this.#capacity === 0) return;
    const newestUnixMs = this.#newestUnixMs(id);
    if (newestUnixMs > exemplar.unixMs) return;
    const alike = newestUnixMs < exemplar.unixMs ? [] : (this.#newest.get(id) ?? []);
    if (alike.some((row) => isSame(row.exemplar, exemplar))) return;
    const row = { id, exemplar, generation: this.#state.generation[id] ?? 0 };
    const old = this.#rows[this.#next];
    if (old !== undefined) this.#forget(old);
    this.#rows[this.#next] = row;
    this.#next = (this.#next + 1) % this.#capacity;
    alike.push(row);
    this.#newest.set(id, alike);
  }

  /** All rows, the oldest put first. */
  rows(): readonly ExemplarRow[] {
    const rows: ExemplarRow[] = [];
    for (let i = 0; i < this.#rows.length; i++) {
      const wraps = this.#rows.length === this.#capacity;
      const row = this.#rows[wraps ? (this.#next + i) % this.#capacity : i];
      if (row !== undefined && row.generation === this.#state.generation[row.id]) rows.push(row);
    }
    return rows;
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

  #newestUnixMs(id: number): number {
    const row = this.#newest.get(id)?.[0];
    // The id may have been another series' before.
    if (row?.generation !== this.#state.generation[id]) return Number.NEGATIVE_INFINITY;
    return row?.exemplar.unixMs ?? Number.NEGATIVE_INFINITY;
  }

  #forget(old: StoredRow): void {
    const newest = this.#newest.get(old.id);
    if (newest?.[0] !== old) return;
    newest.shift();
    if (newest.length === 0) this.#newest.delete(old.id);
  }
}

function isSame(a: TimedExemplar, b: TimedExemplar): boolean {
  return a.unixMs === b.unixMs && Object.is(a.value, b.value) && a.labels.key === b.labels.key;
}
