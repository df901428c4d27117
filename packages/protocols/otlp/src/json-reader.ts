import {
  type Attributes,
  type AttributeValue,
  InvalidInputError,
  isSpanId,
  isTraceId,
} from '@dwcp/core';

import { attributeOf, cut, MAX_DEPTH } from './attribute-value.ts';
import { type RequestTally } from './request-tally.ts';

const MAX_INT64 = 2n ** 63n - 1n;
const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * A value inside an OTLP/JSON request that knows its path, so that every complaint names the field.
 * Readers throw InvalidInputError.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export class JsonReader {
  readonly value: unknown;
  readonly path: string;

  constructor(value: unknown, path: string) {
    this.value = value;
    this.path = path;
  }

  fail(problem: string): never {
    throw new InvalidInputError(this.path === '' ? 'body' : this.path, problem);
  }

  /** Absent stays absent: `null` counts as absent, as in proto3 JSON. */
  get present(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  field(name: string): JsonReader {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.fail(`must be an object, got ${describe(value)}`);
    }
    return new JsonReader(
      (value as Readonly<Record<string, unknown>>)[name],
      this.path === '' ? name : `${this.path}.${name}`,
    );
  }

  /** The elements of an array; none when it is absent. */
  *items(): Generator<JsonReader> {
    const { value } = this;
    if (!this.present) return;
    if (!Array.isArray(value)) this.fail(`must be an array, got ${describe(value)}`);
    for (const [index, item] of (value as readonly unknown[]).entries()) {
      yield new JsonReader(item, `${this.path}[${index}]`);
    }
  }

  string(): string {
    if (!this.present) return '';
    if (typeof this.value !== 'string') this.fail(`must be a string, got ${describe(this.value)}`);
    return this.value as string;
  }

  /** An enum as its number or its name; absent is 0. */
  enumeration(names: Readonly<Record<string, number>>): number {
    const { value } = this;
    if (!this.present) return 0;
    if (typeof value === 'number' && Number.isInteger(value)) return value;
    const known = typeof value === 'string' && Object.hasOwn(names, value);
    const number = known ? names[value] : undefined;
    return number ?? this.fail(`must be a number or one of ${Object.keys(names).join(', ')}`);
  }

  boolean(): boolean {
    if (!this.present) return false;
    if (typeof this.value !== 'boolean') this.fail('must be true or false');
    return this.value as boolean;
  }

  /** A double, or the name of what JSON has no number for; absent is 0. */
  double(): number {
    return this.present ? this.#double() : 0;
  }

  /** An integer within the bounds, as a decimal string or a number; absent is 0. */
  integer(min: number, max: number): number {
    const { value } = this;
    if (!this.present) return 0;
    const number = typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number)) {
      this.fail(`must be an integer, got ${describe(value)}`);
    }
    const integer = number as number;
    if (integer < min || integer > max) this.fail(`must be ${min} to ${max}, got ${integer}`);
    return integer;
  }

  /** An unsigned 64-bit integer, as a decimal string or a number; absent is 0. */
  uint64(): bigint {
    const { value } = this;
    if (!this.present) return 0n;
    const digits = typeof value === 'string' && /^\d{1,20}$/.test(value);
    // As a number, a time of today has lost its last digits in JSON.parse; some exporters send it so.
    if (!digits && !(typeof value === 'number' && Number.isInteger(value) && value >= 0)) {
      this.fail(`must be an unsigned integer as a decimal string, got ${describe(value)}`);
    }
    const number = BigInt(value as string | number);
    if (number > MAX_INT64) this.fail(`must be below 2^63, got ${number}`);
    return number;
  }

  traceId(): string {
    const id = this.string().toLowerCase();
    return isTraceId(id) ? id : this.fail(`must be 32 hex digits, not all zero, got "${cut(id)}"`);
  }

  spanId(): string {
    const id = this.string().toLowerCase();
    return isSpanId(id) ? id : this.fail(`must be 16 hex digits, not all zero, got "${cut(id)}"`);
  }

  /** A list of key and AnyValue; of a repeated key the last counts. */
  attributes(): Attributes {
    const entries: [string, AttributeValue][] = [];
    for (const item of this.items()) {
      const value = item.field('value').anyValue();
      if (value !== undefined) entries.push([item.field('key').string(), value]);
    }
    return Object.fromEntries(entries);
  }

  /**
   * An AnyValue as an attribute: an integer beyond 2^53 becomes its decimal string, an array of mixed
   * kinds or a map its JSON, bytes their base64.
   */
  anyValue(): AttributeValue | undefined {
    return attributeOf(this.#plain(0));
  }

  #plain(depth: number): unknown {
    if (!this.present) return undefined;
    if (depth > MAX_DEPTH) this.fail(`is nested deeper than ${MAX_DEPTH}`);
    const text = this.field('stringValue');
    if (text.present) return text.string();
    const bool = this.field('boolValue');
    if (bool.present) {
      return typeof bool.value === 'boolean' ? bool.value : bool.fail('must be true or false');
    }
    const int = this.field('intValue');
    if (int.present) return int.#integer();
    const double = this.field('doubleValue');
    if (double.present) return double.#double();
    const bytes = this.field('bytesValue');
    if (bytes.present) return bytes.string();
    const array = this.field('arrayValue');
    if (array.present) {
      return Array.from(array.field('values').items(), (item) => item.#plain(depth + 1) ?? null);
    }
    const map = this.field('kvlistValue');
    if (map.present) {
      return Object.fromEntries(
        Array.from(map.field('values').items(), (item) => [
          item.field('key').string(),
          item.field('value').#plain(depth + 1) ?? null,
        ]),
      );
    }
    return undefined;
  }

  #integer(): number | string {
    const { value } = this;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) {
      this.fail(`must be an integer as a decimal string, got ${describe(value)}`);
    }
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : (value as string);
  }

  #double(): number {
    const { value } = this;
    if (typeof value === 'number') return value;
    const special = value === 'NaN' || value === 'Infinity' || value === '-Infinity';
    if (special || (typeof value === 'string' && DECIMAL.test(value))) return Number(value);
    return this.fail(`must be a number, got ${describe(value)}`);
  }
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return value === null ? 'null' : 'an object';
  return cut(JSON.stringify(value) ?? 'nothing');
}

/** Reads items one by one, so that one bad item costs only itself. */
export function readEach(
  tally: RequestTally,
  items: Iterable<JsonReader>,
  read: (item: JsonReader) => void,
): void {
  for (const item of items) {
    if (!tally.take()) {
      tally.rejectExtra(() => item.path);
      continue;
    }
    try {
      read(item);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      tally.reject(error);
    }
  }
}
