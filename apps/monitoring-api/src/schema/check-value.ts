import { type TSchema } from 'typebox';

import { checkFormat } from './formats.ts';
import { nearest } from './nearest.ts';

/** One thing wrong with a value. */
export interface ValueProblem {
  readonly path: readonly string[];
  /** What was found, printable, at most 80 characters; a secret is masked. */
  readonly found: string;
  readonly problem: string;
  readonly fix: string;
}

export interface CheckedValue {
  /** With text turned into the type asked for, where `coerce` allowed it. */
  readonly value: unknown;
  readonly problems: readonly ValueProblem[];
}

/** The part of JSON Schema that our schemas use. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly description?: string;
  /** A secret: never shown. */
  readonly writeOnly?: boolean;
}

export interface CheckOptions {
  /** Turns text into numbers, flags and lists, for query parameters (`repeat`) and environment (`commas`). */
  readonly coerce?: 'repeat' | 'commas';
  /** Do not miss required properties: another source may have them. */
  readonly partial?: boolean;
}

/**
 * Checks a value against a schema and names every problem with its path, what was found and what to
 * do. Written here because a configuration error has to carry those three, which validators leave out.
 */
export function checkValue(
  schema: TSchema,
  value: unknown,
  options: CheckOptions = {},
): CheckedValue {
  const problems: ValueProblem[] = [];
  const checked = check(schema as Schema, value, [], { ...options, problems });
  return { value: checked, problems };
}

interface Context extends CheckOptions {
  readonly problems: ValueProblem[];
}

function check(schema: Schema, raw: unknown, path: readonly string[], context: Context): unknown {
  const value = context.coerce === undefined ? raw : coerce(schema, raw, context.coerce);
  const report = (problem: string, fix: string): void => {
    context.problems.push({ path, found: printable(value, schema), problem, fix });
  };
  if (schema.anyOf !== undefined) return checkUnion(schema.anyOf, value, path, context, report);
  if ('const' in schema) {
    if (value !== schema.const)
      report('is not allowed here', `use ${JSON.stringify(schema.const)}`);
    return value;
  }
  switch (schema.type) {
    case undefined:
      return value;
    case 'string':
      if (typeof value !== 'string') {
        if (schema.format === 'duration')
          report('must be a duration', 'write one such as 30d or 12h');
        else report('must be text', 'put it in quotes');
      } else checkString(schema, value, report);
      return value;
    case 'integer':
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        report(
          `must be a${schema.type === 'integer' ? ' whole' : ''} number`,
          `set ${describe(schema)}`,
        );
      } else checkNumber(schema, value, report);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') report('must be true or false', 'set true or false');
      return value;
    case 'null':
      if (value !== null) report('must be null', 'leave it out');
      return value;
    case 'array':
      return checkArray(schema, value, path, context, report);
    case 'object':
      return checkObject(schema, value, path, context, report);
    default:
      throw new Error(`schema type ${schema.type} is not supported`);
  }
}

type Report = (problem: string, fix: string) => void;

function checkString(schema: Schema, value: string, report: Report): void {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema;
  if (value.length < minLength) {
    if (value === '') report('must not be empty', 'set it, or leave the key out');
    else report(`must have at least ${minLength} characters`, `use ${minLength} or more`);
  } else if (value.length > maxLength) {
    report(`must have at most ${maxLength} characters`, 'shorten it');
  } else if (pattern !== undefined && !new RegExp(pattern).test(value)) {
    if (schema.description === undefined) report(`must match ${pattern}`, 'change it to that form');
    else report('does not have the right form', schema.description);
  } else if (format !== undefined) {
    const wrong = checkFormat(format, value);
    if (wrong !== undefined) report(wrong.problem, wrong.fix);
  }
}

function checkNumber(schema: Schema, value: number, report: Report): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const fix = `set ${describe(schema)}`;
  if (schema.type === 'integer' && !Number.isInteger(value)) report('must be a whole number', fix);
  else if (minimum !== undefined && value < minimum) report(`must be >= ${minimum}`, fix);
  else if (maximum !== undefined && value > maximum) report(`must be <= ${maximum}`, fix);
  else if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) {
    report(`must be > ${exclusiveMinimum}`, fix);
  } else if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) {
    report(`must be < ${exclusiveMaximum}`, fix);
  }
}

function checkArray(
  schema: Schema,
  value: unknown,
  path: readonly string[],
  context: Context,
  report: Report,
): unknown {
  if (!Array.isArray(value)) {
    report('must be a list', 'write it as a list');
    return value;
  }
  const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  if (value.length < minItems) report(`must have at least ${minItems} entries`, 'add to it');
  if (value.length > maxItems) report(`must have at most ${maxItems} entries`, 'shorten it');
  if (items === undefined) return value;
  return value
    .slice(0, maxItems)
    .map((item, index) => check(items, item, [...path, String(index)], context));
}

function checkObject(
  schema: Schema,
  value: unknown,
  path: readonly string[],
  context: Context,
  report: Report,
): unknown {
  if (!isRecord(value)) {
    report('must be an object with keys', 'write keys below it');
    return value;
  }
  const { properties = {}, patternProperties = {}, additionalProperties = true } = schema;
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const known =
      (Object.hasOwn(properties, key) ? properties[key] : undefined) ??
      Object.entries(patternProperties).find(([pattern]) => new RegExp(pattern).test(key))?.[1] ??
      (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (known !== undefined) {
      // Defined rather than assigned, so that a key called __proto__ is a key like any other.
      Object.defineProperty(result, key, {
        value: check(known, item, [...path, key], context),
        enumerable: true,
      });
    } else if (additionalProperties === false) {
      const near = nearest(key, Object.keys(properties));
      context.problems.push({
        path: [...path, key],
        found: unknownValue(item),
        problem: 'is not a known key',
        fix:
          near === undefined
            ? `remove it; known keys: ${Object.keys(properties).join(', ')}`
            : `did you mean ${near}?`,
      });
    }
  }
  if (context.partial === true) return result;
  for (const key of schema.required ?? []) {
    if (Object.hasOwn(result, key)) continue;
    context.problems.push({
      path: [...path, key],
      found: 'nothing',
      problem: 'is required',
      fix: properties[key]?.description ?? 'set it',
    });
  }
  return result;
}

function checkUnion(
  branches: readonly Schema[],
  value: unknown,
  path: readonly string[],
  context: Context,
  report: Report,
): unknown {
  const constants = branches.flatMap((branch) => ('const' in branch ? [branch.const] : []));
  if (constants.length === branches.length) {
    if (!constants.includes(value)) {
      const near = typeof value === 'string' ? nearest(value, constants.map(String)) : undefined;
      report(
        `must be one of ${constants.join(', ')}`,
        near === undefined ? 'use one of these' : `did you mean ${near}?`,
      );
    }
    return value;
  }
  let fewest: readonly ValueProblem[] | undefined;
  for (const branch of branches) {
    const problems: ValueProblem[] = [];
    const checked = check(branch, value, path, { ...context, problems });
    if (problems.length === 0) return checked;
    if (fewest === undefined || problems.length < fewest.length) fewest = problems;
  }
  context.problems.push(...(fewest ?? []));
  return value;
}

function coerce(schema: Schema, value: unknown, mode: 'repeat' | 'commas'): unknown {
  if (schema.type === 'array' && !Array.isArray(value)) {
    if (mode === 'commas' && typeof value === 'string')
      return value.split(',').map((v) => v.trim());
    return [value];
  }
  if (typeof value !== 'string') return value;
  switch (schema.type ?? '') {
    case 'integer':
    case 'number':
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : value;
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value;
    default:
      return value;
  }
}

function describe(schema: Schema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const noun = schema.type === 'integer' ? 'a whole number' : 'a number';
  if (minimum !== undefined && maximum !== undefined)
    return `${noun} from ${minimum} to ${maximum}`;
  if (exclusiveMinimum !== undefined && exclusiveMaximum !== undefined) {
    return `${noun} between ${exclusiveMinimum} and ${exclusiveMaximum}`;
  }
  if (minimum !== undefined) return `${noun} of ${minimum} or more`;
  return noun;
}

/** What stands behind a mistyped key may well be a secret: only numbers and flags are shown. */
export function unknownValue(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '(not shown)';
}

/** A value for a message: JSON of at most 80 characters, with secrets and URL passwords masked. */
export function printable(value: unknown, schema: { readonly writeOnly?: boolean } = {}): string {
  if (schema.writeOnly === true) return '***';
  let text: string | undefined;
  try {
    text = JSON.stringify(value, (key, inner: unknown) =>
      /token|apikey|secret|password/i.test(key) && !/file$/i.test(key) ? '***' : inner,
    );
  } catch {
    // Cyclic, or a bigint.
  }
  text ??= String(value);
  text = text.replaceAll(/(\w+:\/\/)[^/@\s"]+@/g, '$1***@');
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
