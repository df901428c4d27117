import { GoList, GoMap, type GoMethod, GoTime, typeNameOf } from './go-values.ts';
import { TemplateCallError } from './template-error.ts';
import { formatTime } from './time-format.ts';

/** The method of this name that a value has. */
export function methodOf(receiver: unknown, name: string): GoMethod | undefined {
  if (receiver instanceof GoMap || receiver instanceof GoList) return receiver.methods.get(name);
  const found = receiver instanceof GoTime ? timeMethods.get(name) : undefined;
  if (found === undefined) return undefined;
  const { argCount, call } = found;
  return { argCount, call: (args) => call(receiver as GoTime, args) };
}

interface TimeMethod {
  readonly argCount: number;
  readonly call: (time: GoTime, args: readonly unknown[]) => unknown;
}

const plain = (call: (time: GoTime) => unknown): TimeMethod => ({ argCount: 0, call });

function layoutOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TemplateCallError(`wrong type for value; expected string; got ${typeNameOf(value)}`);
}

/** Methods of a time that templates call. */
const timeMethods = new Map<string, TimeMethod>([
  ['UTC', plain((time) => new GoTime(time.unixMs))],
  ['Unix', plain((time) => BigInt(Math.floor(time.unixMs / 1_000)))],
  ['UnixMilli', plain((time) => BigInt(Math.floor(time.unixMs)))],
  ['Year', plain((time) => BigInt(new Date(time.unixMs).getUTCFullYear()))],
  ['Day', plain((time) => BigInt(new Date(time.unixMs).getUTCDate()))],
  ['Hour', plain((time) => BigInt(new Date(time.unixMs).getUTCHours()))],
  ['Minute', plain((time) => BigInt(new Date(time.unixMs).getUTCMinutes()))],
  ['Second', plain((time) => BigInt(new Date(time.unixMs).getUTCSeconds()))],
  ['String', plain((time) => time.toString())],
  ['IsZero', plain((time) => time.unixMs === Date.parse('0001-01-01T00:00:00Z'))],
  [
    'Format',
    { argCount: 1, call: (time, [layout]) => formatTime(time.unixMs, layoutOf(layout), time.zone) },
  ],
]);
