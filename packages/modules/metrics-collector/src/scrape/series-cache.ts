import { type Labels } from '@dwcp/core';
import { detach } from '@dwcp/protocol-prometheus';

/** A stored series, whatever texts it was exposed under. */
export interface KnownSeries {
  readonly labels: Labels;
  /** The scrape that last had it. */
  seenIn: number;
  /** The scrape that last had it without a timestamp of its own: only those go stale. */
  trackedIn: number;
  /** Texts that lead here. */
  texts: number;
}

/** What became of one series text: its stored series, or undefined when relabelling drops it. */
export interface CachedText {
  readonly text: string;
  readonly series: KnownSeries | undefined;
  seenIn: number;
}

/** How many texts beyond twice the good ones failing scrapes may leave; Prometheus' number. */
const SPARE_TEXTS = 1_000;

/**
 * Remembers what each series text of a target became, so that labels are parsed and relabelled only
 * once, and which series the last scrape had, for staleness.
 *
 * Expositions keep their order, so the text that follows is guessed from the scrape before; `guess`
 * right means no lookup at all. What a successful scrape did not have is forgotten after it; what a
 * failed one brought stays known, as in Prometheus, until the cache is more than twice as large as
 * it was after the last good one.
 */
export class SeriesCache {
  readonly #byText = new Map<string, CachedText>();
  readonly #byLabels = new Map<string, KnownSeries>();
  #scrape = 0;
  #seenTexts = 0;
  #order: CachedText[] = [];
  #newOrder: CachedText[] = [];
  #cursor = 0;
  #added: CachedText[] = [];
  /** Texts known after the last good scrape. */
  #goodSize = 0;
  /** Series of the last scrape that go stale when they vanish. */
  #previous: KnownSeries[] = [];
  /** The same for this scrape. */
  #current: KnownSeries[] = [];

  get size(): number {
    return this.#byText.size;
  }

  begin(): void {
    this.#scrape++;
    this.#seenTexts = 0;
    this.#cursor = 0;
    this.#newOrder = [];
    this.#added = [];
    this.#current = [];
  }

  /** The text that probably comes next. */
  guess(): CachedText | undefined {
    return this.#order[this.#cursor];
  }

  find(text: string): CachedText | undefined {
    return this.#byText.get(text);
  }

  /** @param labels undefined when the series is dropped */
  add(text: string, labels: Labels | undefined): CachedText {
    let series: KnownSeries | undefined;
    if (labels !== undefined) {
      series = this.#seriesOf(labels);
      series.texts++;
    }
    const cached = { text: detach(text), series, seenIn: 0 };
    this.#byText.set(cached.text, cached);
    this.#added.push(cached);
    return cached;
  }

  /** Notes that the text occurred; guesses go on after it. */
  see(cached: CachedText): void {
    if (cached.seenIn === this.#scrape) return;
    cached.seenIn = this.#scrape;
    this.#seenTexts++;
    this.#newOrder.push(cached);
    if (this.#order[this.#cursor] === cached) this.#cursor++;
    else this.#resync(cached);
  }

  /** Whether this scrape had a sample of the series already; the first call says no. */
  isRepeated(series: KnownSeries): boolean {
    if (series.seenIn === this.#scrape) return true;
    series.seenIn = this.#scrape;
    return false;
  }

  /** From now on the series is stale when a scrape lacks it. */
  trackStaleness(series: KnownSeries): void {
    if (series.trackedIn === this.#scrape) return;
    series.trackedIn = this.#scrape;
    this.#current.push(series);
  }

  /**
   * Ends a good scrape: what it did not have is forgotten.
   * @returns series that the scrape before had and this one lacks
   */
  commit(): readonly Labels[] {
    if (this.#seenTexts < this.#byText.size) this.#forgetUnseen();
    this.#goodSize = this.#byText.size;
    this.#order = this.#newOrder;
    const vanished: Labels[] = [];
    for (const { trackedIn, labels } of this.#previous) {
      if (trackedIn !== this.#scrape) vanished.push(labels);
    }
    this.#setPrevious(this.#current);
    return vanished;
  }

  /**
   * Ends a failed scrape. Its texts stay known, but none of its series counts as scraped.
   * @returns every series that the scrape before had
   */
  rollback(): readonly Labels[] {
    if (this.#byText.size > 2 * this.#goodSize + SPARE_TEXTS) this.#forgetUnseen();
    const vanished = this.tracked;
    this.#setPrevious([]);
    return vanished;
  }

  /** As if the scrape had not begun. */
  abandon(): void {
    for (const cached of this.#added) this.#forget(cached);
    this.#added = [];
  }

  /** The series that would go stale now; for handing them to another cache. */
  get tracked(): readonly Labels[] {
    return this.#previous.map(({ labels }) => labels);
  }

  /** Takes over series that were scraped under other settings, so that they can go stale here. */
  adopt(tracked: readonly Labels[]): void {
    for (const labels of tracked) this.#previous.push(this.#seriesOf(labels));
  }

  #seriesOf(labels: Labels): KnownSeries {
    let series = this.#byLabels.get(labels.key);
    if (series === undefined) {
      series = { labels, seenIn: 0, trackedIn: 0, texts: 0 };
      this.#byLabels.set(labels.key, series);
    }
    return series;
  }

  /** Adopted series that no text led to are done with after one scrape. */
  #setPrevious(series: KnownSeries[]): void {
    for (const { texts, labels } of this.#previous) {
      if (texts === 0) this.#byLabels.delete(labels.key);
    }
    this.#previous = series;
  }

  #forgetUnseen(): void {
    for (const cached of this.#byText.values()) {
      if (cached.seenIn !== this.#scrape) this.#forget(cached);
    }
  }

  #forget(cached: CachedText): void {
    this.#byText.delete(cached.text);
    const { series } = cached;
    if (series === undefined) return;
    series.texts--;
    if (series.texts === 0) this.#byLabels.delete(series.labels.key);
  }

  /** Finds the place to go on guessing after a text that was not expected: a few steps further. */
  #resync(cached: CachedText): void {
    for (let ahead = 1; ahead <= 8; ahead++) {
      if (this.#order[this.#cursor + ahead] === cached) {
        this.#cursor += ahead + 1;
        return;
      }
    }
  }
}
