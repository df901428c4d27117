import {
  type CardinalityCount,
  type CardinalityReport,
  compareUtf8,
  compileMatcher,
  type LabelMatcher,
  Labels,
  METRIC_NAME,
} from '@dwcp/core';

import { SeriesState } from './series-state.ts';

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
  readonly #byId: (SeriesEntry | undefined)[] = [];
  readonly #byKey = new Map<string, SeriesEntry>();
  /** Name, then value, then the series that have it. */
  readonly #index = new Map<string, Map<string, SeriesEntry[]>>();
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
    for (const [name, value] of own) this.#postings(name, value).push(entry);
    return entry;
  }

  /** Forgets series that no head, no block and no record on its way to the log has. */
  remove(entries: Iterable<SeriesEntry>): void {
    const touched = new Map<string, Set<string>>();
    const gone = new Set<SeriesEntry>();
    for (const entry of entries) {
      if (!this.#byKey.delete(entry.labels.key)) continue;
      gone.add(entry);
      this.#byId[entry.id] = undefined;
      this.state.end(entry.id);
      this.#freeIds.push(entry.id);
      for (const [name, value] of entry.labels) {
        const values = touched.get(name);
        if (values === undefined) touched.set(name, new Set([value]));
        else values.add(value);
      }
    }
    for (const [name, values] of touched) {
      const postings = this.#index.get(name);
      for (const value of values) {
        const left = postings?.get(value)?.filter((entry) => !gone.has(entry)) ?? [];
        if (left.length > 0) {
          postings?.set(value, left);
        } else {
          postings?.delete(value);
          this.#strings.delete(value);
        }
      }
      if (postings?.size === 0) this.#index.delete(name);
    }
  }

  /**
   * The series all matchers hold for, in no order. The shortest list of candidates comes from one
   * matcher; the others are tested on these, each at most once per distinct value.
   * @throws InvalidInputError for a regular expression that is not valid RE2
   */
  match(matchers: readonly LabelMatcher[]): readonly SeriesEntry[] {
    const tests = matchers.map((matcher) => ({ matcher, test: compileMatcher(matcher) }));
    let candidates: readonly (readonly SeriesEntry[])[] | undefined;
    let candidateCount = this.#byKey.size;
    const offer = (lists: readonly (readonly SeriesEntry[])[]): void => {
      const count = lists.reduce((sum, list) => sum + list.length, 0);
      if (candidates !== undefined && count >= candidateCount) return;
      candidates = lists;
      candidateCount = count;
    };
    // A matcher that holds for '' also holds for series without the label, which no list has.
    const narrowing = tests.filter(({ test }) => !test(''));
    for (const { matcher } of narrowing) {
      if (matcher.operator !== '=') continue;
      const list = this.#index.get(matcher.name)?.get(matcher.value);
      offer(list === undefined ? [] : [list]);
    }
    for (const { matcher, test } of narrowing) {
      const values = this.#index.get(matcher.name);
      if (matcher.operator === '=' || (values?.size ?? 0) >= candidateCount) continue;
      const lists: (readonly SeriesEntry[])[] = [];
      for (const [value, list] of values ?? []) if (test(value)) lists.push(list);
      offer(lists);
    }
    const found: SeriesEntry[] = [];
    for (const list of candidates ?? [this.#byKey.values()]) {
      for (const entry of list) {
        if (tests.every(({ matcher, test }) => test(entry.labels.get(matcher.name)))) {
          found.push(entry);
        }
      }
    }
    return found;
  }

  /** What makes the series so many, each list the largest first. */
  cardinality(limit: number): CardinalityReport {
    const pairs: CardinalityCount[] = [];
    const values: CardinalityCount[] = [];
    const bytes: CardinalityCount[] = [];
    for (const [name, byValue] of this.#index) {
      let valueBytes = 0;
      for (const [value, entries] of byValue) {
        valueBytes += Buffer.byteLength(value) * entries.length;
        pairs.push({ name: `${name}=${value}`, count: entries.length });
      }
      values.push({ name, count: byValue.size });
      bytes.push({ name, count: valueBytes });
    }
    const names = [...(this.#index.get(METRIC_NAME) ?? [])];
    const byMetricName = names.map(([name, entries]) => ({ name, count: entries.length }));
    return {
      seriesCount: this.size,
      labelPairCount: pairs.length,
      byMetricName: largest(byMetricName, limit),
      valuesByLabelName: largest(values, limit),
      byLabelPair: largest(pairs, limit),
      bytesByLabelName: largest(bytes, limit),
    };
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
    const own = Buffer.from(text).toString();
    this.#strings.set(own, own);
    return own;
  }

  #postings(name: string, value: string): SeriesEntry[] {
    let values = this.#index.get(name);
    if (values === undefined) this.#index.set(name, (values = new Map<string, SeriesEntry[]>()));
    let list = values.get(value);
    if (list === undefined) values.set(value, (list = []));
    return list;
  }
}

function largest(counts: readonly CardinalityCount[], limit: number): readonly CardinalityCount[] {
  return counts
    .toSorted((a, b) => b.count - a.count || compareUtf8(a.name, b.name))
    .slice(0, limit);
}
