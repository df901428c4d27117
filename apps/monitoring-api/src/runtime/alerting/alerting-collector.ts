import { type PipelineStats } from '@dwcp/alerting';
import { type MetricMetadata } from '@dwcp/core';
import { type MetricCollector, type MetricSink } from '@dwcp/metrics-collector';

const metric = (name: string, type: 'counter' | 'gauge', help: string): MetricMetadata => ({
  name,
  type,
  help,
  unit: '',
});

const METADATA: readonly MetricMetadata[] = [
  metric('dwcp_alerts', 'gauge', 'Alerts that are held: firing, or over and not yet told as such.'),
  metric('dwcp_alert_groups', 'gauge', 'Groups of alerts that receivers are told of together.'),
  metric('dwcp_silences', 'gauge', 'Silences that are kept, those that are over included.'),
  metric(
    'dwcp_alert_notifications_waiting',
    'gauge',
    'Notifications decided on that the outbox has not taken yet.',
  ),
  metric('dwcp_alert_notifications_total', 'counter', 'Notifications decided on.'),
  metric('dwcp_alert_flushes_total', 'counter', 'Groups looked at for something to tell.'),
  metric(
    'dwcp_alert_flushes_postponed_total',
    'counter',
    'Flushes put off because too many notifications wait for the outbox.',
  ),
  metric('dwcp_alerts_refused_total', 'counter', 'Alerts not taken: wrong, or too many.'),
  metric(
    'dwcp_alert_store_failures_total',
    'counter',
    'Decisions that could not be stored, and were tried again.',
  ),
];

/** How alerts are routed, as series; nothing before that began. */
export function alertingCollector(stats: () => PipelineStats | undefined): MetricCollector {
  return {
    name: 'alerting',
    describe: () => METADATA,
    collect(sink: MetricSink) {
      const found = stats();
      if (found === undefined) return;
      const add = (name: string, value: number): void => {
        sink.add(name, undefined, value);
      };
      add('dwcp_alerts', found.alerts);
      add('dwcp_alert_groups', found.groups);
      add('dwcp_silences', found.silences);
      add('dwcp_alert_notifications_waiting', found.waitingIntents);
      add('dwcp_alert_notifications_total', found.notifications);
      add('dwcp_alert_flushes_total', found.flushes);
      add('dwcp_alert_flushes_postponed_total', found.postponedFlushes);
      add('dwcp_alerts_refused_total', found.refusedAlerts);
      add('dwcp_alert_store_failures_total', found.storeFailures);
    },
  };
}
