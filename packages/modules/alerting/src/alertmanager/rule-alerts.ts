import { type Notifier } from '@dwcp/core';

import { type PostableAlert } from './alerts.ts';
import { type AlertPipeline } from './pipeline.ts';

/**
 * Posts what rules say to the pipeline of the same process, as Prometheus posts to Alertmanager.
 * @param options.validForMs for how long a firing alert holds when nothing repeats it: four times
 *   the interval at which it is repeated, as in Prometheus
 */
export function pipelineNotifier(
  pipeline: Pick<AlertPipeline, 'putAlerts' | 'nowUnixMs'>,
  options: { readonly name: string; readonly validForMs: number },
): Notifier {
  return {
    name: options.name,
    async notify({ alerts }): Promise<void> {
      const endsAtUnixMs = pipeline.nowUnixMs() + options.validForMs;
      await pipeline.putAlerts(
        alerts.flatMap(({ labels, annotations, state, generatorUrl }): readonly PostableAlert[] => {
          if (state.kind !== 'firing' && state.kind !== 'resolved') return [];
          const isOver = state.kind === 'resolved';
          return [
            {
              labels: labels.toObject(),
              annotations,
              startsAtUnixMs: state.firedAtUnixMs,
              endsAtUnixMs: isOver ? state.resolvedAtUnixMs : endsAtUnixMs,
              generatorUrl,
            },
          ];
        }),
      );
    },
  };
}
