/** One field of a protobuf message. Numbers of 64 bits come as double where they are counts. */
export type ProtoField =
  | { readonly number: number; readonly kind: 'varint'; readonly value: bigint }
  | {
      readonly number: number;
      readonly kind: 'fixed64' | 'fixed32' | 'bytes';
      readonly bytes: Uint8Array;
    };

/** Bytes that are no protobuf. */
export class ProtoError extends Error {}

/** Reads a base-128 varint. @returns its value and the position behind it */
export function readVarint(
  bytes: Uint8Array,
  start: number,
): readonly [value: bigint, end: number] {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) throw new ProtoError('a number is cut off');
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return [BigInt.asUintN(64, value), start + i + 1];
  }
  throw new ProtoError('a number is longer than 10 bytes');
}

/**
 * The fields of a message, in their order.
 * @throws ProtoError
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function* protoFields(bytes: Uint8Array): Iterable<ProtoField> {
  let position = 0;
  const take = (size: number): Uint8Array => {
    const end = position + size;
    if (end > bytes.length) throw new ProtoError('a field is cut off');
    const part = bytes.subarray(position, end);
    position = end;
    return part;
  };
  while (position < bytes.length) {
    const [tag, afterTag] = readVarint(bytes, position);
    position = afterTag;
    const number = Number(tag >> 3n);
    switch (Number(tag & 7n)) {
      case 0: {
        const [value, end] = readVarint(bytes, position);
        position = end;
        yield { number, kind: 'varint', value };
        break;
      }
      case 1:
        yield { number, kind: 'fixed64', bytes: take(8) };
        break;
      case 2: {
        const [size, end] = readVarint(bytes, position);
        position = end;
        yield { number, kind: 'bytes', bytes: take(Number(size)) };
        break;
      }
      case 5:
        yield { number, kind: 'fixed32', bytes: take(4) };
        break;
      default:
        throw new ProtoError(`field ${number} has an unknown wire type`);
    }
  }
}

/** The last field of a number, decoded; undefined when there is none. */
export class ProtoMessage {
  readonly #fields = new Map<number, ProtoField[]>();

  /** @throws ProtoError */
  constructor(bytes: Uint8Array) {
    for (const field of protoFields(bytes)) {
      const list = this.#fields.get(field.number);
      if (list === undefined) this.#fields.set(field.number, [field]);
      else list.push(field);
    }
  }

  has(number: number): boolean {
    return this.#fields.has(number);
  }

  double(number: number): number | undefined {
    const field = this.#last(number);
    if (field?.kind !== 'fixed64') return undefined;
    const { bytes } = field;
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  unsigned(number: number): number | undefined {
    const field = this.#last(number);
    return field?.kind === 'varint' ? Number(field.value) : undefined;
  }

  /** @throws ProtoError when it is not UTF-8 */
  text(number: number): string {
    const field = this.#last(number);
    if (field?.kind !== 'bytes') return '';
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(field.bytes);
    } catch (cause) {
      throw new ProtoError(`field ${number} is not UTF-8`, { cause });
    }
  }

  message(number: number): ProtoMessage | undefined {
    const field = this.#last(number);
    return field?.kind === 'bytes' ? new ProtoMessage(field.bytes) : undefined;
  }

  messages(number: number): readonly ProtoMessage[] {
    return (this.#fields.get(number) ?? []).flatMap((field) =>
      field.kind === 'bytes' ? [new ProtoMessage(field.bytes)] : [],
    );
  }

  #last(number: number): ProtoField | undefined {
    return this.#fields.get(number)?.at(-1);
  }
}
