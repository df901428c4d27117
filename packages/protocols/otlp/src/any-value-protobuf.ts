import {
  type Attributes,
  type AttributeValue,
  type InstrumentationScope,
  type Resource,
} from '@dwcp/core';

import { attributeOf, MAX_DEPTH } from './attribute-value.ts';
import { type RequestTally } from './request-tally.ts';
import { RefusedItemError, type WireReader } from './wire-reader.ts';

/** Attributes while they are being read. */
export type AttributesDraft = Record<string, AttributeValue>;

export const NO_ATTRIBUTES: Attributes = {};

/** Reads a KeyValue into the draft; of a repeated key the last counts. */
export function readAttribute(
  reader: WireReader,
  into: AttributesDraft,
  index: number,
  name = 'attributes',
): void {
  const outer = reader.enter(name, index);
  let key = '';
  let value: AttributeValue | undefined;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x0a) key = reader.text('key');
    else if (field === 0x12) value = readAnyValue(reader, 'value');
    else reader.skip(field);
  }
  reader.leave(outer);
  if (value === undefined) return;
  // Assigning to this name would set the prototype.
  if (key === '__proto__') {
    Object.defineProperty(into, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else into[key] = value;
}

/** An AnyValue, as `JsonReader.anyValue` gives it. */
export function readAnyValue(reader: WireReader, name: string): AttributeValue | undefined {
  const plain = readPlain(reader, name, -1, 0);
  return typeof plain === 'object' ? attributeOf(plain) : (plain as AttributeValue | undefined);
}

function readPlain(reader: WireReader, name: string, index: number, depth: number): unknown {
  const outer = reader.enter(name, index);
  if (depth > MAX_DEPTH && reader.pos < reader.end) {
    reader.refuse('', `is nested deeper than ${MAX_DEPTH}`);
  }
  let value: unknown;
  while (reader.pos < reader.end) {
    const field = reader.key();
    switch (field) {
      case 0x0a:
        value = reader.text('stringValue');
        break;
      case 0x10:
        value = reader.boolean('boolValue');
        break;
      case 0x18:
        value = reader.int64('intValue');
        break;
      case 0x21:
        value = reader.double('doubleValue');
        break;
      case 0x2a:
        value = readArray(reader, depth);
        break;
      case 0x32:
        value = readMap(reader, depth);
        break;
      case 0x3a:
        value = reader.base64('bytesValue');
        break;
      default:
        reader.skip(field);
    }
  }
  reader.leave(outer);
  return value;
}

function readArray(reader: WireReader, depth: number): unknown {
  const outer = reader.enter('arrayValue');
  const values: unknown[] = [];
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x0a) values.push(readPlain(reader, 'values', values.length, depth + 1) ?? null);
    else reader.skip(field);
  }
  reader.leave(outer);
  return values;
}

function readMap(reader: WireReader, depth: number): unknown {
  const outer = reader.enter('kvlistValue');
  const entries: [string, unknown][] = [];
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x0a) entries.push(readMapEntry(reader, entries.length, depth));
    else reader.skip(field);
  }
  reader.leave(outer);
  return Object.fromEntries(entries);
}

function readMapEntry(reader: WireReader, index: number, depth: number): [string, unknown] {
  const outer = reader.enter('values', index);
  let key = '';
  let value: unknown = null;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x0a) key = reader.text('key');
    else if (field === 0x12) value = readPlain(reader, 'value', -1, depth + 1) ?? null;
    else reader.skip(field);
  }
  reader.leave(outer);
  return [key, value];
}

/** A Resource, already gone into. */
export function readResource(reader: WireReader): Resource {
  const attributes: AttributesDraft = {};
  let count = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x0a) readAttribute(reader, attributes, count++);
    else reader.skip(field);
  }
  return { attributes };
}

/** An InstrumentationScope, already gone into. */
export function readScope(
  reader: WireReader,
): InstrumentationScope & { readonly attributes: Attributes } {
  let name = '';
  let version = '';
  const attributes: AttributesDraft = {};
  let count = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x0a) name = reader.text('name');
    else if (field === 0x12) version = reader.text('version');
    else if (field === 0x1a) readAttribute(reader, attributes, count++);
    else reader.skip(field);
  }
  return { name, ...(version === '' ? {} : { version }), attributes };
}

/** Reads the item that follows. When it is wrong it is refused, and reading goes on behind it. */
export function readItem(
  reader: WireReader,
  tally: RequestTally,
  name: string,
  index: number,
  read: () => void,
): void {
  const outer = reader.enter(name, index);
  if (tally.take()) {
    const mark = reader.mark();
    try {
      read();
    } catch (error) {
      if (!(error instanceof RefusedItemError)) throw error;
      tally.reject(error);
      reader.skipTo(mark);
    }
  } else {
    tally.rejectExtra(() => reader.path());
    reader.pos = reader.end;
  }
  reader.leave(outer);
}

/**
 * Reads the message of a field that the fields around it need, wherever it stands; writers put it
 * first. Of a repeated one the first counts. The reader stays where it is.
 */
export function readAhead<T>(
  reader: WireReader,
  wanted: number,
  name: string,
  read: (reader: WireReader) => T,
): T | undefined {
  const start = reader.pos;
  let found: T | undefined;
  while (found === undefined && reader.pos < reader.end) {
    const field = reader.key();
    if (field !== wanted) {
      reader.skip(field);
      continue;
    }
    const outer = reader.enter(name);
    found = read(reader);
    reader.leave(outer);
  }
  reader.pos = start;
  return found;
}
