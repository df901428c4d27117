/** Writes protobuf by hand, so that what reads it is not tested against itself. */
export type Field = readonly [number: number, value: Value];
type Value =
  | string
  | { readonly double: number }
  | { readonly varint: number | bigint }
  | { readonly message: readonly Field[] };

export const double = (value: number): Value => ({ double: value });
export const varint = (value: number | bigint): Value => ({ varint: value });
export const message = (...fields: readonly Field[]): Value => ({ message: fields });

export function encode(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([number, value]) => encodeField(number, value)));
}

/** Messages behind their lengths, as in a body of `encoding=delimited`. */
export function delimited(...messages: readonly (readonly Field[])[]): Buffer {
  return Buffer.concat(
    messages.map(encode).flatMap((bytes) => [encodeVarint(bytes.length), bytes]),
  );
}

function encodeField(number: number, value: Value): readonly Buffer[] {
  const tag = (wireType: number): Buffer => encodeVarint(number * 8 + wireType);
  if (typeof value === 'string' || 'message' in value) {
    const bytes = typeof value === 'string' ? Buffer.from(value) : encode(value.message);
    return [tag(2), encodeVarint(bytes.length), bytes];
  }
  if ('varint' in value) return [tag(0), encodeVarint(value.varint)];
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value.double);
  return [tag(1), bytes];
}

function encodeVarint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}
