import { type CallOptions, InvalidInputError, METRIC_NAME, Labels } from '@dwcp/core';

import { type Runtime } from '../runtime/runtime.ts';
import { type Moment, toDurationMs, toUnixMs } from './moment.ts';

const DEFAULT_RANGE_MS = 3_600_000;
/** Points of a series when no step is given. */
const DEFAULT_POINTS = 250;

export interface MetricsRequest {
  /** PromQL; or `name`. */
  readonly expression?: string;
  /** A metric's name; or `expression`. */
  readonly name?: string;
  /** Only series of this region; goes with `name`. */
  readonly region?: string;
  /** Default: an hour before `end`. */
  readonly start?: Moment;
  /** Default: now. */
  readonly end?: Moment;
  /** Milliseconds or a duration. Default: such that 250 points come out, at least 1 s. */
  readonly step?: number | string;
}

export interface MetricsResult {
  readonly expression: string;
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    /** Unix milliseconds and value, oldest first. */
    readonly points: readonly (readonly [number, number])[];
  }[];
  readonly warnings: readonly string[];
}

export async function getMetrics(
  runtime: Runtime,
  request: MetricsRequest,
  options: CallOptions,
): Promise<MetricsResult> {
  const expression = expressionOf(request);
  const endUnixMs =
    request.end === undefined ? runtime.clock.nowUnixMs() : toUnixMs('end', request.end);
  const startUnixMs =
    request.start === undefined ? endUnixMs - DEFAULT_RANGE_MS : toUnixMs('start', request.start);
  if (endUnixMs < startUnixMs) throw new InvalidInputError('end', 'must not be before start');
  const stepMs =
    request.step === undefined
      ? Math.max(1_000, Math.ceil((endUnixMs - startUnixMs) / DEFAULT_POINTS / 1_000) * 1_000)
      : toDurationMs('step', request.step);
  const { value, warnings } = await runtime.query.range(
    { expression, startUnixMs, endUnixMs, stepMs },
    options,
  );
  const series = value.kind === 'matrix' ? value.series : [];
  return {
    expression,
    warnings,
    series: series.map(({ labels, timestamps, values }) => ({
      labels: labels.toObject(),
      points: Array.from(timestamps, (unixMs, i) => [unixMs, values[i] ?? Number.NaN] as const),
    })),
  };
}

function expressionOf({ expression, name, region }: MetricsRequest): string {
  if (expression !== undefined) {
    if (name !== undefined) throw new InvalidInputError('name', 'cannot go with expression');
    if (region !== undefined) {
      throw new InvalidInputError(
        'region',
        'cannot go with expression; write {region="..."} into it',
      );
    }
    return expression;
  }
  if (name === undefined || name === '') {
    throw new InvalidInputError('name', 'is missing; give name, or expression with PromQL');
  }
  return Labels.from({
    [METRIC_NAME]: name,
    ...(region === undefined ? {} : { region }),
  }).toString();
}
