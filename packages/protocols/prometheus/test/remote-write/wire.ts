/** Protobuf by hand, for messages that no encoder would write. */

export function varint(value: bigint | number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

export type Part = string | number[] | Uint8Array;

/** A field of the wire type 2. */
export function bytes(field: number, ...content: readonly Part[]): number[] {
  const payload = content.flatMap((part) =>
    typeof part === 'string' ? [...Buffer.from(part)] : [...part],
  );
  return [...varint((field << 3) | 2), ...varint(payload.length), ...payload];
}

export function int(field: number, value: bigint | number): number[] {
  return [...varint(field << 3), ...varint(value)];
}

export function double(field: number, value: number): number[] {
  const content = Buffer.alloc(8);
  content.writeDoubleLE(value);
  return [...varint((field << 3) | 1), ...content];
}

export function label(name: string, value: string): number[] {
  return bytes(1, bytes(1, name), bytes(2, value));
}

export function sample(value: number, unixMs: bigint | number): number[] {
  return bytes(2, double(1, value), int(2, unixMs));
}

export function message(...parts: readonly number[][]): Uint8Array {
  return Uint8Array.from(parts.flat());
}
