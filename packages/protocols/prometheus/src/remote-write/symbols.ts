import { METRIC_NAME } from '@dwcp/core';

import { malformed } from './errors.ts';
import { decodeText } from './labels.ts';

const METRIC_NAME_BYTES = Buffer.from(METRIC_NAME);

/** The symbols of a 2.0 request: where they stand in it, and the text of those that were asked for. */
export class SymbolTable {
  readonly #bytes: Uint8Array;
  #places = new Int32Array(1_024);
  #texts: (string | undefined)[] = [];
  count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  add(start: number, end: number): void {
    if (this.count * 2 === this.#places.length) {
      const grown = new Int32Array(this.#places.length * 2);
      grown.set(this.#places);
      this.#places = grown;
    }
    this.#places[this.count * 2] = start;
    this.#places[this.count * 2 + 1] = end;
    this.count++;
  }

  /** Of symbol i: its start at 2 i, its end at 2 i + 1. */
  get places(): Int32Array {
    return this.#places;
  }

  startOf(ref: number): number {
    return this.#places[ref * 2] ?? 0;
  }

  endOf(ref: number): number {
    return this.#places[ref * 2 + 1] ?? 0;
  }

  /** @param ref less than `count` */
  text(ref: number): string {
    const known = this.#texts[ref];
    if (known !== undefined) return known;
    const text = decodeText(this.#bytes, this.startOf(ref), this.endOf(ref), `symbols[${ref}]`);
    this.#texts[ref] = text;
    return text;
  }

  isMetricName(ref: number): boolean {
    const start = this.startOf(ref);
    if (this.endOf(ref) - start !== METRIC_NAME_BYTES.length) return false;
    return METRIC_NAME_BYTES.every((byte, index) => this.#bytes[start + index] === byte);
  }

  /** The first symbol stands for what is not given. */
  checkFirst(): void {
    if (this.count > 0 && this.endOf(0) === this.startOf(0)) return;
    throw malformed(
      this.count === 0 ? 'there are no symbols' : 'symbols[0] is not the empty string',
    );
  }
}
