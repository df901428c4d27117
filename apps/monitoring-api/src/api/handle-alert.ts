import { type Runtime } from '../runtime/runtime.ts';
import { type Moment, toDurationMs, toUnixMs } from './moment.ts';

export interface AlertTrigger {
  /** With `alertname`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Who. */
  readonly by: string;
  /** Default: until it is resolved by hand, at most 30 days. */
  readonly endsAt?: Moment;
}

/** By the fingerprint that `triggerAlert` or the HTTP API gave, or by all its labels. */
export type AlertResolve = (
  | { readonly fingerprint: string }
  | { readonly labels: Readonly<Record<string, string>> }
) & { readonly by: string; readonly comment?: string };

/** Of one alert, or of an incident as a whole. */
export type AlertAcknowledgement = (
  | { readonly fingerprint: string }
  | { readonly incident: string }
) & {
  readonly by: string;
  readonly comment?: string;
  /** Milliseconds or a duration such as `30m`. Default: until the alerts are over. */
  readonly timeout?: number | string;
};

export async function triggerAlert(
  runtime: Runtime,
  { endsAt, ...trigger }: AlertTrigger,
): Promise<{ readonly fingerprint: string }> {
  const end = endsAt === undefined ? {} : { endsAtUnixMs: toUnixMs('endsAt', endsAt) };
  return await runtime.requireAlerting().intake.trigger({ ...trigger, ...end });
}

export async function resolveAlert(
  runtime: Runtime,
  { comment = '', ...resolve }: AlertResolve,
): Promise<void> {
  await runtime.requireAlerting().intake.resolve({ ...resolve, comment });
}

export async function acknowledgeAlert(
  runtime: Runtime,
  { comment = '', timeout, ...what }: AlertAcknowledgement,
): Promise<void> {
  const limit = timeout === undefined ? {} : { timeoutMs: toDurationMs('timeout', timeout) };
  await runtime.requireAlerting().incidents.acknowledge({ ...what, comment, ...limit });
}
