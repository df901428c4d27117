import { type Notification, type Notifier } from '@dwcp/core';

import { type PostableAlert } from './alerts.ts';
import { type PutAlertsResult } from './pipeline-options.ts';

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
      await pipeline.putAlerts(postableAlerts(notification, { unixMs, validForMs }));
    },
  };
}
