import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
  visit,
} from 'yaml';

import { type RuleProblem } from './errors.ts';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A YAML mapping whose keys were checked. */
export interface YamlMap {
  readonly place: Place;
  readonly entries: ReadonlyMap<string, { readonly place: Place; readonly value: unknown }>;
}

/** Larger files are refused: a rule file is written by people. */
const MAX_CHARACTERS = 5_000_000;
const MAX_PROBLEMS = 100;

/** Reads a YAML document node by node and collects what is wrong with it, place by place. */
export class YamlReader {
  readonly problems: RuleProblem[] = [];
  /** What is being read, for messages. */
  where = '';
  readonly #path: string;
  readonly #lines = new LineCounter();
  readonly #contents: unknown;
  readonly #resolve: (node: unknown) => unknown;

  constructor(text: string, path: string) {
    this.#path = path;
    if (text.length > MAX_CHARACTERS) {
      this.problem(
        { line: 1, column: 1 },
        `the file has ${text.length} characters, more than ${MAX_CHARACTERS}`,
        'split it',
      );
      this.#resolve = (node) => node;
      return;
    }
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      // All scalars as text: an annotation `5` and a duration `0` are what their author typed.
      schema: 'failsafe',
      uniqueKeys: true,
    });
    for (const error of document.errors) {
      const place = this.#at(error.pos[0]);
      this.problem(place, `not valid YAML: ${error.message}`, 'correct the syntax or indentation');
    }
    this.#resolve = (node) => (isAlias(node) ? node.resolve(document) : node);
    if (document.errors.length > 0) return;
    visit(document, {
      Alias: (_key, node) => {
        if (node.resolve(document) !== undefined) return;
        const problem = `*${node.source} has no anchor &${node.source} before it`;
        this.problem(this.#placeOfNode(node), problem, 'add the anchor, or write the value itself');
      },
    });
    if (this.problems.length === 0) this.#contents = document.contents;
  }

  problem(place: Place, problem: string, fix: string): void {
    if (this.problems.length >= MAX_PROBLEMS) return;
    this.problems.push({ path: this.#path, ...place, where: this.where, problem, fix });
  }

  /** The top of the document; undefined when it is empty or wrong. */
  root(keys: readonly string[]): YamlMap | undefined {
    if (this.#contents === null || this.#contents === undefined) return undefined;
    return this.map(this.#contents, 'the file', keys);
  }

  map(found: unknown, what: string, keys: readonly string[]): YamlMap | undefined {
    const node = this.#resolve(found);
    const place = this.#placeOfNode(node);
    if (!isMap(node)) {
      this.problem(place, `${what} is ${describe(node)}`, `write a mapping of ${keys.join(', ')}`);
      return undefined;
    }
    const entries = new Map<string, { place: Place; value: unknown }>();
    for (const { key, value } of this.#pairs(node)) {
      const name = isScalar(key) ? String(key.value) : '';
      const keyPlace = this.#placeOfNode(key);
      if (!keys.includes(name)) {
        this.problem(
          keyPlace,
          `${JSON.stringify(name)} is not a key of ${what}`,
          `known are ${keys.join(', ')}`,
        );
        continue;
      }
      const resolved = this.#resolve(value);
      // `for:` with nothing behind it is as good as absent.
      if (isNothing(resolved)) continue;
      entries.set(name, { place: this.#placeOfNode(resolved, keyPlace), value: resolved });
    }
    return { place, entries };
  }

  list(map: YamlMap, key: string): readonly unknown[] {
    const entry = map.entries.get(key);
    if (entry === undefined) return [];
    if (isSeq(entry.value)) return entry.value.items;
    this.problem(entry.place, `${key} is ${describe(entry.value)}`, 'write a list, each with -');
    return [];
  }

  text(map: YamlMap, key: string): string | undefined {
    const entry = map.entries.get(key);
    if (entry === undefined) return undefined;
    if (isScalar(entry.value)) return String(entry.value.value);
    this.problem(entry.place, `${key} is ${describe(entry.value)}`, 'write a text');
    return undefined;
  }

  /** A list of texts, each with its place. */
  textItems(map: YamlMap, key: string): readonly (readonly [string, Place])[] {
    return this.list(map, key).flatMap((item) => {
      const node = this.#resolve(item);
      const place = this.#placeOfNode(node, map.entries.get(key)?.place);
      if (isScalar(node)) return [[String(node.value), place] as const];
      this.problem(place, `${key} has ${describe(node)}`, 'write a list of texts');
      return [];
    });
  }

  /** A mapping of texts, such as labels. */
  texts(map: YamlMap, key: string): readonly (readonly [string, string, Place])[] {
    const entry = map.entries.get(key);
    if (entry === undefined) return [];
    if (!isMap(entry.value)) {
      this.problem(entry.place, `${key} is ${describe(entry.value)}`, 'write name: value pairs');
      return [];
    }
    return this.#pairs(entry.value).flatMap(({ key: keyNode, value }) => {
      const name = isScalar(keyNode) ? String(keyNode.value) : '';
      const place = this.#placeOfNode(keyNode, entry.place);
      const resolved = this.#resolve(value);
      if (isNothing(resolved)) return [[name, '', place] as const];
      if (isScalar(resolved)) return [[name, String(resolved.value), place] as const];
      this.problem(place, `${key}.${name} is ${describe(resolved)}`, 'write a text');
      return [];
    });
  }

  /** Where the value of a key stands, or the key inside that value. */
  placeOf(map: YamlMap, key: string, inner?: string): Place {
    const entry = map.entries.get(key);
    if (entry === undefined) return map.place;
    const pair = isMap(entry.value)
      ? entry.value.items.find((item) => isScalar(item.key) && item.key.value === inner)
      : undefined;
    return pair === undefined ? entry.place : this.#placeOfNode(pair.key, entry.place);
  }

  /** The pairs of a mapping, with those that `<<` takes over from others; its own win. */
  #pairs(map: YAMLMap, depth = 0): readonly { readonly key: unknown; readonly value: unknown }[] {
    const isMerge = ({ key }: { readonly key: unknown }): boolean =>
      isScalar(key) && key.value === '<<';
    const own = map.items.filter((pair) => !isMerge(pair));
    const names = new Set(own.map(({ key }) => (isScalar(key) ? key.value : undefined)));
    const merged = map.items.filter(isMerge).flatMap(({ value }) => {
      const resolved = this.#resolve(value);
      const sources = isSeq(resolved) ? resolved.items.map(this.#resolve) : [resolved];
      return sources.flatMap((source) =>
        isMap(source) && depth < 10 ? this.#pairs(source, depth + 1) : [],
      );
    });
    return [...own, ...merged.filter(({ key }) => isScalar(key) && !names.has(key.value))];
  }

  #placeOfNode(node: unknown, otherwise: Place = { line: 1, column: 1 }): Place {
    const range = (node as Node | null | undefined)?.range;
    return range === null || range === undefined ? otherwise : this.#at(range[0]);
  }

  #at(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

function isNothing(node: unknown): boolean {
  if (node === null || node === undefined) return true;
  if (!isScalar(node) || node.type !== 'PLAIN') return false;
  return typeof node.value !== 'string' || /^(?:|~|null)$/i.test(node.value);
}

function describe(node: unknown): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (isScalar(node)) return JSON.stringify(node.value);
  return 'empty';
}
