import { TemplateCallError } from './executor.ts';
import { GoList, GoStruct, QUERY_RESULT, SAMPLE, typeNameOf } from './go-values.ts';

/*
 * Reading the arguments of template functions, with Go's words for the wrong type. Each throws
 * TemplateCallError.
 */

export function stringArg(args: readonly unknown[], index: number): string {
  const value = args[index];
  return typeof value === 'string' ? value : wrongType('string', value);
}

export function sampleArg(args: readonly unknown[], index: number): GoStruct {
  const value = args[index];
  if (value instanceof GoStruct && value.typeName === SAMPLE) return value;
  return wrongType(SAMPLE, value);
}

export function queryResultArg(args: readonly unknown[], index: number): GoList {
  const value = args[index];
  if (value instanceof GoList && value.typeName === QUERY_RESULT) return value;
  return wrongType(QUERY_RESULT, value);
}

/** A number, or a text that Go's `strconv.ParseFloat` reads as one. */
export function floatArg(args: readonly unknown[], index: number): number {
  const value = args[index];
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string') {
    throw new TemplateCallError(`can't convert ${typeNameOf(value)} to float`);
  }
  const parsed = parseFloat64(value);
  if (parsed === undefined) {
    throw new TemplateCallError(
      `strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`,
    );
  }
  return parsed;
}

function parseFloat64(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  const named = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (named === null) return undefined;
  if (named[2]?.toLowerCase() === 'nan') return named[1] === '' ? Number.NaN : undefined;
  return named[1] === '-' ? -Infinity : Infinity;
}

function wrongType(expected: string, found: unknown): never {
  throw new TemplateCallError(
    `wrong type for value; expected ${expected}; got ${typeNameOf(found)}`,
    { aboutArgument: true },
  );
}
