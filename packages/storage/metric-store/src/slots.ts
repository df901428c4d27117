import { Columns } from './columns.ts';

/**
 * Who reads the head at the moment. Memory that was freed while somebody may still look at it is
 * given out again only when all who came before that have gone.
 */
export class Readers {
  #epoch = 0;
  readonly #active = new Set<number>();

  /** @returns a token for `leave` */
  enter(): number {
    this.#active.add(++this.#epoch);
    return this.#epoch;
  }

  leave(token: number): void {
    this.#active.delete(token);
  }

  /** Tags what is freed now. */
  get epoch(): number {
    return this.#epoch;
  }

  get isEmpty(): boolean {
    return this.#active.size === 0;
  }

  /** Whether nobody is left who came before something with this tag was freed. */
  haveLeft(tag: number): boolean {
    // A set iterates in the order of insertion: the first is the oldest.
    for (const oldest of this.#active) return oldest > tag;
    return true;
  }
}

/**
 * Places of a fixed number of samples in large shared slabs of columns. One small array per series
 * would cost more for its header than for its samples.
 */
export class SlotArena {
  readonly slotSamples: number;
  readonly #slotsPerSlab: number;
  readonly #readers: Readers;
  readonly #slabs: Columns[] = [];
  readonly #free: number[] = [];
  /** Freed, and perhaps still read: slot, tag, slot, tag, ... */
  readonly #limbo: number[] = [];
  #limboFrom = 0;
  #next = 0;

  constructor(slotSamples: number, slabSamples: number, readers: Readers) {
    this.slotSamples = slotSamples;
    this.#slotsPerSlab = Math.floor(slabSamples / slotSamples);
    this.#readers = readers;
  }

  get sizeBytes(): number {
    return this.#slabs.length * this.#slotsPerSlab * this.slotSamples * 16;
  }

  take(): number {
    this.#reclaim();
    const slot = this.#free.pop();
    if (slot !== undefined) {
      this.#forgetHistograms(slot);
      return slot;
    }
    if (this.#next === this.#slabs.length * this.#slotsPerSlab) {
      this.#slabs.push(Columns.shared(this.#slotsPerSlab * this.slotSamples));
    }
    return this.#next++;
  }

  give(slot: number): void {
    if (this.#readers.isEmpty) this.#free.push(slot);
    else this.#limbo.push(slot, this.#readers.epoch);
  }

  /** An empty slot in place of one whose samples are elsewhere now: the same, unless it is read. */
  renew(slot: number): number {
    if (this.#readers.isEmpty) {
      this.#forgetHistograms(slot);
      return slot;
    }
    this.give(slot);
    return this.take();
  }

  columnsOf(slot: number): Columns {
    const slab = this.#slabs[Math.floor(slot / this.#slotsPerSlab)];
    if (slab === undefined) throw new Error(`there is no slot ${slot}`);
    return slab;
  }

  /** The position in the slot's columns at which it begins. */
  startOf(slot: number): number {
    return (slot % this.#slotsPerSlab) * this.slotSamples;
  }

  #reclaim(): void {
    const limbo = this.#limbo;
    while (
      this.#limboFrom < limbo.length &&
      this.#readers.haveLeft(limbo[this.#limboFrom + 1] ?? 0)
    ) {
      this.#free.push(limbo[this.#limboFrom] ?? 0);
      this.#limboFrom += 2;
    }
    // Where there is always a reader it is never empty, so what is behind is cut off now and then.
    if (this.#limboFrom > 0 && this.#limboFrom * 2 >= limbo.length) {
      limbo.splice(0, this.#limboFrom);
      this.#limboFrom = 0;
    }
  }

  #forgetHistograms(slot: number): void {
    const columns = this.columnsOf(slot);
    if (columns.histograms === undefined) return;
    const start = this.startOf(slot);
    for (let i = start; i < start + this.slotSamples; i++) {
      // Positions that never had one are not made: of a large slab they would be many.
      if (columns.histograms[i] !== undefined) columns.histograms[i] = undefined;
    }
  }
}
