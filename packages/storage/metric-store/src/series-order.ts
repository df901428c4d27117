import { type SeriesEntry } from './series-table.ts';
import { type Turns } from './turns.ts';

/** An update may do so many between two turns of the event loop; about 5 ms. */
export const COMPARISONS_PER_TURN = 10_000;
/** Runs so short are sorted in one go. */
const RUN = 256;

/** What of a series table the order needs. */
interface Table {
  readonly idLimit: number;
  entryOf(id: number): SeriesEntry | undefined;
}

/**
 * The series of a table by labels, which is the order of answers and of block files. It is brought up to
 * date from time to time; in between, new series are sorted in where they are asked for.
 */
export class SeriesOrder {
  readonly #table: Table;
  #sorted: readonly SeriesEntry[] = [];
  /** By id, the place in `#sorted` plus 1; 0 for none. An id may have gone to another series since. */
  #ranks: Uint32Array = new Uint32Array(0);

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * Takes up the series that came since, and lets go of those that went.
   * @param turns counted in comparisons
   */
  async update(turns: Turns): Promise<void> {
    const news: SeriesEntry[] = [];
    const old: SeriesEntry[] = [];
    const { idLimit } = this.#table;
    for (let id = 0; id < idLimit; id++) {
      if (id % RUN === 0) await turns.spend(RUN / 16);
      const entry = this.#table.entryOf(id);
      if (entry !== undefined && this.#rankOf(entry) === 0) news.push(entry);
    }
    for (const [place, entry] of this.#sorted.entries()) {
      if (place % RUN === 0) await turns.spend(RUN / 16);
      if (this.#table.entryOf(entry.id) === entry) old.push(entry);
    }
    if (news.length === 0 && old.length === this.#sorted.length) return;
    const sorted = await merge(old, await sort(news, turns), turns);
    // Ids that came meanwhile are above the limit, and unranked as they should be.
    const ranks = new Uint32Array(idLimit);
    for (const [place, { id }] of sorted.entries()) ranks[id] = place + 1;
    this.#sorted = sorted;
    this.#ranks = ranks;
  }

  /** The entries by labels. */
  sort(entries: readonly SeriesEntry[]): readonly SeriesEntry[] {
    const ranks = new Uint32Array(entries.length);
    const unranked: SeriesEntry[] = [];
    let count = 0;
    for (const entry of entries) {
      const rank = this.#rankOf(entry);
      if (rank === 0) unranked.push(entry);
      else ranks[count++] = rank;
    }
    const places = ranks.subarray(0, count).sort();
    const ranked: SeriesEntry[] = [];
    for (const rank of places) {
      const entry = this.#sorted[rank - 1];
      if (entry !== undefined) ranked.push(entry);
    }
    if (unranked.length === 0) return ranked;
    unranked.sort(byLabels);
    if (ranked.length === 0) return unranked;
    const merged: SeriesEntry[] = [];
    for (const step of mergeSteps(ranked, unranked)) merged.push(step);
    return merged;
  }

  #rankOf(entry: SeriesEntry): number {
    const rank = this.#ranks[entry.id] ?? 0;
    return rank !== 0 && this.#sorted[rank - 1] === entry ? rank : 0;
  }
}

function byLabels(a: SeriesEntry, b: SeriesEntry): number {
  return a.labels.compare(b.labels);
}

async function sort(
  entries: readonly SeriesEntry[],
  turns: Turns,
): Promise<readonly SeriesEntry[]> {
  let runs: (readonly SeriesEntry[])[] = [];
  for (let start = 0; start < entries.length; start += RUN) {
    runs.push(entries.slice(start, start + RUN).sort(byLabels));
    await turns.spend(RUN * 8);
  }
  while (runs.length > 1) {
    const merged: (readonly SeriesEntry[])[] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(await merge(runs[i] ?? [], runs[i + 1] ?? [], turns));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge(
  a: readonly SeriesEntry[],
  b: readonly SeriesEntry[],
  turns: Turns,
): Promise<readonly SeriesEntry[]> {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const merged: SeriesEntry[] = [];
  for (const entry of mergeSteps(a, b)) {
    merged.push(entry);
    if (merged.length % RUN === 0) await turns.spend(RUN);
  }
  return merged;
}

function* mergeSteps(a: readonly SeriesEntry[], b: readonly SeriesEntry[]): Iterable<SeriesEntry> {
  let left = 0;
  let right = 0;
  for (;;) {
    const [first, second] = [a[left], b[right]];
    if (first === undefined && second === undefined) return;
    const isFirst = second === undefined || (first !== undefined && byLabels(first, second) <= 0);
    if (isFirst) left++;
    else right++;
    const next = isFirst ? first : second;
    if (next !== undefined) yield next;
  }
}
