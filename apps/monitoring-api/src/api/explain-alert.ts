import { type AlertExplanation, readAlertName } from '@dwcp/alerting';
import { InvalidInputError } from '@dwcp/core';

import { type Runtime } from '../runtime/runtime.ts';
import { type Moment, toUnixMs } from './moment.ts';

export async function explainAlert(
  runtime: Runtime,
  alert: string,
  at: Moment | undefined,
): Promise<AlertExplanation> {
  const nowUnixMs = runtime.clock.nowUnixMs();
  const atUnixMs = at === undefined ? nowUnixMs : toUnixMs('at', at);
  if (atUnixMs > nowUnixMs) {
    throw new InvalidInputError('at', `${new Date(atUnixMs).toISOString()} is in the future`);
  }
  return await runtime.requireAlerting().explain({ ...readAlertName(alert), atUnixMs });
}
