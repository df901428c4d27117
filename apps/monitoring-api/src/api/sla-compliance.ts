import { type CallOptions, InvalidInputError } from '@dwcp/core';

import { type SloConfig } from '../config/config.ts';
import { fillWindow } from '../config/slos.ts';
import { type Runtime } from '../runtime/runtime.ts';
import { evaluateNumber } from './evaluate.ts';

export interface SlaCompliance {
  readonly id: string;
  readonly objective: number;
  /** A Prometheus duration. */
  readonly window: string;
  /** Whether there was anything to measure; when false, the three below are null. */
  readonly dataPresent: boolean;
  /** The share of good events over the window, in [0, 1]. */
  readonly goodRatio: number | null;
  readonly compliant: boolean | null;
  /** What is left of the error budget: 1 untouched, 0 spent, below 0 overspent. */
  readonly errorBudgetRemainingRatio: number | null;
  /** RFC 3339. */
  readonly evaluatedAt: string;
}

/** Measures an objective over its window, by PromQL, now. */
export async function getSlaCompliance(
  runtime: Runtime,
  id: string,
  options: CallOptions,
): Promise<SlaCompliance> {
  const { slos } = runtime.config;
  const slo = slos.find((candidate) => candidate.id === id);
  if (slo === undefined) {
    const known = slos.map((candidate) => candidate.id).join(', ');
    throw new InvalidInputError(
      'id',
      `${JSON.stringify(id)} is not among the configured slos${known === '' ? ', of which there are none' : `: ${known}`}`,
    );
  }
  const { objective, window } = slo;
  const goodRatio = await measure(runtime, slo, options);
  return {
    id,
    objective,
    window,
    dataPresent: goodRatio !== undefined,
    goodRatio: goodRatio ?? null,
    compliant: goodRatio === undefined ? null : goodRatio >= objective,
    errorBudgetRemainingRatio:
      goodRatio === undefined ? null : 1 - (1 - goodRatio) / (1 - objective),
    evaluatedAt: new Date(runtime.clock.nowUnixMs()).toISOString(),
  };
}

async function measure(
  runtime: Runtime,
  slo: SloConfig,
  options: CallOptions,
): Promise<number | undefined> {
  const ask = (expression: string): Promise<number | undefined> =>
    evaluateNumber(runtime, fillWindow(expression, slo.window), options);
  if (slo.kind === 'error-ratio') {
    const bad = await ask(slo.errorRatioExpression);
    return bad === undefined ? undefined : clamp(1 - bad);
  }
  const [good, total] = await Promise.all([ask(slo.goodExpression), ask(slo.totalExpression)]);
  // No series of good events means that none was good, as long as there were events.
  return total === undefined || total <= 0 ? undefined : clamp((good ?? 0) / total);
}

const clamp = (ratio: number): number => Math.min(1, Math.max(0, ratio));
