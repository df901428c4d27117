/** Looks at a 2.0 message with nothing of the code under test. */
interface Field {
  readonly number: number;
  /** Of length-delimited fields. */
  readonly bytes: Uint8Array;
}

/** The symbols of an io.prometheus.write.v2.Request. */
export function symbolsOf(message: Uint8Array): readonly string[] {
  return fieldsOf(message)
    .filter(({ number }) => number === 4)
    .map(({ bytes }) => new TextDecoder().decode(bytes));
}

/** The labels_refs of each series. */
export function labelValueRefs(message: Uint8Array): readonly (readonly number[])[] {
  return fieldsOf(message)
    .filter(({ number }) => number === 5)
    .map(({ bytes }) => {
      const refs = fieldsOf(bytes).find(({ number }) => number === 1)?.bytes ?? new Uint8Array();
      const found: number[] = [];
      for (let at = 0; at < refs.length;) {
        const [ref, next] = varint(refs, at);
        found.push(ref);
        at = next;
      }
      return found;
    });
}

function fieldsOf(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, behindTag] = varint(bytes, at);
    at = behindTag;
    const number = tag >>> 3;
    if ((tag & 7) === 2) {
      const [length, start] = varint(bytes, at);
      fields.push({ number, bytes: bytes.subarray(start, start + length) });
      at = start + length;
    } else if ((tag & 7) === 1) at += 8;
    else if ((tag & 7) === 0) at = varint(bytes, at)[1];
    else throw new Error(`a field of wire type ${tag & 7}`);
  }
  return fields;
}

function varint(bytes: Uint8Array, start: number): readonly [value: number, next: number] {
  let value = 0;
  for (let at = start, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at + 1];
  }
}
