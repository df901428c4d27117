import { type ConfigOrigin } from '@dwcp/core';

/** One place settings come from. */
export interface ConfigSource {
  /** Nested settings as they were written. */
  readonly value: unknown;
  /** Where a setting stands, for messages. */
  origin(path: readonly string[]): ConfigOrigin;
  /** Paths of files in this source are relative to it. */
  readonly baseDir: string;
  /** How text becomes numbers, flags and lists. */
  readonly coerce?: 'commas';
  /** Mistakes that were found while reading the source itself. */
  readonly problems?: readonly {
    readonly key: string;
    readonly value: string;
    readonly origin: ConfigOrigin;
    readonly problem: string;
    readonly fix: string;
  }[];
}

/** Settings handed in by the program. */
export function codeSource(value: unknown, baseDir: string): ConfigSource {
  return { value, baseDir, origin: () => 'code' };
}

/** The value at a path, undefined when there is none. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) {
      return undefined;
    }
    current = (current as Readonly<Record<string, unknown>>)[key];
  }
  return current;
}
