import { type Place } from '../../yaml-reader.ts';

/** A text with the place where it stands. */
export interface PlacedText {
  readonly value: string;
  readonly place: Place;
}

/** What Alertmanager writes in the place of a secret when it shows its configuration. */
export const SECRET = '<secret>';

/** What a key holds. */
export interface Entry {
  readonly place: Place;
  readonly value: unknown;
  /** What stands in the file, where `value` is something else. */
  readonly raw?: string;
  readonly isSecret?: boolean;
}

/**
 * A mapping of the configuration file after its keys and values were read by their fields. What a
 * key does not hold, or held wrongly, reads as absent.
 */
export class ConfigRecord {
  /** Such as `receivers[0].slack_configs[1]`; '' for the file. */
  readonly field: string;
  readonly place: Place;
  readonly #entries: Map<string, Entry>;

  constructor(field: string, place: Place, entries: Map<string, Entry> = new Map<string, Entry>()) {
    this.field = field;
    this.place = place;
    this.#entries = entries;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Where the value of a key stands; the record's own place when it is absent. */
  at(key: string): Place {
    return this.#entries.get(key)?.place ?? this.place;
  }

  /** The whole name of a key, for messages. */
  name(key: string): string {
    return this.field === '' ? key : `${this.field}.${key}`;
  }

  value(key: string): unknown {
    return this.#entries.get(key)?.value;
  }

  /** '' when absent. */
  text(key: string): string {
    const value = this.value(key);
    return typeof value === 'string' ? value : '';
  }

  number(key: string): number | undefined {
    const value = this.value(key);
    return typeof value === 'number' ? value : undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.value(key);
    return typeof value === 'boolean' ? value : undefined;
  }

  record(key: string): ConfigRecord | undefined {
    const value = this.value(key);
    return value instanceof ConfigRecord ? value : undefined;
  }

  records(key: string): readonly ConfigRecord[] {
    return this.#items(key).flatMap((item) => (item instanceof ConfigRecord ? [item] : []));
  }

  texts(key: string): readonly PlacedText[] {
    return this.#items(key).flatMap((item) => (isPlacedText(item) ? [item] : []));
  }

  textMap(key: string): ReadonlyMap<string, PlacedText> {
    const value = this.value(key);
    return value instanceof Map ? (value as ReadonlyMap<string, PlacedText>) : new Map();
  }

  /** Fills a key that is absent, or overwrites it. */
  set(key: string, value: unknown): void {
    if (value !== undefined) this.#entries.set(key, { place: this.at(key), value });
  }

  /** Plain data, as the file has it; durations are texts. */
  toData(): Record<string, unknown> {
    return Object.fromEntries(
      [...this.#entries].map(([key, { value, raw }]) => [key, raw ?? plain(value)] as const),
    );
  }

  /** As `toData`, without secrets. */
  toShownData(): Record<string, unknown> {
    return Object.fromEntries(
      [...this.#entries].map(([key, { value, raw, isSecret }]) => {
        if (isSecret === true) return [key, value === '' ? '' : SECRET];
        return [key, raw ?? shown(key, plain(value, 'shown'))];
      }),
    );
  }

  #items(key: string): readonly unknown[] {
    const value = this.value(key);
    return Array.isArray(value) ? value : [];
  }
}

function isPlacedText(item: unknown): item is PlacedText {
  if (typeof item !== 'object' || item === null || item instanceof ConfigRecord) return false;
  return 'place' in item && 'value' in item;
}

function plain(value: unknown, how: 'whole' | 'shown' = 'whole'): unknown {
  if (value instanceof ConfigRecord) return how === 'whole' ? value.toData() : value.toShownData();
  if (Array.isArray(value)) {
    return value.map((item: unknown) => (isPlacedText(item) ? item.value : plain(item, how)));
  }
  if (value instanceof Map) {
    return Object.fromEntries(
      [...(value as ReadonlyMap<string, PlacedText>)].map(([name, found]) => [name, found.value]),
    );
  }
  return value;
}

/** What may hold secrets though its field is none: headers, and addresses with a password. */
function shown(key: string, value: unknown): unknown {
  if (key === 'secrets' || key === 'proxy_connect_header') return SECRET;
  if (typeof value === 'string') return value.replace(/^(\w+:\/\/)[^/@]*@/, `$1${SECRET}@`);
  if (Array.isArray(value)) return value.map((item: unknown) => shown('', item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([inner, found]) => [inner, shown(inner, found)]),
  );
}
