import { type Attributes } from '@dwcp/core';

import { type AttributesDraft, NO_ATTRIBUTES, readAttribute } from './any-value-protobuf.ts';
import { type ByteTable } from './byte-table.ts';
import {
  NO_BUCKETS,
  NO_EXEMPLARS,
  NO_NUMBERS,
  NO_RECORDED_VALUE,
  type OtlpBuckets,
  type OtlpExemplar,
  type OtlpExponentialPoint,
  type OtlpHistogramPoint,
  type OtlpNumberPoint,
  type OtlpSummaryPoint,
  type PointProblem,
  problemOfBuckets,
  problemOfTime,
} from './metrics.ts';
import { type WireReader } from './wire-reader.ts';

type AttributeTable = ByteTable<Attributes>;

/** A NumberDataPoint, already gone into; so are all the points below. */
export function readNumberPoint(reader: WireReader, table: AttributeTable): OtlpNumberPoint {
  let attributes = NO_ATTRIBUTES;
  let further = 0;
  let startUnixMs = 0;
  let timeUnixMs = 0;
  let value = Number.NaN;
  let hasValue = false;
  let flags = 0;
  let exemplars: OtlpExemplar[] | undefined;
  while (reader.pos < reader.end) {
    const field = reader.key();
    switch (field) {
      case 0x3a:
        attributes =
          attributes === NO_ATTRIBUTES
            ? readAttributes(reader, table, field)
            : readFurther(reader, attributes, further++);
        break;
      case 0x11:
        startUnixMs = reader.unixMs('startTimeUnixNano');
        break;
      case 0x19:
        timeUnixMs = reader.unixMs('timeUnixNano');
        break;
      case 0x21:
        value = reader.double('asDouble');
        hasValue = true;
        break;
      case 0x31:
        value = reader.sfixed64('asInt');
        hasValue = true;
        break;
      case 0x2a:
        exemplars ??= [];
        exemplars.push(readExemplar(reader, exemplars.length));
        break;
      case 0x40:
        flags = reader.uint32('flags');
        break;
      default:
        reader.skip(field);
    }
  }
  refuse(reader, problemOfTime(timeUnixMs));
  const isNoRecordedValue = (flags & NO_RECORDED_VALUE) !== 0;
  if (!hasValue && !isNoRecordedValue) reader.refuse('', 'has neither asDouble nor asInt');
  return {
    attributes,
    startUnixMs,
    timeUnixMs,
    isNoRecordedValue,
    value: isNoRecordedValue ? Number.NaN : value,
    exemplars: exemplars ?? NO_EXEMPLARS,
  };
}

export function readHistogramPoint(reader: WireReader, table: AttributeTable): OtlpHistogramPoint {
  let attributes = NO_ATTRIBUTES;
  let further = 0;
  let startUnixMs = 0;
  let timeUnixMs = 0;
  let count = 0;
  let sum: number | undefined;
  const counts = new NumberList();
  const bounds = new NumberList();
  let flags = 0;
  let exemplars: OtlpExemplar[] | undefined;
  while (reader.pos < reader.end) {
    const field = reader.key();
    switch (field) {
      case 0x4a:
        attributes =
          attributes === NO_ATTRIBUTES
            ? readAttributes(reader, table, field)
            : readFurther(reader, attributes, further++);
        break;
      case 0x11:
        startUnixMs = reader.unixMs('startTimeUnixNano');
        break;
      case 0x19:
        timeUnixMs = reader.unixMs('timeUnixNano');
        break;
      case 0x21:
        count = reader.fixed64('count');
        break;
      case 0x29:
        sum = reader.double('sum');
        break;
      case 0x31:
        counts.push(reader.fixed64('bucketCounts'));
        break;
      case 0x32:
        counts.pushAll(readPacked8(reader, 'bucketCounts', false));
        break;
      case 0x39:
        bounds.push(reader.double('explicitBounds'));
        break;
      case 0x3a:
        bounds.pushAll(readPacked8(reader, 'explicitBounds', true));
        break;
      case 0x42:
        exemplars ??= [];
        exemplars.push(readExemplar(reader, exemplars.length));
        break;
      case 0x50:
        flags = reader.uint32('flags');
        break;
      default:
        reader.skip(field);
    }
  }
  const bucketCounts = counts.numbers();
  const explicitBounds = bounds.numbers();
  refuse(reader, problemOfTime(timeUnixMs) ?? problemOfBuckets(explicitBounds, bucketCounts));
  return {
    attributes,
    startUnixMs,
    timeUnixMs,
    isNoRecordedValue: (flags & NO_RECORDED_VALUE) !== 0,
    count,
    sum,
    bucketCounts,
    explicitBounds,
    exemplars: exemplars ?? NO_EXEMPLARS,
  };
}

export function readExponentialPoint(
  reader: WireReader,
  table: AttributeTable,
): OtlpExponentialPoint {
  let attributes = NO_ATTRIBUTES;
  let further = 0;
  let startUnixMs = 0;
  let timeUnixMs = 0;
  let count = 0;
  let sum: number | undefined;
  let scale = 0;
  let zeroCount = 0;
  let zeroThreshold = 0;
  let positive = NO_BUCKETS;
  let negative = NO_BUCKETS;
  let flags = 0;
  let exemplars: OtlpExemplar[] | undefined;
  while (reader.pos < reader.end) {
    const field = reader.key();
    switch (field) {
      case 0x0a:
        attributes =
          attributes === NO_ATTRIBUTES
            ? readAttributes(reader, table, field)
            : readFurther(reader, attributes, further++);
        break;
      case 0x11:
        startUnixMs = reader.unixMs('startTimeUnixNano');
        break;
      case 0x19:
        timeUnixMs = reader.unixMs('timeUnixNano');
        break;
      case 0x21:
        count = reader.fixed64('count');
        break;
      case 0x29:
        sum = reader.double('sum');
        break;
      case 0x30:
        scale = reader.sint32('scale');
        break;
      case 0x39:
        zeroCount = reader.fixed64('zeroCount');
        break;
      case 0x42:
        positive = readBuckets(reader, 'positive');
        break;
      case 0x4a:
        negative = readBuckets(reader, 'negative');
        break;
      case 0x50:
        flags = reader.uint32('flags');
        break;
      case 0x5a:
        exemplars ??= [];
        exemplars.push(readExemplar(reader, exemplars.length));
        break;
      case 0x71:
        zeroThreshold = reader.double('zeroThreshold');
        break;
      default:
        reader.skip(field);
    }
  }
  refuse(reader, problemOfTime(timeUnixMs));
  return {
    attributes,
    startUnixMs,
    timeUnixMs,
    isNoRecordedValue: (flags & NO_RECORDED_VALUE) !== 0,
    count,
    sum,
    scale,
    zeroCount,
    zeroThreshold,
    positive,
    negative,
    exemplars: exemplars ?? NO_EXEMPLARS,
  };
}

export function readSummaryPoint(reader: WireReader, table: AttributeTable): OtlpSummaryPoint {
  let attributes = NO_ATTRIBUTES;
  let further = 0;
  let startUnixMs = 0;
  let timeUnixMs = 0;
  let count = 0;
  let sum = 0;
  let flags = 0;
  const quantiles: { quantile: number; value: number }[] = [];
  while (reader.pos < reader.end) {
    const field = reader.key();
    switch (field) {
      case 0x3a:
        attributes =
          attributes === NO_ATTRIBUTES
            ? readAttributes(reader, table, field)
            : readFurther(reader, attributes, further++);
        break;
      case 0x11:
        startUnixMs = reader.unixMs('startTimeUnixNano');
        break;
      case 0x19:
        timeUnixMs = reader.unixMs('timeUnixNano');
        break;
      case 0x21:
        count = reader.fixed64('count');
        break;
      case 0x29:
        sum = reader.double('sum');
        break;
      case 0x32:
        quantiles.push(readQuantile(reader, quantiles.length));
        break;
      case 0x40:
        flags = reader.uint32('flags');
        break;
      default:
        reader.skip(field);
    }
  }
  refuse(reader, problemOfTime(timeUnixMs));
  const isNoRecordedValue = (flags & NO_RECORDED_VALUE) !== 0;
  return { attributes, startUnixMs, timeUnixMs, isNoRecordedValue, count, sum, quantiles };
}

function readQuantile(reader: WireReader, index: number): { quantile: number; value: number } {
  const outer = reader.enter('quantileValues', index);
  let quantile = 0;
  let value = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x09) quantile = reader.double('quantile');
    else if (field === 0x11) value = reader.double('value');
    else reader.skip(field);
  }
  reader.leave(outer);
  return { quantile, value };
}

function readBuckets(reader: WireReader, name: string): OtlpBuckets {
  const outer = reader.enter(name);
  let offset = 0;
  const counts = new NumberList();
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x08) offset = reader.sint32('offset');
    else if (field === 0x10) counts.push(reader.uint64('bucketCounts'));
    else if (field === 0x12) counts.pushAll(readPackedVarints(reader, 'bucketCounts'));
    else reader.skip(field);
  }
  reader.leave(outer);
  return { offset, counts: counts.numbers() };
}

function readExemplar(reader: WireReader, index: number): OtlpExemplar {
  const outer = reader.enter('exemplars', index);
  let timeUnixMs = 0;
  let value = Number.NaN;
  let traceId = '';
  let spanId = '';
  const attributes: AttributesDraft = {};
  let count = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    switch (field) {
      case 0x3a:
        readAttribute(reader, attributes, count++, 'filteredAttributes');
        break;
      case 0x11:
        timeUnixMs = reader.unixMs('timeUnixNano');
        break;
      case 0x19:
        value = reader.double('asDouble');
        break;
      case 0x31:
        value = reader.sfixed64('asInt');
        break;
      case 0x22:
        if (!reader.skipEmpty()) spanId = reader.spanId('spanId');
        break;
      case 0x2a:
        if (!reader.skipEmpty()) traceId = reader.traceId('traceId');
        break;
      default:
        reader.skip(field);
    }
  }
  reader.leave(outer);
  return { timeUnixMs, value, traceId, spanId, attributes };
}

/**
 * The attributes of a point, whose key was just read. Writers put them in one run, which is looked
 * up as a whole.
 */
function readAttributes(reader: WireReader, table: AttributeTable, key: number): Attributes {
  const { buffer, view } = reader;
  const start = reader.pos - 1;
  let end = start;
  while (end < reader.end && buffer[end] === key) {
    reader.pos = end + 1;
    end = reader.length('attributes') + reader.pos;
  }
  let attributes = table.find(buffer, view, start, end);
  if (attributes === undefined) {
    const draft: AttributesDraft = {};
    let count = 0;
    for (reader.pos = start; reader.pos < end; count++) {
      reader.pos++;
      readAttribute(reader, draft, count);
    }
    attributes = draft;
    table.add(buffer, view, start, end, attributes);
  }
  reader.pos = end;
  return attributes;
}

/** One more attribute, behind other fields. What is shared with other points is not written to. */
function readFurther(reader: WireReader, before: Attributes, index: number): Attributes {
  const draft: AttributesDraft = index === 0 ? { ...before } : (before as AttributesDraft);
  readAttribute(reader, draft, index);
  return draft;
}

/** Packed numbers of 8 bytes: doubles, or unsigned integers. */
function readPacked8(reader: WireReader, name: string, areDoubles: boolean): Float64Array {
  const length = reader.length(name);
  if (length % 8 !== 0) reader.fail(name, `is ${length} bytes long, which is no multiple of 8`);
  const numbers = new Float64Array(length / 8);
  for (let i = 0; i < numbers.length; i++) {
    numbers[i] = areDoubles ? reader.double(name) : reader.fixed64(name);
  }
  return numbers;
}

function readPackedVarints(reader: WireReader, name: string): Float64Array {
  const outer = reader.enter(name);
  // Every number ends with a byte below 128.
  let count = 0;
  for (let i = reader.pos; i < reader.end; i++) if ((reader.buffer[i] ?? 0) < 0x80) count++;
  const numbers = new Float64Array(count);
  for (let i = 0; reader.pos < reader.end; i++) numbers[i] = reader.uint64('');
  reader.leave(outer);
  return numbers;
}

function refuse(reader: WireReader, problem: PointProblem | undefined): void {
  if (problem !== undefined) reader.refuse(...problem);
}

/** Numbers that come one by one, or packed, or both. */
class NumberList {
  #numbers = NO_NUMBERS;
  #size = 0;

  push(number: number): void {
    if (this.#size === this.#numbers.length) {
      const grown = new Float64Array(Math.max(8, this.#size * 2));
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.#size++] = number;
  }

  pushAll(numbers: Float64Array): void {
    if (this.#size > 0) {
      for (const number of numbers) this.push(number);
      return;
    }
    this.#numbers = numbers;
    this.#size = numbers.length;
  }

  numbers(): Float64Array {
    return this.#numbers.subarray(0, this.#size);
  }
}
