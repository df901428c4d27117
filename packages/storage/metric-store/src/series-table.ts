import { type CardinalityReport, type LabelMatcher, Labels } from '@dwcp/core';

import { cardinalityOf } from './cardinality.ts';
import { LabelIndex } from './label-index.ts';
import { MatchCache } from './match-cache.ts';
import { SeriesOrder } from './series-order.ts';
import { SeriesState } from './series-state.ts';
import { type Turns } from './turns.ts';

/** Characters of the shortest string that may be a part of another one, or two joined. */
const MIN_SLICED = 13;

/** A series of the store: its labels, and the number under which its state is found. */
export class SeriesEntry {
  readonly id: number;
  readonly labels: Labels;
  readonly #state: SeriesState;

  constructor(id: number, labels: Labels, state: SeriesState) {
    this.id = id;
    this.labels = labels;
    this.#state = state;
  }

  /** Minus infinity before the first sample. */
  get newestUnixMs(): number {
    return this.#state.newestUnixMs[this.id] ?? Number.NEGATIVE_INFINITY;
  }

  /** Whether samples of it are on their way to the log. */
  get isPending(): boolean {
    return (this.#state.pending[this.id] ?? 0) > 0;
  }

  setNewest(unixMs: number, low: number, high: number, isHistogram: boolean): void {
    this.#state.setNewest(this.id, unixMs, low, high, isHistogram);
  }
}

/** All series by labels, with an index from label name and value to series. */
export class SeriesTable {
  readonly state = new SeriesState();
  readonly order = new SeriesOrder(this);
  readonly #byId: (SeriesEntry | undefined)[] = [];
  readonly #byKey = new Map<string, SeriesEntry>();
  readonly #index = new LabelIndex((entry) => this.has(entry));
  readonly #matches = new MatchCache();
  /** What was matched, by labels. */
  readonly #ordered = new WeakMap<readonly SeriesEntry[], readonly SeriesEntry[]>();
  /** One copy of each string; a shared one that is dropped too early only costs memory. */
  readonly #strings = new Map<string, string>();
  #nextId = 1;
  /** Of series that were removed. Used again, so that ids stay small: heads are arrays by id. */
  readonly #freeIds: number[] = [];

  get size(): number {
    return this.#byKey.size;
  }

  /** Above all ids in use. */
  get idLimit(): number {
    return this.#nextId;
  }

  entryOf(id: number): SeriesEntry | undefined {
    return this.#byId[id];
  }

  /** Whether a series is still there, and was not removed. */
  has(entry: SeriesEntry): boolean {
    return this.#byId[entry.id] === entry;
  }

  find(labels: Labels): SeriesEntry | undefined {
    return this.#byKey.get(labels.key);
  }

  /** The entry of these labels, made when there is none. */
  ensure(labels: Labels): SeriesEntry {
    const found = this.#byKey.get(labels.key);
    if (found !== undefined) return found;
    const own = this.#ownCopy(labels);
    const known = this.#byKey.get(own.key);
    if (known !== undefined) return known;
    const entry = new SeriesEntry(this.#freeIds.pop() ?? this.#nextId++, own, this.state);
    this.state.begin(entry.id);
    while (this.#byId.length <= entry.id) this.#byId.push(undefined);
    this.#byId[entry.id] = entry;
    this.#byKey.set(own.key, entry);
    this.#index.add(entry);
    this.#matches.changed(entry);
    return entry;
  }

  /** Forgets series that no head, no block and no record on its way to the log has. */
  remove(entries: Iterable<SeriesEntry>): void {
    for (const entry of entries) {
      if (!this.has(entry)) continue;
      this.#byKey.delete(entry.labels.key);
      this.#byId[entry.id] = undefined;
      this.state.end(entry.id);
      this.#freeIds.push(entry.id);
      this.#matches.changed(entry);
      for (const text of this.#index.remove(entry)) this.#strings.delete(text);
    }
  }

  /** Lets go of what series that were removed have left behind. */
  tidy(turns: Turns): Promise<void> {
    return this.#index.tidy(turns);
  }

  /**
   * The series all matchers hold for, in no order.
   * @throws InvalidInputError for a regular expression that is not valid RE2
   */
  match(matchers: readonly LabelMatcher[]): readonly SeriesEntry[] {
    return this.#matches.match(matchers, () => this.#index.match(matchers, this.#byKey));
  }

  /** As `match`, by labels. */
  matchInOrder(matchers: readonly LabelMatcher[]): readonly SeriesEntry[] {
    const found = this.match(matchers);
    const known = this.#ordered.get(found);
    if (known !== undefined) return known;
    const ordered = this.order.sort(found);
    this.#ordered.set(found, ordered);
    return ordered;
  }

  cardinality(limit: number): Promise<CardinalityReport> {
    return cardinalityOf(this.#index, limit, () => this.size);
  }

  /**
   * Strings cut out of a request would keep the whole request in memory, so they are copied; and
   * once they went through UTF-8, a lone surrogate is U+FFFD now and not only after a restart.
   */
  #ownCopy(labels: Labels): Labels {
    const flat = labels.flat.map((text) => this.#ownString(text));
    const wellFormed = labels.flat.every((text, i) => text === flat[i]);
    if (wellFormed) return Labels.fromSortedFlat(flat);
    const pairs: [string, string][] = [];
    for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i] ?? '', flat[i + 1] ?? '']);
    return Labels.fromPairs(pairs);
  }

  #ownString(text: string): string {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    // V8 makes a short string of its own out of a part of another one.
    const isOwn = text.length < MIN_SLICED && text.isWellFormed();
    const own = isOwn ? text : Buffer.from(text).toString();
    this.#strings.set(own, own);
    return own;
  }
}
