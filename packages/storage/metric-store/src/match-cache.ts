import { type LabelMatcher, METRIC_NAME } from '@dwcp/core';

import { type SeriesEntry } from './series-table.ts';

/** Series in all lists together: 8 MB, and as much again for the same in order. */
const MAX_ENTRIES = 1_000_000;
const MAX_SELECTIONS = 20_000;

/**
 * What selectors found, until a series comes or goes that has the metric name they ask for. Rules and
 * panels ask for the same again and again.
 */
export class MatchCache {
  /** By metric name, '' for those that ask for none. */
  readonly #byName = new Map<string, Map<string, readonly SeriesEntry[]>>();
  #entryCount = 0;
  #selectionCount = 0;

  /** @param find the series all matchers hold for */
  match(
    matchers: readonly LabelMatcher[],
    find: () => readonly SeriesEntry[],
  ): readonly SeriesEntry[] {
    const name = matchers.find(
      (matcher) => matcher.name === METRIC_NAME && matcher.operator === '=',
    );
    const metric = name?.value ?? '';
    const key = JSON.stringify(
      matchers.map(({ name, operator, value }) => [name, operator, value]),
    );
    const known = this.#byName.get(metric)?.get(key);
    if (known !== undefined) return known;
    const found = find();
    if (this.#entryCount + found.length > MAX_ENTRIES || this.#selectionCount >= MAX_SELECTIONS) {
      this.#clear();
    }
    if (found.length > MAX_ENTRIES) return found;
    const alike = this.#byName.get(metric) ?? new Map<string, readonly SeriesEntry[]>();
    this.#byName.set(metric, alike.set(key, found));
    this.#entryCount += found.length;
    this.#selectionCount++;
    return found;
  }

  /** A series came or went. */
  changed({ labels }: SeriesEntry): void {
    if (this.#byName.size === 0) return;
    this.#forget(labels.metricName);
    this.#forget('');
  }

  #forget(metric: string): void {
    const alike = this.#byName.get(metric);
    if (alike === undefined) return;
    this.#byName.delete(metric);
    for (const entries of alike.values()) this.#entryCount -= entries.length;
    this.#selectionCount -= alike.size;
  }

  #clear(): void {
    this.#byName.clear();
    this.#entryCount = 0;
    this.#selectionCount = 0;
  }
}
