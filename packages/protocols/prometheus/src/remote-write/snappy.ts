import { malformed, RemoteWriteError } from './errors.ts';

const LITERAL = 0;
const COPY_1 = 1;
const COPY_2 = 2;

/** Room for copies that write whole words past their end. */
const SLACK = 64;
const FIRST_CAPACITY = 1 << 20;
/** No element gives more per byte than a copy of 64 bytes from three. */
const MAX_RATIO = 64 / 3;

let output = Buffer.allocUnsafeSlow(FIRST_CAPACITY + SLACK);
let outputView = viewOf(output);

/**
 * Unpacks a snappy block (not the framed stream) into a buffer that is reused and grown.
 * @returns a view of it, valid until the next call
 * @throws RemoteWriteError of the kind `too-large`, before anything is unpacked, when the block says
 *   that it holds more than `maxBytes`
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
export function unpackSnappy(body: Uint8Array, maxBytes: number): Uint8Array {
  let length = 0;
  let position = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = body[position];
    if (byte === undefined || factor > 2 ** 28) {
      throw malformed('snappy: the body does not start with its unpacked length');
    }
    position++;
    length += (byte & 0x7f) * factor;
    if (byte < 128) break;
  }
  if (length > maxBytes) {
    throw new RemoteWriteError(
      'too-large',
      `snappy: the body unpacks to ${length} bytes, the limit is ${maxBytes}: send smaller requests`,
    );
  }
  // So a short body cannot make the buffer grow.
  if (length > body.length * MAX_RATIO) {
    throw malformed(`snappy: ${body.length} bytes cannot unpack to the ${length} they declare`);
  }
  if (length + SLACK > output.length) grow(length);
  unpack(body, position, length);
  return output.subarray(0, length);
}

function grow(length: number): void {
  output = Buffer.allocUnsafeSlow(Math.ceil((length * 1.25) / SLACK) * SLACK + SLACK);
  outputView = viewOf(output);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unpack(body: Uint8Array, start: number, length: number): void {
  const out = output;
  const view = outputView;
  const input = viewOf(body);
  const inputEnd = body.length;
  let from = start;
  let to = 0;
  while (from < inputEnd) {
    const tag = body[from++] ?? 0;
    const type = tag & 3;
    if (type === LITERAL) {
      let size = (tag >>> 2) + 1;
      if (size > 60) {
        const extra = size - 60;
        if (from + extra > inputEnd) throw cut(from);
        size = (body[from] ?? 0) + 1;
        if (extra > 1) size += (body[from + 1] ?? 0) << 8;
        if (extra > 2) size += (body[from + 2] ?? 0) << 16;
        if (extra > 3) size += (body[from + 3] ?? 0) * 2 ** 24;
        from += extra;
      }
      if (size > inputEnd - from) throw cut(from);
      if (size > length - to) throw tooLong(from, length);
      if (size <= 64 && from + size + 16 <= inputEnd) {
        for (let i = 0; i < size; i += 16) {
          view.setBigInt64(to + i, input.getBigInt64(from + i, true), true);
          view.setBigInt64(to + i + 8, input.getBigInt64(from + i + 8, true), true);
        }
      } else if (size <= 64) {
        for (let i = 0; i < size; i++) out[to + i] = body[from + i] ?? 0;
      } else {
        out.set(body.subarray(from, from + size), to);
      }
      from += size;
      to += size;
      continue;
    }
    let size: number;
    let offset: number;
    if (type === COPY_1) {
      size = ((tag >>> 2) & 7) + 4;
      offset = ((tag >>> 5) << 8) | (body[from] ?? 0);
      from += 1;
    } else if (type === COPY_2) {
      size = (tag >>> 2) + 1;
      offset = (body[from] ?? 0) | ((body[from + 1] ?? 0) << 8);
      from += 2;
    } else {
      size = (tag >>> 2) + 1;
      offset =
        ((body[from] ?? 0) |
          ((body[from + 1] ?? 0) << 8) |
          ((body[from + 2] ?? 0) << 16) |
          ((body[from + 3] ?? 0) << 24)) >>>
        0;
      from += 4;
    }
    if (from > inputEnd) throw cut(from);
    if (offset === 0 || offset > to) {
      throw malformed(`snappy: byte ${from}: a copy from ${offset} bytes back, of ${to} unpacked`);
    }
    if (size > length - to) throw tooLong(from, length);
    const source = to - offset;
    // Word after word in order, so a copy may overlap itself from four bytes on.
    if (offset >= 8) {
      for (let i = 0; i < size; i += 16) {
        view.setBigInt64(to + i, view.getBigInt64(source + i, true), true);
        view.setBigInt64(to + i + 8, view.getBigInt64(source + i + 8, true), true);
      }
    } else {
      for (let i = 0; i < size; i++) out[to + i] = out[source + i] ?? 0;
    }
    to += size;
  }
  if (to !== length) {
    throw malformed(`snappy: the body unpacks to ${to} bytes, but declares ${length}`);
  }
}

function cut(position: number): RemoteWriteError {
  return malformed(`snappy: byte ${position}: the body ends inside an element`);
}

function tooLong(position: number, length: number): RemoteWriteError {
  return malformed(`snappy: byte ${position}: more than the ${length} bytes it declares`);
}
