import { compileMatcher, type LabelMatcher } from '@dwcp/core';

import { type SeriesEntry } from './series-table.ts';
import { type Turns } from './turns.ts';

/** Series looked at in one go. */
const TIDY_STEP = 8_192;
/** A list is gone through at once when so many of its series, and half of them, are not there any more. */
const MIN_GONE = 64;
/** How long a regular expression that is far slower than others may hold the thread. */
const MAX_SLOW_MS = 200;

/** The series that have one value of a label. */
interface Postings {
  /** Also some that are not there any more, or every removal would go through all the others. */
  entries: SeriesEntry[];
  gone: number;
}

/** From label name and value to series. */
export class LabelIndex {
  readonly #isThere: (entry: SeriesEntry) => boolean;
  readonly #byName = new Map<string, Map<string, Postings>>();
  /** Lists with series that are gone. */
  readonly #untidy = new Set<Postings>();

  constructor(isThere: (entry: SeriesEntry) => boolean) {
    this.#isThere = isThere;
  }

  add(entry: SeriesEntry): void {
    for (const [name, value] of entry.labels) {
      let values = this.#byName.get(name);
      if (values === undefined) this.#byName.set(name, (values = new Map<string, Postings>()));
      const postings = values.get(value);
      if (postings === undefined) values.set(value, { entries: [entry], gone: 0 });
      else postings.entries.push(entry);
    }
  }

  /**
   * Takes a series out that is not there any more.
   * @returns names, and values of a name, that no series has now
   */
  remove(entry: SeriesEntry): readonly string[] {
    const unused: string[] = [];
    for (const [name, value] of entry.labels) {
      const values = this.#byName.get(name);
      const postings = values?.get(value);
      if (values === undefined || postings === undefined) continue;
      const left = postings.entries.length - ++postings.gone;
      if (left === 0) {
        values.delete(value);
        this.#untidy.delete(postings);
        unused.push(value);
      } else if (postings.gone > left + MIN_GONE) {
        postings.entries = postings.entries.filter(this.#isThere);
        postings.gone = 0;
        this.#untidy.delete(postings);
      } else this.#untidy.add(postings);
      if (values.size > 0) continue;
      this.#byName.delete(name);
      unused.push(name);
    }
    return unused;
  }

  /** Lets go of all series that are gone. */
  async tidy(turns: Turns): Promise<void> {
    for (const postings of this.#untidy) {
      const { entries } = postings;
      const left: SeriesEntry[] = [];
      let seen = 0;
      // Others may be added at the end while the loop turns, and some of those seen may go.
      while (seen < entries.length && postings.entries === entries) {
        const end = Math.min(entries.length, seen + TIDY_STEP);
        for (let i = seen; i < end; i++) {
          const entry = entries[i];
          if (entry !== undefined && this.#isThere(entry)) left.push(entry);
        }
        await turns.spend(end - seen);
        seen = end;
      }
      if (postings.entries !== entries) continue;
      postings.gone -= entries.length - left.length;
      postings.entries = left;
      if (postings.gone === 0) this.#untidy.delete(postings);
    }
  }

  /** How many series have each value, by label name. May change while it is gone through. */
  *counts(): Iterable<readonly [name: string, values: Iterable<readonly [string, number]>]> {
    for (const [name, values] of this.#byName) yield [name, countsOf(values)];
  }

  /**
   * The series all matchers hold for, in no order. The shortest list of candidates comes from one
   * matcher; the others are tested on these, each at most once per distinct value.
   * @param all the series there are
   * @throws InvalidInputError for a regular expression that is not valid RE2, or takes too long
   */
  match(
    matchers: readonly LabelMatcher[],
    all: ReadonlyMap<string, SeriesEntry>,
  ): readonly SeriesEntry[] {
    const tests = matchers.map((matcher) => ({
      matcher,
      test: compileMatcher(matcher, { maxSlowMs: MAX_SLOW_MS }),
    }));
    let candidates: readonly (readonly SeriesEntry[])[] | undefined;
    let candidateCount = all.size;
    /** Holds for all candidates, which are those of its values. */
    let narrowest: LabelMatcher | undefined;
    const offer = (lists: readonly (readonly SeriesEntry[])[], by: LabelMatcher): void => {
      const count = lists.reduce((sum, list) => sum + list.length, 0);
      if (candidates !== undefined && count >= candidateCount) return;
      candidates = lists;
      candidateCount = count;
      narrowest = by;
    };
    // A matcher that holds for '' also holds for series without the label, which no list has.
    const narrowing = tests.filter(({ test }) => !test(''));
    for (const { matcher } of narrowing) {
      if (matcher.operator !== '=') continue;
      const list = this.#byName.get(matcher.name)?.get(matcher.value)?.entries;
      offer(list === undefined ? [] : [list], matcher);
    }
    for (const { matcher, test } of narrowing) {
      const values = this.#byName.get(matcher.name);
      if (matcher.operator === '=' || (values?.size ?? 0) >= candidateCount) continue;
      const lists: (readonly SeriesEntry[])[] = [];
      for (const [value, { entries }] of values ?? []) if (test(value)) lists.push(entries);
      offer(lists, matcher);
    }
    const others = tests.filter(({ matcher }) => matcher !== narrowest);
    const found: SeriesEntry[] = [];
    for (const list of candidates ?? [all.values()]) {
      for (const entry of list) {
        if (!this.#isThere(entry)) continue;
        if (others.every(({ matcher, test }) => test(entry.labels.get(matcher.name)))) {
          found.push(entry);
        }
      }
    }
    return found;
  }
}

function* countsOf(values: ReadonlyMap<string, Postings>): Iterable<readonly [string, number]> {
  for (const [value, { entries, gone }] of values) yield [value, entries.length - gone];
}
