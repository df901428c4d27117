import { compareUtf8 } from '@dwcp/core';

import { formatFloat } from './format-float.ts';

/*
 * How Go's values look to a template here: string and boolean as they are, an int as a bigint,
 * a float64 as a number, nil or "no value" as undefined, and the classes below for the rest.
 */

/** What templates call as a field with arguments: `.CommonLabels.Remove .GroupLabels.Names`. */
export interface GoMethod {
  /** How many arguments it takes. */
  readonly argCount: number;
  readonly call: (args: readonly unknown[]) => unknown;
}

/** By name. A method called `String` says how the value prints. */
export type GoMethods = ReadonlyMap<string, GoMethod>;

const NO_METHODS: GoMethods = new Map();

/** `map[string]string` (absent keys read as '') or `map[string]any` (absent keys have no value). */
export class GoMap {
  readonly entries: ReadonlyMap<string, unknown>;
  readonly element: 'string' | 'any';
  readonly methods: GoMethods;

  constructor(
    entries: Iterable<readonly [string, unknown]>,
    element: 'string' | 'any',
    methods: GoMethods = NO_METHODS,
  ) {
    this.entries = new Map(entries);
    this.element = element;
    this.methods = methods;
  }

  get(key: string): unknown {
    if (this.entries.has(key)) return this.entries.get(key);
    return this.element === 'string' ? '' : undefined;
  }
}

/** A struct: asking for a field it lacks is an error. */
export class GoStruct {
  readonly typeName: string;
  readonly fields: ReadonlyMap<string, unknown>;

  constructor(typeName: string, fields: Readonly<Record<string, unknown>>) {
    this.typeName = typeName;
    this.fields = new Map(Object.entries(fields));
  }
}

/** A slice. */
export class GoList {
  readonly typeName: string;
  readonly items: readonly unknown[];
  readonly methods: GoMethods;

  constructor(typeName: string, items: readonly unknown[], methods: GoMethods = NO_METHODS) {
    this.typeName = typeName;
    this.items = items;
    this.methods = methods;
  }
}

/** A moment, as the function `toTime` gives it; printed as Go prints a UTC time. */
export class GoTime {
  readonly unixMs: number;
  /** The IANA name of the zone it is shown in by `Format`. */
  readonly zone: string;

  constructor(unixMs: number, zone = 'UTC') {
    this.unixMs = unixMs;
    this.zone = zone;
  }

  toString(): string {
    const iso = new Date(this.unixMs).toISOString();
    const fraction = iso.slice(20, 23).replace(/0+$/, '');
    return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction === '' ? '' : `.${fraction}`} +0000 UTC`;
  }
}

export const SAMPLE = '*template.sample';
export const QUERY_RESULT = 'template.queryResult';

/** One element of a query's result, as templates see it. */
export function sampleValue(labels: Readonly<Record<string, string>>, value: number): GoStruct {
  return new GoStruct(SAMPLE, {
    Labels: new GoMap(Object.entries(labels), 'string'),
    Value: value,
  });
}

export function typeNameOf(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  if (value instanceof GoMap) {
    return value.element === 'string' ? 'map[string]string' : 'map[string]interface {}';
  }
  if (value instanceof GoStruct || value instanceof GoList) return value.typeName;
  return value instanceof GoTime ? '*time.Time' : '<nil>';
}

/** As Go's `%v` prints it. */
export function formatValue(value: unknown): string {
  if (typeof value === 'number') return formatFloat(value, 'g', -1);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return value.toString();
  if (value instanceof GoMap || value instanceof GoList) {
    const text = value.methods.get('String')?.call([]);
    if (typeof text === 'string') return text;
  }
  if (value instanceof GoMap) {
    const keys = [...value.entries.keys()].sort(compareUtf8);
    return `map[${keys.map((key) => `${key}:${formatValue(value.entries.get(key))}`).join(' ')}]`;
  }
  if (value instanceof GoList) return `[${value.items.map(formatValue).join(' ')}]`;
  if (value instanceof GoStruct) {
    return `{${[...value.fields.values()].map(formatValue).join(' ')}}`;
  }
  if (value instanceof GoTime) return value.toString();
  return '<nil>';
}

/** Whether a value counts as true in `if`, `and`, `or`, `not`: not zero and not empty. */
export function isTruthy(value: unknown): boolean {
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'number') return value !== 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  if (value instanceof GoList) return value.items.length > 0;
  return value !== undefined && value !== '' && value !== false;
}

/** Reads plain values: arrays as slices, records as maps, null as nil. */
export function toGoValue(value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return new GoList('[]interface {}', value.map(toGoValue));
  const isOurs =
    value instanceof GoMap ||
    value instanceof GoStruct ||
    value instanceof GoList ||
    value instanceof GoTime;
  if (typeof value !== 'object' || isOurs) return value;
  return new GoMap(
    Object.entries(value).map(([key, element]) => [key, toGoValue(element)]),
    'any',
  );
}
