import { isResolved } from '../alertmanager/alerts.ts';
import { type PipelineView } from '../alertmanager/api/alerts.ts';
import { type LevelAlert } from './overall-level.ts';
import { severityOf } from './severity.ts';

/** The alerts of a pipeline that fire, for the overall level. */
export function levelAlerts(
  view: PipelineView,
  isAcknowledged: (fingerprint: string) => boolean,
): readonly LevelAlert[] {
  const { state } = view;
  const unixMs = view.nowUnixMs();
  return [...state.alerts.values()].flatMap(({ alert }): readonly LevelAlert[] => {
    if (isResolved(alert, unixMs)) return [];
    const { fingerprint, labels, startsAtUnixMs } = alert;
    const record = labels.toObject();
    const suppressed =
      state.silences.silencing(labels, unixMs).length > 0 ||
      state.inhibitor.inhibiting(labels, unixMs).length > 0;
    const acknowledged = isAcknowledged(fingerprint);
    const severity = severityOf(record);
    return [{ fingerprint, labels: record, severity, startsAtUnixMs, suppressed, acknowledged }];
  });
}
