import { queryEscape } from '../links.ts';
import { stringArg } from './arguments.ts';
import { TemplateCallError, type TemplateFunction } from './executor.ts';
import { formatValue, GoList, GoMap, isTruthy, typeNameOf } from './go-values.ts';
import { sprintf } from './sprintf.ts';

/** The functions that every Go template has. @see https://pkg.go.dev/text/template#hdr-Functions */
export const builtinFunctions: ReadonlyMap<string, TemplateFunction> = new Map([
  // The executor stops at the argument that decides; when none does, the last is the answer.
  ['and', fn(1, Infinity, (args) => args.find((arg) => !isTruthy(arg)) ?? args.at(-1))],
  ['or', fn(1, Infinity, (args) => args.find(isTruthy) ?? args.at(-1))],
  ['not', fn(1, 1, (args) => !isTruthy(args[0]))],
  ['eq', fn(2, Infinity, ([first, ...rest]) => rest.some((other) => isEqual(first, other)))],
  ['ne', fn(2, 2, ([a, b]) => !isEqual(a, b))],
  ['lt', fn(2, 2, ([a, b]) => isLess(a, b))],
  ['le', fn(2, 2, ([a, b]) => isLess(a, b) || isEqual(a, b))],
  // Not "not le": a NaN is neither above nor below.
  ['gt', fn(2, 2, ([a, b]) => isLess(b, a))],
  ['ge', fn(2, 2, ([a, b]) => isLess(b, a) || isEqual(a, b))],
  ['len', fn(1, 1, ([value]) => BigInt(lengthOf(value)))],
  ['index', fn(1, Infinity, ([value, ...keys]) => keys.reduce(elementOf, value))],
  ['slice', fn(1, 4, ([value, ...bounds]) => slice(value, bounds))],
  ['print', fn(0, Infinity, print)],
  ['println', fn(0, Infinity, (args) => `${args.map(formatValue).join(' ')}\n`)],
  ['printf', fn(1, Infinity, (args) => sprintf(stringArg(args, 0), args.slice(1)))],
  ['html', fn(1, Infinity, (args) => escapeHtml(print(args)))],
  ['urlquery', fn(1, Infinity, (args) => queryEscape(print(args)))],
]);

export function fn(
  min: number,
  max: number,
  call: (args: readonly unknown[]) => unknown,
): TemplateFunction {
  return { arity: [min, max], call };
}

/** As Go's `fmt.Sprint`: a blank between two neighbours when neither is a string. */
function print(args: readonly unknown[]): string {
  let text = '';
  for (const [index, arg] of args.entries()) {
    const bare = typeof arg !== 'string' && typeof args[index - 1] !== 'string';
    text += (index > 0 && bare ? ' ' : '') + formatValue(arg);
  }
  return text;
}

/** Go compares only values of one kind: an int is never equal to a float. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  checkComparable(a, b);
  return a === b;
}

function isLess(a: unknown, b: unknown): boolean {
  checkComparable(a, b);
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b;
  if (typeof a === 'string' && typeof b === 'string') {
    return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  }
  throw new TemplateCallError('invalid type for comparison');
}

function checkComparable(a: unknown, b: unknown): void {
  for (const value of [a, b]) {
    if (!['string', 'boolean', 'bigint', 'number'].includes(typeof value)) {
      throw new TemplateCallError('invalid type for comparison');
    }
  }
  if (typeof a !== typeof b) {
    const fix =
      typeof a === 'number' || typeof b === 'number' ? ' (write 10.0 to compare with a float)' : '';
    throw new TemplateCallError(`incompatible types for comparison${fix}`);
  }
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof GoList) return value.items.length;
  if (value instanceof GoMap) return value.entries.size;
  if (value === undefined) throw new TemplateCallError('len of nil pointer');
  throw new TemplateCallError(`len of type ${typeNameOf(value)}`);
}

function elementOf(value: unknown, key: unknown): unknown {
  if (value instanceof GoMap) {
    if (typeof key === 'string') return value.get(key);
    throw new TemplateCallError(`value has type ${typeNameOf(key)}; should be string`);
  }
  if (value instanceof GoList || typeof value === 'string') {
    if (typeof key !== 'bigint') {
      throw new TemplateCallError(`cannot index slice/array with type ${typeNameOf(key)}`);
    }
    const items = value instanceof GoList ? value.items : [...Buffer.from(value)].map(BigInt);
    if (key < 0n || key >= BigInt(items.length)) {
      throw new TemplateCallError(`index out of range: ${key}`);
    }
    return items[Number(key)];
  }
  if (value === undefined) throw new TemplateCallError('index of untyped nil');
  throw new TemplateCallError(`can't index item of type ${typeNameOf(value)}`);
}

function slice(value: unknown, bounds: readonly unknown[]): unknown {
  const length = lengthOf(value);
  const numbers = bounds.map((bound) => {
    if (typeof bound !== 'bigint') {
      throw new TemplateCallError(`cannot index slice/array with type ${typeNameOf(bound)}`);
    }
    if (bound < 0n || bound > BigInt(length)) {
      throw new TemplateCallError(`index out of range: ${bound}`);
    }
    return Number(bound);
  });
  const [start = 0, end = length] = numbers;
  if (start > end) throw new TemplateCallError(`invalid slice index: ${start} > ${end}`);
  if (typeof value === 'string') return Buffer.from(value).subarray(start, end).toString();
  if (value instanceof GoList) return new GoList(value.typeName, value.items.slice(start, end));
  throw new TemplateCallError(`can't slice item of type ${typeNameOf(value)}`);
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => HTML[character] ?? character);
}
