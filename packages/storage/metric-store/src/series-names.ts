import { NameTable } from './name-table.ts';
import { type SeriesState } from './series-state.ts';

const NONE = -1;
/** More names than this many per series are learnt anew, however much they are used. */
const MAX_PER_SERIES = 4;
const MIN_MAX = 100_000;
/** Beyond these many per series it is worth a look which of them are still used. */
const USUAL_PER_SERIES = 1.25;
const MIN_USUAL = 1_024;
/** So often, on average, each name is asked for before the ones not asked for are dropped. */
const ROUNDS = 8;

/**
 * The names of series, without those that nobody uses any more: series go and come with new names, and
 * senders change the order of labels. When there are many, a new table takes their place; names that
 * are asked for move over, and those left behind go. So no step is long.
 */
export class SeriesNames {
  readonly #state: SeriesState;
  #current: NameTable;
  #previous: NameTable | undefined;
  /** Until the previous table is dropped. */
  #findsLeft = 0;
  /** How many were in use when last looked at. */
  #used = 0;

  constructor(state: SeriesState) {
    this.#state = state;
    this.#current = new NameTable(state);
  }

  get count(): number {
    return this.#current.count + (this.#previous?.count ?? 0);
  }

  get sizeBytes(): number {
    return this.#current.sizeBytes + (this.#previous?.sizeBytes ?? 0);
  }

  /** The id of the series, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const id = this.#current.find(bytes, start, end);
    return this.#previous === undefined ? id : this.#moved(id, bytes, start, end);
  }

  /** Remembers a name of a series; `find` has just said that it is not known. */
  add(bytes: Uint8Array, start: number, end: number, id: number): void {
    this.#current.add(bytes, start, end, id);
  }

  /** Keeps the names in proportion to the series there are. To be called now and then. */
  tidy(seriesCount: number): void {
    if (this.count > seriesCount * MAX_PER_SERIES + MIN_MAX) {
      this.#current = new NameTable(this.#state);
      this.#previous = undefined;
      this.#used = 0;
      return;
    }
    const usual = Math.max(seriesCount, this.#used) * USUAL_PER_SERIES + MIN_USUAL;
    if (this.#previous !== undefined || this.#current.count <= usual) return;
    this.#previous = this.#current;
    this.#current = new NameTable(this.#state);
    this.#findsLeft = Math.min(this.#previous.count, seriesCount) * ROUNDS;
  }

  /** What `find` gives while there are two tables. */
  #moved(found: number, bytes: Uint8Array, start: number, end: number): number {
    let id = found;
    if (id === NONE) {
      id = this.#previous?.find(bytes, start, end) ?? NONE;
      if (id !== NONE) this.#current.add(bytes, start, end, id);
    }
    if (--this.#findsLeft <= 0) {
      this.#previous = undefined;
      this.#used = this.#current.count;
    }
    return id;
  }
}
