import { type CallOptions, InvalidInputError } from '@dwcp/core';

import { type Runtime } from '../runtime/runtime.ts';
import { evaluateNumber } from './evaluate.ts';
import { getAlerts } from './get-alerts.ts';

/** A figure the judgement rests on; `present` is false when there is no data for it. */
export type HealthInput =
  | { readonly present: true; readonly value: number }
  | { readonly present: false };

export interface RegionHealth {
  readonly region: string;
  /** `unknown` when nothing at all is known of the region. */
  readonly status: 'healthy' | 'degraded' | 'unhealthy' | 'unknown';
  /** Why it is not healthy. */
  readonly reasons: readonly string[];
  readonly inputs: {
    /** Scrape targets that answer, over all; in [0, 1]. */
    readonly upRatio: HealthInput;
    /** HTTP requests of the last 5 minutes that ended in 5xx, over all; in [0, 1]. */
    readonly errorRatio: HealthInput;
    /** Seconds since the newest sample of host, process or target. */
    readonly dataAgeSeconds: HealthInput;
    readonly alertsFiring: HealthInput;
    readonly criticalAlertsFiring: HealthInput;
  };
  /** RFC 3339. */
  readonly evaluatedAt: string;
}

/**
 * A region's health as far as this version can tell: a fixed set of thresholds over targets, alerts,
 * errors and the age of data. There is no score, because nothing here could justify its decimals.
 */
export async function getRegionHealth(
  runtime: Runtime,
  region: string,
  options: CallOptions,
): Promise<RegionHealth> {
  if (typeof region !== 'string' || region === '') {
    throw new InvalidInputError('region', 'must name a region');
  }
  const scope = `region=${JSON.stringify(region)}`;
  const requests = (more: string): string =>
    `sum(rate(http_server_request_duration_seconds_count{${scope}${more}}[5m]))`;
  const newest = ['up', 'node_time_seconds', 'process_resident_memory_bytes']
    .map((name) => `timestamp(${name}{${scope}})`)
    .join(' or ');
  const ask = async (expression: string): Promise<HealthInput> => {
    const value = await evaluateNumber(runtime, expression, options);
    return value === undefined ? { present: false } : { present: true, value };
  };
  const [upRatio, errorRatio, dataAgeSeconds] = await Promise.all([
    ask(`avg(up{${scope}})`),
    ask(`(${requests(',status=~"5.."')} or vector(0)) / (${requests('')} > 0)`),
    ask(`time() - max(${newest})`),
  ]);
  const known = upRatio.present || errorRatio.present || dataAgeSeconds.present;
  const firing = getAlerts(runtime, { state: 'firing', region });
  const critical = firing.filter(({ labels }) => labels.get('severity') === 'critical');

  const unhealthy: string[] = [];
  const degraded: string[] = [];
  const judge = (
    input: HealthInput,
    worse: number,
    bad: number,
    say: (value: number) => string,
  ) => {
    if (!input.present || input.value <= bad) return;
    (input.value > worse ? unhealthy : degraded).push(say(input.value));
  };
  const downRatio: HealthInput = upRatio.present
    ? { present: true, value: 1 - upRatio.value }
    : upRatio;
  judge(downRatio, 0.5, 0, (value) => `${percent(value)} of the scrape targets do not answer`);
  judge(errorRatio, 0.1, 0.01, (value) => `${percent(value)} of the requests fail`);
  judge(dataAgeSeconds, 120, 30, (value) => `the newest data is ${Math.round(value)} s old`);
  if (critical.length > 0) unhealthy.push(`${critical.length} critical alerts are firing`);
  if (firing.length > critical.length) {
    degraded.push(`${firing.length - critical.length} alerts below critical are firing`);
  }

  const count = (value: number): HealthInput =>
    runtime.rules === undefined ? { present: false } : { present: true, value };
  return {
    region,
    status: statusOf(known || firing.length > 0, unhealthy, degraded),
    reasons: [...unhealthy, ...degraded],
    inputs: {
      upRatio,
      errorRatio,
      dataAgeSeconds,
      alertsFiring: count(firing.length),
      criticalAlertsFiring: count(critical.length),
    },
    evaluatedAt: new Date(runtime.clock.nowUnixMs()).toISOString(),
  };
}

function statusOf(
  known: boolean,
  unhealthy: readonly string[],
  degraded: readonly string[],
): RegionHealth['status'] {
  if (!known) return 'unknown';
  if (unhealthy.length > 0) return 'unhealthy';
  return degraded.length > 0 ? 'degraded' : 'healthy';
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`;
}
