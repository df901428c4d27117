import { BackendError, type Notification, type Notifier } from '@dwcp/core';

import { type PostableAlert } from './alerts.ts';
import { PipelineFullError, type PutAlertsResult } from './pipeline-options.ts';

/** What takes alerts: the pipeline, or what stands in front of it. */
export interface AlertSink {
  /** Resolves once they are durable. @throws PipelineFullError, BackendError */
  putAlerts(posted: readonly PostableAlert[]): Promise<PutAlertsResult>;
  nowUnixMs(): number;
}

/**
 * What a notification of rules says, as alerts to post; pending ones are left out, and so are firing
 * ones that waited longer than they hold.
 * @param options.validForMs for how long a firing alert holds when nothing repeats it and the
 *   notification does not say: four times the interval at which it is repeated, as in Prometheus
 */
export function postableAlerts(
  { alerts, validUntilUnixMs }: Pick<Notification, 'alerts' | 'validUntilUnixMs'>,
  options: { readonly unixMs: number; readonly validForMs: number },
): readonly PostableAlert[] {
  const { unixMs } = options;
  const endsAtUnixMs = validUntilUnixMs ?? unixMs + options.validForMs;
  return alerts.flatMap(
    ({ labels, annotations, state, generatorUrl }): readonly PostableAlert[] => {
      if (state.kind !== 'firing' && state.kind !== 'resolved') return [];
      const isOver = state.kind === 'resolved';
      // Waited too long: it would tell as over what was told again since.
      if (!isOver && endsAtUnixMs <= unixMs) return [];
      return [
        {
          labels: labels.toObject(),
          annotations,
          startsAtUnixMs: state.firedAtUnixMs,
          endsAtUnixMs: isOver ? state.resolvedAtUnixMs : endsAtUnixMs,
          generatorUrl,
        },
      ];
    },
  );
}

/**
 * Posts what a rule said. At the limit of alerts those that are known were taken, and the post is
 * not to be tried again: it would hold up what the rule says of them next.
 * @throws what the post throws; BackendError, not retryable, at the limit
 */
export async function postOnce(post: () => Promise<unknown>): Promise<void> {
  try {
    await post();
  } catch (cause) {
    if (!(cause instanceof PipelineFullError)) throw cause;
    throw new BackendError('alerting', cause.message, { retryable: false, cause });
  }
}

/**
 * Posts what rules say to the pipeline of the same process, as Prometheus posts to Alertmanager.
 * @param options.validForMs as for `postableAlerts`
 */
export function pipelineNotifier(
  pipeline: AlertSink,
  options: { readonly name: string; readonly validForMs: number },
): Notifier {
  return {
    name: options.name,
    async notify(notification): Promise<void> {
      const unixMs = pipeline.nowUnixMs();
      const { validForMs } = options;
      const alerts = postableAlerts(notification, { unixMs, validForMs });
      await postOnce(() => pipeline.putAlerts(alerts));
    },
  };
}
