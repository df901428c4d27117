import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type YAMLMap,
  visit,
} from 'yaml';

import { type Place } from '../../yaml-reader.ts';
import { type AlertmanagerConfigProblem } from './errors.ts';
import { type Field, type Fields } from './fields.ts';
import { ConfigRecord, type Entry, type PlacedText } from './record.ts';
import { readScalar, regexpProblem } from './scalars.ts';

/** Larger files are refused: a configuration is written by people. */
const MAX_CHARACTERS = 5_000_000;
const MAX_PROBLEMS = 100;
const MAX_DEPTH = 100;

const START: Place = { line: 1, column: 1 };

/** Reads a YAML document by its fields and collects what is wrong with it, place by place. */
export class ConfigReader {
  readonly problems: AlertmanagerConfigProblem[] = [];
  readonly #path: string;
  readonly #lines = new LineCounter();
  #document: Document | undefined;
  #depth = 0;

  constructor(text: string, path: string) {
    this.#path = path;
    if (text.length > MAX_CHARACTERS) {
      const problem = `the file has ${text.length} characters, more than ${MAX_CHARACTERS}`;
      this.problem(START, '', problem, 'split it');
      return;
    }
    const documents = parseAllDocuments(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      // All scalars as text: what a label's value `5` or a duration `0` means, its field says.
      schema: 'failsafe',
      uniqueKeys: true,
    });
    const [document, ...more] = Array.isArray(documents) ? documents : [];
    for (const error of document?.errors ?? []) {
      const place = this.#at(error.pos[0]);
      this.problem(place, '', `not valid YAML: ${error.message}`, 'correct the syntax');
    }
    if (more.length > 0) {
      const place = this.#placeOf(more[0]?.contents, START);
      this.problem(place, '', 'a second document begins', 'keep one document in the file');
    }
    if (document !== undefined) {
      visit(document, {
        Alias: (_key, node) => {
          if (node.resolve(document) !== undefined) return;
          const problem = `*${node.source} has no anchor &${node.source} before it`;
          const place = this.#placeOf(node, START);
          this.problem(place, '', problem, 'add the anchor, or write the value itself');
        },
      });
    }
    if (this.problems.length === 0) this.#document = document;
  }

  problem(place: Place, field: string, problem: string, fix: string, value = ''): void {
    if (this.problems.length >= MAX_PROBLEMS) return;
    this.problems.push({ path: this.#path, ...place, field, value, problem, fix });
  }

  /** The whole file; undefined when it is empty or no mapping. */
  root(fields: Fields): ConfigRecord | undefined {
    const found = this.whole({ kind: 'record', fields });
    return found instanceof ConfigRecord ? found : undefined;
  }

  /** The whole file as one field; undefined when it is empty or wrong. */
  whole(field: Field): unknown {
    const contents = this.#document?.contents;
    return contents === undefined || isNothing(contents)
      ? undefined
      : this.#read(contents, field, '');
  }

  #read(found: unknown, field: Field, name: string): unknown {
    const node = this.#resolve(found);
    switch (field.kind) {
      case 'list':
        return this.#list(node, field.of(), name);
      case 'record':
        return this.#record(node, field.fields, name);
      case 'text-map':
      case 'regexp-map':
        return this.#textMap(node, field.kind, name);
      case 'any':
        return this.#data(node);
      case 'text':
      case 'secret':
      case 'flag':
      case 'whole':
      case 'duration':
      case 'go-duration':
      case 'url':
      case 'secret-url':
      case 'host-port':
        return this.#scalar(node, field.kind, name);
    }
  }

  #scalar(
    node: unknown,
    kind: Parameters<typeof readScalar>[0],
    name: string,
  ): string | boolean | number | undefined {
    const place = this.#placeOf(node, START);
    if (!isScalar(node)) {
      this.problem(place, name, `is ${describe(node)}`, 'write a single value');
      return undefined;
    }
    const text = String(node.value);
    const reading = readScalar(kind, text);
    if ('value' in reading) return reading.value;
    const shown = kind.startsWith('secret') ? '<secret>' : JSON.stringify(text);
    this.problem(place, name, reading.problem, reading.fix, shown);
    return undefined;
  }

  #list(node: unknown, of: Field, name: string): unknown[] | undefined {
    if (!isSeq(node)) {
      this.problem(this.#placeOf(node, START), name, `is ${describe(node)}`, 'write a list');
      return undefined;
    }
    return node.items.flatMap((item, index): unknown[] => {
      const where = `${name}[${index}]`;
      const place = this.#placeOf(this.#resolve(item), this.#placeOf(node, START));
      if (isNothing(this.#resolve(item))) {
        this.problem(place, where, 'is empty', 'fill it in or remove the entry');
        return [];
      }
      const value = this.#read(item, of, where);
      if (value === undefined) return [];
      return [typeof value === 'string' ? { value, place } : value];
    });
  }

  #record(found: unknown, fields: Fields, name: string): ConfigRecord | undefined {
    const node = this.#resolve(found);
    const place = this.#placeOf(node, START);
    if (!isMap(node) || this.#depth >= MAX_DEPTH) {
      const problem = isMap(node) ? `is nested over ${MAX_DEPTH} deep` : `is ${describe(node)}`;
      this.problem(place, name, problem, `write a mapping of ${Object.keys(fields).join(', ')}`);
      return undefined;
    }
    this.#depth++;
    const entries = new Map<string, Entry>();
    for (const { key, value } of this.#pairs(node)) {
      const inner = isScalar(key) ? String(key.value) : '';
      const keyPlace = this.#placeOf(key, place);
      const where = name === '' ? inner : `${name}.${inner}`;
      const field = Object.hasOwn(fields, inner) ? fields[inner] : undefined;
      if (field === undefined) {
        const known = Object.keys(fields).join(', ');
        this.problem(keyPlace, where, 'is not a key of this mapping', `known are ${known}`);
        continue;
      }
      const resolved = this.#resolve(value);
      // `global:` with nothing behind it is as good as absent.
      if (isNothing(resolved)) continue;
      const read = this.#read(resolved, field, where);
      if (read === undefined) continue;
      const isDuration = field.kind === 'duration' || field.kind === 'go-duration';
      entries.set(inner, {
        place: this.#placeOf(resolved, keyPlace),
        value: read,
        ...(isDuration && isScalar(resolved) ? { raw: String(resolved.value) } : {}),
        isSecret: field.kind === 'secret' || field.kind === 'secret-url',
      });
    }
    this.#depth--;
    return new ConfigRecord(name, place, entries);
  }

  #textMap(
    node: unknown,
    kind: 'text-map' | 'regexp-map',
    name: string,
  ): Map<string, PlacedText> | undefined {
    if (!isMap(node)) {
      const fix = 'write name: value pairs';
      this.problem(this.#placeOf(node, START), name, `is ${describe(node)}`, fix);
      return undefined;
    }
    const found = new Map<string, PlacedText>();
    for (const { key, value } of this.#pairs(node)) {
      const inner = isScalar(key) ? String(key.value) : '';
      const place = this.#placeOf(key, START);
      const where = `${name}.${inner}`;
      const resolved = this.#resolve(value);
      const empty = isNothing(resolved);
      if (empty && kind === 'regexp-map') {
        this.problem(place, where, 'has no regular expression', 'write one, such as "a|b"');
        continue;
      }
      const text = empty ? '' : this.#scalar(resolved, 'text', where);
      if (text === undefined) continue;
      const problem = kind === 'regexp-map' ? regexpProblem(String(text)) : undefined;
      if (problem !== undefined) {
        const at = this.#placeOf(resolved, place);
        this.problem(at, where, problem, 'correct the expression', JSON.stringify(text));
        continue;
      }
      found.set(inner, { value: String(text), place });
    }
    return found;
  }

  #data(found: unknown, depth = 0): unknown {
    const node = this.#resolve(found);
    if (isNothing(node) || depth > MAX_DEPTH) return null;
    if (isSeq(node)) return node.items.map((item) => this.#data(item, depth + 1));
    if (isMap(node)) {
      return Object.fromEntries(
        this.#pairs(node).map(({ key, value }) => [
          isScalar(key) ? String(key.value) : '',
          this.#data(value, depth + 1),
        ]),
      );
    }
    return isScalar(node) ? plainScalar(String(node.value), node.type === 'PLAIN') : null;
  }

  /** The pairs of a mapping, with those that `<<` takes over from others; its own win. */
  #pairs(map: YAMLMap, depth = 0): readonly { readonly key: unknown; readonly value: unknown }[] {
    const isMerge = ({ key }: { readonly key: unknown }): boolean =>
      isScalar(key) && key.value === '<<';
    const own = map.items.filter((pair) => !isMerge(pair));
    const names = new Set(own.map(({ key }) => (isScalar(key) ? key.value : undefined)));
    const merged = map.items.filter(isMerge).flatMap(({ value }) => {
      const resolved = this.#resolve(value);
      const sources = isSeq(resolved)
        ? resolved.items.map((item) => this.#resolve(item))
        : [resolved];
      return sources.flatMap((source) =>
        isMap(source) && depth < 10 ? this.#pairs(source, depth + 1) : [],
      );
    });
    return [...own, ...merged.filter(({ key }) => isScalar(key) && !names.has(key.value))];
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) && this.#document !== undefined ? node.resolve(this.#document) : node;
  }

  #placeOf(node: unknown, otherwise: Place): Place {
    const range = (node as Node | null | undefined)?.range;
    return range === null || range === undefined ? otherwise : this.#at(range[0]);
  }

  #at(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

function plainScalar(text: string, isPlain: boolean): unknown {
  if (!isPlain) return text;
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return /^-?(?:0|[1-9]\d{0,14})(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

function isNothing(node: unknown): boolean {
  if (node === null || node === undefined) return true;
  if (!isScalar(node) || node.type !== 'PLAIN') return false;
  return typeof node.value !== 'string' || /^(?:|~|null)$/i.test(node.value);
}

function describe(node: unknown): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (isScalar(node)) return 'a single value';
  return 'empty';
}
