/** The few pieces of protobuf and snappy that remote read needs beside remote write's decoder. */

/** Collects the bytes of one message. */
export class MessageWriter {
  readonly #bytes: number[] = [];

  /** A whole number, also a negative one (as int64 in two's complement). */
  varint(field: number, value: number): this {
    this.#raw(field * 8);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) this.#bytes.push(Number(rest & 127n) | 128);
    this.#bytes.push(Number(rest));
    return this;
  }

  bytes(field: number, value: string | Uint8Array): this {
    const content = typeof value === 'string' ? Buffer.from(value) : value;
    this.#raw(field * 8 + 2);
    this.#raw(content.length);
    for (const byte of content) this.#bytes.push(byte);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #raw(value: number): void {
    let rest = value;
    for (; rest > 127; rest >>>= 7) this.#bytes.push((rest & 127) | 128);
    this.#bytes.push(rest);
  }
}

/** Bytes `[start, end)` of the first field of that number that holds bytes, if there is one. */
export function findBytes(
  message: Uint8Array,
  field: number,
): { readonly start: number; readonly end: number } | undefined {
  for (const found of fieldsOf(message, 0, message.length)) {
    if (found.field === field) return found;
  }
  return undefined;
}

/** All fields between two positions, which must hold bytes or text. @throws RangeError */
export function* fieldsOf(
  message: Uint8Array,
  start: number,
  end: number,
): Generator<{ readonly field: number; readonly start: number; readonly end: number }> {
  let at = start;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < end && scale < 2 ** 49; scale *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError(`a number at byte ${at} has no end`);
  };
  while (at < end) {
    const tag = varint();
    if ((tag & 7) !== 2) throw new RangeError(`field ${tag >>> 3} at byte ${at} holds no bytes`);
    const length = varint();
    if (at + length > end) throw new RangeError(`field ${tag >>> 3} at byte ${at} is cut off`);
    yield { field: tag >>> 3, start: at, end: at + length };
    at += length;
  }
}

/**
 * A snappy block of literals only. It saves nothing, and a request of a few hundred bytes needs
 * no saving.
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
export function packLiterally(content: Uint8Array): Uint8Array {
  const header: number[] = [];
  let rest = content.length;
  for (; rest > 127; rest >>>= 7) header.push((rest & 127) | 128);
  header.push(rest);
  if (content.length === 0) return Uint8Array.from(header);
  // Tag 63 << 2: the length less one follows in four bytes.
  const length = Buffer.alloc(5);
  length[0] = 63 << 2;
  length.writeUInt32LE(content.length - 1, 1);
  return Buffer.concat([Uint8Array.from(header), length, content]);
}
