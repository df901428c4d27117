import { type CallOptions } from '@dwcp/core';

import { type Runtime } from '../runtime/runtime.ts';

/** One number for an expression at this moment; undefined when there is no data, or no number. */
export async function evaluateNumber(
  runtime: Runtime,
  expression: string,
  options: CallOptions,
): Promise<number | undefined> {
  const unixMs = runtime.clock.nowUnixMs();
  const { value } = await runtime.query.instant({ expression, unixMs }, options);
  const number =
    value.kind === 'scalar'
      ? value.value
      : value.kind === 'vector'
        ? value.samples[0]?.value
        : undefined;
  return number === undefined || !Number.isFinite(number) ? undefined : number;
}
