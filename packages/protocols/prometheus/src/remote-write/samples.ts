import { type RemoteWriteVisitor } from './types.ts';
import { type WireReader } from './wire-reader.ts';

const VALUE = 0x09;
const TIMESTAMP = 0x10;
const FIELDS = (1 << 1) | (1 << 2);

/** The first three bytes of a sample as nearly every sender writes it, and of one whose value is 0. */
const SAMPLE_HEAD = 0x12 | (16 << 8) | (VALUE << 16);
const ZERO_HEAD = 0x12 | (7 << 8) | (TIMESTAMP << 16);
const CONTINUED = 0x80808080 | 0;

/**
 * Reads the Sample (1.0 and 2.0 alike) whose tag stands at `position` and takes one byte, and reports it.
 * @returns the position after it
 */
export function readSample(
  reader: WireReader,
  position: number,
  end: number,
  visitor: RemoteWriteVisitor,
): number {
  const { view } = reader;
  let at = position + 3;
  let low = 0;
  let high = 0;
  if (position + 18 <= end) {
    const head = view.getInt32(position, true) & 0xffffff;
    if (head === SAMPLE_HEAD && view.getUint8(position + 11) === TIMESTAMP) {
      low = view.getInt32(position + 3, true);
      high = view.getInt32(position + 7, true);
      at = position + 12;
    } else if (head !== ZERO_HEAD) return readAnySample(reader, position, end, visitor);
  } else if (position + 9 > end || (view.getInt32(position, true) & 0xffffff) !== ZERO_HEAD) {
    return readAnySample(reader, position, end, visitor);
  }
  // A timestamp between 2004 and 2109 has six bytes: four that are continued, one more, and a last one.
  const lower = view.getInt32(at, true);
  const upper = view.getUint16(at + 4, true);
  if ((lower & CONTINUED) !== CONTINUED || (upper & 0x8080) !== 0x80) {
    return readAnySample(reader, position, end, visitor);
  }
  const bits28 =
    (lower & 0x7f) |
    ((lower >>> 1) & 0x3f80) |
    ((lower >>> 2) & 0x1fc000) |
    ((lower >>> 3) & 0xfe00000);
  visitor.sample(((upper & 0x7f) | ((upper >>> 1) & 0x3f80)) * 2 ** 28 + bits28, low, high);
  return at + 6;
}

function readAnySample(
  reader: WireReader,
  position: number,
  end: number,
  visitor: RemoteWriteVisitor,
): number {
  reader.position = position + 1;
  reader.end = end;
  const outer = reader.enter();
  let low = 0;
  let high = 0;
  let unixMs = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === VALUE) {
      reader.fixed64();
      low = reader.low;
      high = reader.high;
    } else if (tag === TIMESTAMP) unixMs = reader.int64();
    else reader.skip(tag, FIELDS); // the start timestamp of 2.0 is among them
  }
  reader.leave(outer);
  visitor.sample(unixMs, low, high);
  return reader.position;
}
