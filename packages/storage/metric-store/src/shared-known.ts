import { SLAB_BYTES } from './chunk-arena.ts';
import { type SeriesEntry } from './series-table.ts';
import { type SharedSelection } from './shared-message.ts';

/** Label sets that one reader keeps; beyond it begins anew. */
const MAX_SERIES = 200_000;

type News = Pick<SharedSelection, 'forgetsLabels' | 'newKeys' | 'newSlabs' | 'ownSlabs'>;

/**
 * What was sent to one reader before: label sets and slabs, which are called by number from then on.
 * One selection at a time.
 */
export class KnownByReader {
  readonly #series = new Map<SeriesEntry, number>();
  readonly #slabs = new Map<Uint8Array, number>();
  #own = new Map<Uint8Array, number>();
  #slabCount = 0;
  #forgetsLabels = false;
  #newKeys: string[] = [];
  #newSlabs: (readonly [number, Uint8Array])[] = [];

  /** Starts a selection of so many series at most. */
  begin(seriesCount: number): void {
    if (this.#series.size + seriesCount > MAX_SERIES) this.#forgetLabels();
    this.#own = new Map();
  }

  /** The reader has lost, or never got, what was said. */
  forget(): void {
    this.#forgetLabels();
    this.#slabs.clear();
    this.#newSlabs = [];
  }

  seriesNumber(entry: SeriesEntry): number {
    const known = this.#series.get(entry);
    if (known !== undefined) return known;
    const number = this.#series.size;
    this.#series.set(entry, number);
    this.#newKeys.push(entry.labels.key);
    return number;
  }

  slabNumber(slab: Uint8Array): number {
    // Slabs of the pool are used again and again; one of another size goes with its head.
    const numbers = slab.length === SLAB_BYTES ? this.#slabs : this.#own;
    const known = numbers.get(slab);
    if (known !== undefined) return known;
    const number = this.#slabCount++;
    numbers.set(slab, number);
    if (numbers === this.#slabs) this.#newSlabs.push([number, slab]);
    return number;
  }

  /** What of a selection the reader does not know yet. */
  finish(): News {
    const news = {
      forgetsLabels: this.#forgetsLabels,
      newKeys: this.#newKeys,
      newSlabs: this.#newSlabs,
      ownSlabs: [...this.#own].map(([slab, number]) => [number, slab] as const),
    };
    this.#forgetsLabels = false;
    this.#newKeys = [];
    this.#newSlabs = [];
    this.#own = new Map();
    return news;
  }

  #forgetLabels(): void {
    this.#series.clear();
    this.#newKeys = [];
    this.#forgetsLabels = true;
  }
}
