/** The label that carries a metric's name. */
export const METRIC_NAME = '__name__';

/**
 * Orders two strings as their UTF-8 bytes would, which is how Prometheus sorts labels.
 * JavaScript's `<` compares UTF-16 units and differs for characters above U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates (0xD800..0xDFFF) stand for code points above every other unit.
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x - y;
  }
  return a.length - b.length;
}

/**
 * An immutable label set, sorted by name; a label with an empty value is the same as no label.
 * Two sets are equal exactly when their `key` is. The metric name is the label `__name__`.
 */
export class Labels {
  static readonly empty: Labels = new Labels([]);

  /** Names and values in turn: `[name0, value0, name1, value1, ...]`, sorted by name. */
  readonly flat: readonly string[];
  #key: string | undefined;

  private constructor(flat: readonly string[]) {
    this.flat = flat;
  }

  /** From an object such as `{ __name__: 'up', job: 'node' }`. */
  static from(record: Readonly<Record<string, string>>): Labels {
    const pairs = Object.entries(record);
    const flat: string[] = [];
    let last = '';
    for (const [name, value] of pairs) {
      // Most come sorted already.
      if (value === '' || (flat.length > 0 && compareUtf8(last, name) > 0)) {
        return Labels.fromPairs(pairs);
      }
      flat.push(name, value);
      last = name;
    }
    return Labels.fromSortedFlat(flat);
  }

  /** From name and value pairs in any order; of a repeated name the last value counts. */
  static fromPairs(pairs: Iterable<readonly [string, string]>): Labels {
    const map = new Map<string, string>();
    for (const [name, value] of pairs) map.set(name, value);
    const names = [...map.keys()].filter((name) => map.get(name) !== '').sort(compareUtf8);
    return names.length === 0
      ? Labels.empty
      : new Labels(names.flatMap((name) => [name, map.get(name) ?? '']));
  }

  /**
   * Trusts that `flat` is sorted by name, without repeats or empty values. For decoders that
   * read back what `flat` gave them.
   */
  static fromSortedFlat(flat: readonly string[]): Labels {
    return flat.length === 0 ? Labels.empty : new Labels(flat);
  }

  /** The set that has this `key`. */
  static fromKey(key: string): Labels {
    return Labels.fromSortedFlat(key === '' ? [] : key.split('\xff').map(unescapeFromKey));
  }

  /** A string that is the same for equal sets only. */
  get key(): string {
    return (this.#key ??= this.flat.map(escapeForKey).join('\xff'));
  }

  /** The metric name, or '' when there is none. */
  get metricName(): string {
    return this.get(METRIC_NAME);
  }

  get size(): number {
    return this.flat.length / 2;
  }

  /** The value of a label, '' when it is absent. */
  get(name: string): string {
    const { flat } = this;
    for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1] ?? '';
    return '';
  }

  has(name: string): boolean {
    return this.get(name) !== '';
  }

  /** A copy with some labels set; an empty value removes the label. */
  with(changes: Readonly<Record<string, string>>): Labels {
    const { flat: old } = this;
    const flat: string[] = [];
    let at = 0;
    for (const [name, value] of Object.entries(changes).sort(([a], [b]) => compareUtf8(a, b))) {
      for (; at < old.length && compareUtf8(old[at] ?? '', name) < 0; at += 2) {
        flat.push(old[at] ?? '', old[at + 1] ?? '');
      }
      if (old[at] === name) at += 2;
      if (value !== '') flat.push(name, value);
    }
    for (; at < old.length; at++) flat.push(old[at] ?? '');
    return Labels.fromSortedFlat(flat);
  }

  /** A copy without the named labels. */
  without(names: Iterable<string>): Labels {
    const drop = names instanceof Set ? (names as ReadonlySet<string>) : new Set(names);
    return this.#filter((name) => !drop.has(name));
  }

  /** A copy with only the named labels. */
  keep(names: Iterable<string>): Labels {
    const keep = names instanceof Set ? (names as ReadonlySet<string>) : new Set(names);
    return this.#filter((name) => keep.has(name));
  }

  withoutName(): Labels {
    return this.has(METRIC_NAME) ? this.#filter((name) => name !== METRIC_NAME) : this;
  }

  equals(other: Labels): boolean {
    return this === other || this.key === other.key;
  }

  /** Orders label sets as Prometheus does: name, value, name, value, then the shorter first. */
  compare(other: Labels): number {
    const length = Math.min(this.flat.length, other.flat.length);
    for (let i = 0; i < length; i++) {
      const order = compareUtf8(this.flat[i] ?? '', other.flat[i] ?? '');
      if (order !== 0) return order;
    }
    return this.flat.length - other.flat.length;
  }

  *[Symbol.iterator](): IterableIterator<readonly [string, string]> {
    for (let i = 0; i < this.flat.length; i += 2) {
      yield [this.flat[i] ?? '', this.flat[i + 1] ?? ''];
    }
  }

  toObject(): Record<string, string> {
    const { flat } = this;
    const record: Record<string, string> = {};
    for (let i = 0; i < flat.length; i += 2) {
      const name = flat[i] ?? '';
      // Assigned, it would not become a property.
      if (name === '__proto__') return Object.fromEntries(this);
      record[name] = flat[i + 1] ?? '';
    }
    return record;
  }

  toJSON(): Record<string, string> {
    return this.toObject();
  }

  /** As PromQL writes it: `up{job="node"}`. */
  toString(): string {
    const parts: string[] = [];
    for (const [name, value] of this) {
      if (name !== METRIC_NAME) parts.push(`${quoteName(name)}=${JSON.stringify(value)}`);
    }
    const name = this.metricName;
    if (name !== '' && !isLegacyMetricName(name)) parts.unshift(JSON.stringify(name));
    const head = isLegacyMetricName(name) ? name : '';
    return parts.length === 0 && head !== '' ? head : `${head}{${parts.join(', ')}}`;
  }

  #filter(keep: (name: string) => boolean): Labels {
    const flat: string[] = [];
    for (const [name, value] of this) if (keep(name)) flat.push(name, value);
    if (flat.length === this.flat.length) return this;
    return Labels.fromSortedFlat(flat);
  }
}

/** Whether a metric name is of the classic form `[a-zA-Z_:][a-zA-Z0-9_:]*`. */
export function isLegacyMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

/** Whether a label name is of the classic form `[a-zA-Z_][a-zA-Z0-9_]*`. */
export function isLegacyLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

/**
 * Keys are joined by U+00FF, which unlike Prometheus' byte 0xff may occur in a label. It keeps keys
 * of ASCII labels at one byte per character.
 */
function escapeForKey(text: string): string {
  return /[\xfe\xff]/.test(text)
    ? text.replaceAll('\xfe', '\xfe0').replaceAll('\xff', '\xfe1')
    : text;
}

function unescapeFromKey(text: string): string {
  return text.includes('\xfe')
    ? text.replaceAll('\xfe1', '\xff').replaceAll('\xfe0', '\xfe')
    : text;
}

function quoteName(name: string): string {
  return isLegacyLabelName(name) ? name : JSON.stringify(name);
}
