import { type BitWriter } from './bit-writer.ts';

const NO_WINDOW = 255;

/**
 * Writes the values of one field by what they have in common with the one before (Gorilla, section
 * 4.1.2), as Prometheus' chunks have them: up to 31 leading zeros are told.
 */
export class XorField {
  #low = 0;
  #high = 0;
  #leading = NO_WINDOW;
  #trailing = 0;

  /** The first value, with all its bits. */
  first(writer: BitWriter, low: number, high: number): void {
    this.#low = low;
    this.#high = high;
    this.#leading = NO_WINDOW;
    this.#trailing = 0;
    writer.bits64(high, low, 64);
  }

  next(writer: BitWriter, low: number, high: number): void {
    const [deltaLow, deltaHigh] = [low ^ this.#low, high ^ this.#high];
    this.#low = low;
    this.#high = high;
    if (deltaLow === 0 && deltaHigh === 0) {
      writer.bits(0, 1);
      return;
    }
    const zeros = deltaHigh === 0 ? 32 + Math.clz32(deltaLow) : Math.clz32(deltaHigh);
    const leading = Math.min(31, zeros);
    const trailing = deltaLow === 0 ? 32 + trailingZeros(deltaHigh) : trailingZeros(deltaLow);
    const fits =
      this.#leading !== NO_WINDOW && leading >= this.#leading && trailing >= this.#trailing;
    if (fits) writer.bits(0b10, 2);
    else {
      this.#leading = leading;
      this.#trailing = trailing;
      writer.bits(0b11, 2);
      writer.bits(leading, 5);
      // 64 does not fit and is written as 0, which is never needed for itself.
      writer.bits((64 - leading - trailing) & 63, 6);
    }
    const shift = this.#trailing;
    const count = 64 - this.#leading - shift;
    if (shift >= 32) writer.bits64(0, deltaHigh >>> (shift - 32), count);
    else if (shift === 0) writer.bits64(deltaHigh, deltaLow, count);
    else {
      writer.bits64(deltaHigh >>> shift, (deltaLow >>> shift) | (deltaHigh << (32 - shift)), count);
    }
  }
}

function trailingZeros(value: number): number {
  return 31 - Math.clz32(value & -value);
}
