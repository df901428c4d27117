import { isUtf8 } from 'node:buffer';

import { compareUtf8, Labels, METRIC_NAME } from '@dwcp/core';

import { excerpt } from '../text.ts';
import { malformed } from './errors.ts';
import { WireReader } from './wire-reader.ts';

const LABEL = 0x0a;
const NAME = 0x0a;
const VALUE = 0x12;
const LABEL_FIELDS = (1 << 1) | (1 << 2);

/**
 * Checked UTF-8 to a string that keeps no memory of the bytes.
 * @param what as for `readString`
 * @throws RemoteWriteError
 */
export function decodeText(
  bytes: Uint8Array,
  start: number,
  end: number,
  what: string,
  of?: string,
): string {
  let bits = 0;
  for (let i = start; i < end; i++) bits |= bytes[i] ?? 0;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bits < 128) return buffer.toString('latin1', start, end);
  if (isUtf8(buffer.subarray(start, end))) return buffer.toString('utf8', start, end);
  const shown = excerpt(buffer.toString('utf8', start, Math.min(end, start + 100)));
  throw malformed(`${what}${of === undefined ? '' : ` ${excerpt(of)}`} is not UTF-8: ${shown}`);
}

/**
 * A string field, whose length comes next.
 * @param what it is, for the error; with `of` after it, so that nothing is put together in vain
 */
export function readString(reader: WireReader, what: string, of?: string): string {
  const end = reader.payload();
  const start = reader.position;
  reader.position = end;
  return decodeText(reader.bytes, start, end, what, of);
}

export interface ReadLabelsOptions {
  /**
   * Sorts labels that are not sorted instead of refusing them. Senders must sort, but Prometheus takes
   * them in any order, and the receiver suite of prometheus/compliance sends them so.
   */
  readonly sort?: boolean;
}

/**
 * The labels a visitor was given, as remote write wants them: sorted, each once, none empty, and with
 * a metric name. Any UTF-8 is a good name, as in Prometheus 3.
 * @throws RemoteWriteError naming the label
 */
export function readLabels(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: ReadLabelsOptions = {},
): Labels {
  const flat: string[] = [];
  const reader = new WireReader(bytes, start, end);
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === LABEL) readLabel(reader, flat);
    else reader.skip(tag, 1 << 1);
  }
  const sorted = options.sort === true ? sortedByName(flat) : flat;
  checkLabels(sorted);
  return Labels.fromSortedFlat(sorted);
}

function sortedByName(flat: readonly string[]): string[] {
  const pairs: (readonly [name: string, value: string])[] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i] ?? '', flat[i + 1] ?? '']);
  return pairs.sort(([a], [b]) => compareUtf8(a, b)).flat();
}

function checkLabels(flat: readonly string[]): void {
  let hasName = false;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] ?? '';
    const problem = problemOf(name, flat[i + 1] ?? '', flat[i - 2]);
    if (problem !== undefined) throw malformed(problem);
    if (name === METRIC_NAME) hasName = true;
  }
  if (hasName) return;
  const shown = excerpt(Labels.fromSortedFlat(flat).toString());
  throw malformed(`labels ${shown}: there is no ${METRIC_NAME}, which every series must have`);
}

/** Reads a Label message, whose length comes next, and adds its name and value to `flat`. */
export function readLabel(reader: WireReader, flat: string[]): void {
  const outer = reader.enter();
  let name = '';
  let value = '';
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === NAME) name = readString(reader, 'the name of a label');
    else if (tag === VALUE) value = readString(reader, 'the value of the label', name);
    else reader.skip(tag, LABEL_FIELDS);
  }
  reader.leave(outer);
  flat.push(name, value);
}

function problemOf(name: string, value: string, previous: string | undefined): string | undefined {
  if (name === '') return `a label with the value ${excerpt(value)} has an empty name`;
  if (value === '') {
    return `the label ${excerpt(name)} has an empty value: leave it out instead`;
  }
  if (previous === undefined) return undefined;
  if (name === previous) return `the label ${excerpt(name)} occurs twice`;
  if (compareUtf8(previous, name) > 0) {
    return `the label ${excerpt(name)} comes after ${excerpt(previous)}: labels must be sorted by name`;
  }
  return undefined;
}
