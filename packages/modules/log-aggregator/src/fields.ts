import { type Attributes, type AttributeValue } from '@dwcp/core';

/** What a record may carry; what goes beyond is cut or left out, and counted. */
export interface FieldLimits {
  readonly attributeCount: number;
  /** Characters of an attribute's value, an array's items together. */
  readonly valueLength: number;
  /** Characters of the body. */
  readonly bodyLength: number;
  /** Characters of an attribute's name. */
  readonly nameLength: number;
  /** How deep nested objects are followed. */
  readonly depth: number;
}

export const DEFAULT_FIELD_LIMITS: FieldLimits = {
  attributeCount: 128,
  valueLength: 32_768,
  bodyLength: 262_144,
  nameLength: 256,
  depth: 8,
};

/** Names, in lower case and without `_`, `-` and `.`, whose values never reach the store. */
export const DEFAULT_REDACTED_NAMES: readonly string[] = [
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'password',
  'passwd',
  'secret',
  'clientsecret',
  'token',
  'accesstoken',
  'refreshtoken',
  'idtoken',
  'apikey',
  'xapikey',
  'grafanaapikey',
  'privatekey',
];

const REDACTED = '[redacted]';

/** Attributes made of a caller's fields, and what was cut or left out on the way. */
export interface FlatFields {
  readonly attributes: Attributes;
  readonly cut: number;
}

/**
 * Turns whatever a caller logs into attributes. Nested objects get dotted names, an Error becomes
 * `exception.*` under `err` or its own name, secrets are replaced. Never throws: a cycle, a getter
 * that throws or a value of a strange kind becomes a note in place of the value.
 */
export class FieldFlattener {
  readonly #limits: FieldLimits;
  readonly #redacted: ReadonlySet<string>;

  constructor(limits: FieldLimits, redactedNames: readonly string[]) {
    this.#limits = limits;
    this.#redacted = new Set(redactedNames.map(plainName));
  }

  /** Of a name that several sets have, the last counts. */
  flatten(fieldSets: readonly Readonly<Record<string, unknown>>[]): FlatFields {
    const entries = new Map<string, AttributeValue>();
    const cut = { count: 0 };
    for (const fields of fieldSets) {
      try {
        this.#walk(fields, '', entries, new Set([fields]), cut);
      } catch {
        // No object at all, or one that does not even tell its names.
        cut.count++;
      }
    }
    return { attributes: Object.fromEntries(entries), cut: cut.count };
  }

  #walk(
    object: object,
    prefix: string,
    into: Map<string, AttributeValue>,
    ancestors: Set<object>,
    cut: { count: number },
  ): void {
    for (const key of Object.keys(object)) {
      const name = prefix === '' ? key : `${prefix}.${key}`;
      if (this.#redacted.has(plainName(key))) {
        this.#put(name, REDACTED, into, cut);
        continue;
      }
      let value: unknown;
      try {
        value = (object as Readonly<Record<string, unknown>>)[key];
        this.#putAny(name, value, into, ancestors, cut);
      } catch (error) {
        this.#put(name, `[unreadable: ${messageOf(error)}]`, into, cut);
      }
    }
  }

  #putAny(
    name: string,
    value: unknown,
    into: Map<string, AttributeValue>,
    ancestors: Set<object>,
    cut: { count: number },
  ): void {
    if (value instanceof Error) {
      const prefix = name === 'err' || name === 'error' ? 'exception' : `${name}.exception`;
      this.#put(`${prefix}.type`, value.name, into, cut);
      this.#put(`${prefix}.message`, value.message, into, cut);
      if (value.stack !== undefined) this.#put(`${prefix}.stacktrace`, value.stack, into, cut);
      return;
    }
    // What has a JSON form of its own, such as a URL, is told by it.
    if (typeof value === 'object' && value !== null && 'toJSON' in value && !isDate(value)) {
      const json: unknown = typeof value.toJSON === 'function' ? value.toJSON() : undefined;
      if (typeof json !== 'object') {
        this.#putAny(name, json, into, ancestors, cut);
        return;
      }
    }
    const simple = simpleValue(value);
    if (simple !== undefined) {
      this.#put(name, simple, into, cut);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    if (ancestors.has(value)) {
      this.#put(name, '[circular]', into, cut);
    } else if (ancestors.size > this.#limits.depth) {
      this.#put(name, '[too deep]', into, cut);
      cut.count++;
    } else if (into.size < this.#limits.attributeCount) {
      ancestors.add(value);
      this.#walk(plainObject(value), name, into, ancestors, cut);
      ancestors.delete(value);
    } else {
      cut.count++;
    }
  }

  #put(
    longName: string,
    value: AttributeValue,
    into: Map<string, AttributeValue>,
    cut: { count: number },
  ): void {
    const name = shorten(longName, this.#limits.nameLength);
    if (into.size >= this.#limits.attributeCount && !into.has(name)) {
      cut.count++;
      return;
    }
    const short = this.#shorten(value);
    if (short !== value) cut.count++;
    into.set(name, short);
  }

  #shorten(value: AttributeValue): AttributeValue {
    if (typeof value === 'string') return shorten(value, this.#limits.valueLength);
    if (typeof value !== 'object') return value;
    let room = this.#limits.valueLength;
    const kept = value.findIndex((item) => (room -= String(item).length + 1) < 0);
    return kept === -1 ? value : (value.slice(0, kept) as unknown as AttributeValue);
  }
}

/** The first characters of a text, not ending inside one. */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const short = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(short) ? short.slice(0, -1) : short;
}

/** Maps and sets have no names of their own to walk along. */
function plainObject(value: object): object {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [String(key), item as unknown]));
  }
  return value instanceof Set ? [...value] : value;
}

function isDate(value: object): value is Date {
  return value instanceof Date;
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return typeof error;
  }
}

/** A value that is an attribute as it stands; undefined for objects and for what says nothing. */
function simpleValue(value: unknown): AttributeValue | undefined {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return value.toString();
    case 'symbol':
    case 'function':
      return `[${typeof value}]`;
    case 'undefined':
      return undefined;
    case 'object':
      break;
  }
  if (value === null) return 'null';
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) {
    const kinds = new Set(value.map((item) => typeof item));
    const [kind] = kinds;
    if (kinds.size === 0) return [];
    if (kinds.size === 1 && (kind === 'string' || kind === 'number' || kind === 'boolean')) {
      // A copy: the caller may go on with the array before the record is written.
      return [...(value as readonly string[])];
    }
  }
  return undefined;
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]/g, '');
}
