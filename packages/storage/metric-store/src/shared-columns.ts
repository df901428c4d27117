import { ByteWriter } from './bytes.ts';
import { encodeChunk } from './chunk.ts';
import { Columns } from './columns.ts';
import { grown } from './series-state.ts';

/** Numbers in a row, as long as they get. */
export class NumberList {
  #numbers = new Uint32Array(256);
  length = 0;

  push3(a: number, b: number, c: number): void {
    this.#reserve(3);
    this.#numbers[this.length++] = a;
    this.#numbers[this.length++] = b;
    this.#numbers[this.length++] = c;
  }

  push4(a: number, b: number, c: number, d: number): void {
    this.#reserve(4);
    this.#numbers[this.length++] = a;
    this.#numbers[this.length++] = b;
    this.#numbers[this.length++] = c;
    this.#numbers[this.length++] = d;
  }

  /** With memory of its own. */
  finish(): Uint32Array<ArrayBuffer> {
    return this.#numbers.slice(0, this.length);
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#numbers.length) return;
    this.#numbers = grown(this.#numbers, new Uint32Array(this.#numbers.length * 2));
  }
}

/** Copies of samples of a head that may be changed or moved while another thread reads. */
export class SampleCopies {
  #columns = new Columns(256);
  #count = 0;
  readonly #encoded = new ByteWriter(64);

  /** Copies samples without histograms. @returns where they are in `open` */
  add(from: Columns, start: number, count: number): number {
    const at = this.#count;
    if (at + count > this.#columns.capacity) {
      const larger = new Columns(Math.max(at + count, this.#columns.capacity * 2));
      larger.copyFrom(this.#columns, 0, at, 0);
      this.#columns = larger;
    }
    const { timestamps, words } = this.#columns;
    // They are few: to make views of them would take longer than to copy them one by one.
    for (let i = 0; i < count; i++) timestamps[at + i] = from.timestamps[start + i] ?? 0;
    for (let i = 0; i < count * 2; i++) words[at * 2 + i] = from.words[start * 2 + i] ?? 0;
    this.#count += count;
    return at;
  }

  /** Copies samples of any kind. @returns where they are in `encoded` */
  encode(from: Columns, start: number, count: number): number {
    const at = this.#encoded.length;
    encodeChunk(this.#encoded, from, start, start + count);
    return at;
  }

  /** In the form of Columns, with room that is left: to cut it off would be to copy once more. */
  get open(): ArrayBufferLike {
    return this.#columns.timestamps.buffer;
  }

  get encoded(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#encoded.view());
  }
}

/** Whether there is a histogram among some samples. */
export function hasHistogram({ histograms }: Columns, start: number, count: number): boolean {
  if (histograms === undefined) return false;
  for (let i = start; i < start + count; i++) if (histograms[i] !== undefined) return true;
  return false;
}
