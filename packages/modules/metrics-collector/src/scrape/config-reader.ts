import { type ConfigOrigin, type ConfigProblem, parseDuration } from '@dwcp/core';

const LONGEST_SHOWN = 80;

/** Names whose values are never shown, in case a secret stands under them. */
const SECRET_NAME = /pass|secret|token|cred|auth|key|param/i;

/**
 * Reads one mapping of a configuration field by field and gathers what is wrong with it. Every
 * reading method answers undefined both for an absent field and for a wrong one; a wrong one has
 * left a problem, so the result is not used.
 */
export class ConfigReader {
  readonly key: string;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #origin: ConfigOrigin;
  readonly #problems: ConfigProblem[];
  /** Whether values of this mapping may be shown. */
  readonly #secret: boolean;

  constructor(
    input: unknown,
    key: string,
    context: {
      readonly origin: ConfigOrigin;
      readonly problems: ConfigProblem[];
      readonly secret?: boolean;
    },
  ) {
    this.key = key;
    this.#origin = context.origin;
    this.#problems = context.problems;
    this.#secret = context.secret ?? false;
    const isMapping = typeof input === 'object' && input !== null && !Array.isArray(input);
    this.#fields = isMapping ? (input as Record<string, unknown>) : {};
    if (!isMapping) this.#report(key, input, 'must be a mapping', 'write names and values');
  }

  has(name: string): boolean {
    const value = this.#fields[name];
    return value !== undefined && value !== null;
  }

  raw(name: string): unknown {
    return this.#fields[name] ?? undefined;
  }

  problem(name: string, problem: string, fix: string): void {
    this.#report(this.#keyOf(name), this.#valueAt(name), problem, fix);
  }

  /** A reader of the mapping under a name. */
  mapping(name: string, options: { readonly secret?: boolean } = {}): ConfigReader | undefined {
    return this.has(name) ? this.#nested(this.raw(name), name, options.secret) : undefined;
  }

  /** Readers of the mappings in the list under a name. */
  mappings(name: string): readonly ConfigReader[] {
    return this.#list(name).map((item, index) => this.#nested(item, `${name}.${index}`));
  }

  string(name: string): string | undefined {
    if (!this.has(name)) return undefined;
    const value = this.raw(name);
    if (typeof value === 'string') return value;
    this.problem(name, `must be a string, got ${nameOf(value)}`, 'put it in quotes');
    return undefined;
  }

  boolean(name: string): boolean | undefined {
    if (!this.has(name)) return undefined;
    const value = this.raw(name);
    if (typeof value === 'boolean') return value;
    this.problem(name, `must be true or false, got ${nameOf(value)}`, 'write true or false');
    return undefined;
  }

  /** A whole number of at least 0. */
  count(name: string): number | undefined {
    if (!this.has(name)) return undefined;
    const value = this.raw(name);
    if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
    this.problem(name, 'must be a whole number of at least 0', 'write a number, or leave it out');
    return undefined;
  }

  /** Milliseconds from a duration such as `15s`. */
  durationMs(name: string): number | undefined {
    const text = this.string(name);
    if (text === undefined) return undefined;
    const durationMs = parseDuration(text);
    if (durationMs !== undefined) return durationMs;
    this.problem(name, 'is not a duration', 'write one such as 1s, 500ms or 1m30s');
    return undefined;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    const found = allowed.find((each) => each === value);
    if (found === undefined) {
      this.problem(name, 'is not known here', `write one of ${allowed.join(', ')}`);
    }
    return found;
  }

  strings(name: string): readonly string[] | undefined {
    if (!this.has(name)) return undefined;
    return this.#list(name).flatMap((item, index) => {
      if (typeof item === 'string') return [item];
      this.#report(
        this.#keyOf(`${name}.${index}`),
        item,
        `must be a string, got ${nameOf(item)}`,
        'put it in quotes',
        SECRET_NAME.test(name),
      );
      return [];
    });
  }

  /** A mapping of names to strings. Numbers and booleans are an error, as YAML reads `1e3` its way. */
  stringMap(name: string): Readonly<Record<string, string>> {
    const reader = this.mapping(name);
    const entries: [string, string][] = [];
    for (const key of reader?.names() ?? []) {
      const value = reader?.string(key);
      if (value !== undefined) entries.push([key, value]);
    }
    return Object.fromEntries(entries);
  }

  names(): readonly string[] {
    return Object.keys(this.#fields);
  }

  /**
   * Reports every name that is not known, with the nearest one that is.
   * @param unsupported names that Prometheus has and we do not, with what to do
   */
  rejectUnknown(
    known: readonly string[],
    unsupported: (name: string) => string | undefined = () => undefined,
  ): void {
    for (const name of this.names()) {
      if (known.includes(name)) continue;
      const fix = unsupported(name);
      const near = nearest(name, known);
      this.#report(
        this.#keyOf(name),
        this.#fields[name],
        fix === undefined ? 'is not a setting' : 'is a setting of Prometheus not supported yet',
        fix ??
          `${near === undefined ? '' : `did you mean ${near}? `}known here: ${known.join(', ')}`,
        SECRET_NAME.test(name),
      );
    }
  }

  #keyOf(name: string): string {
    return this.key === '' ? name : `${this.key}.${name}`;
  }

  /** The value under a name, or under the name of a list and an index: `targets.0`. */
  #valueAt(name: string): unknown {
    if (Object.hasOwn(this.#fields, name)) return this.#fields[name];
    const [first = '', index] = name.split('.');
    const value = this.#fields[first];
    return index === undefined || !Array.isArray(value) ? value : (value[Number(index)] as unknown);
  }

  #list(name: string): readonly unknown[] {
    if (!this.has(name)) return [];
    const value = this.raw(name);
    if (Array.isArray(value)) return value as readonly unknown[];
    this.problem(name, `must be a list, got ${nameOf(value)}`, 'write [ ... ]');
    return [];
  }

  #nested(input: unknown, name: string, secret = false): ConfigReader {
    return new ConfigReader(input, this.#keyOf(name), {
      origin: this.#origin,
      problems: this.#problems,
      secret: this.#secret || secret || SECRET_NAME.test(name),
    });
  }

  #report(key: string, value: unknown, problem: string, fix: string, secret = false): void {
    const hidden = secret || this.#secret || SECRET_NAME.test(key.slice(key.lastIndexOf('.') + 1));
    this.#problems.push({
      key,
      value: value === undefined ? '(absent)' : hidden ? '(not shown)' : printable(value),
      origin: this.#origin,
      problem,
      fix,
    });
  }
}

function nameOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}

/** A single value as JSON, cut when long, and without what may be secret in an address. */
function printable(value: unknown): string {
  if (typeof value === 'object') return nameOf(value);
  const text = (JSON.stringify(value) ?? typeof value)
    .slice(0, 1_000)
    .replaceAll(/[^/@"\s]+:[^/@"\s]*@/g, '(not shown)@')
    .replaceAll(/([?&][^=&"\s]*=)[^&"\s]+/g, '$1(not shown)');
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}

/** The known name closest to a mistyped one, when it is close at all. */
function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.slice(0, 64), candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
