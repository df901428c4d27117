import {
  type AlertClusterStats,
  type DecisionLogStats,
  type IncidentStats,
  type IntakeStats,
  type PipelineStats,
} from '@dwcp/alerting';
import { type MetricMetadata } from '@dwcp/core';
import { type MetricCollector, type MetricSink } from '@dwcp/metrics-collector';

/** What the parts of alerting say of themselves. */
export interface AlertingStats {
  readonly intake: IntakeStats;
  readonly incidents: IncidentStats;
  readonly pipeline: PipelineStats;
  readonly decisions: DecisionLogStats;
  /** Undefined where this instance is alone. */
  readonly cluster: AlertClusterStats | undefined;
}

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
  metric(
    'dwcp_alert_intake_held',
    'gauge',
    'Alerts held back because another of their identity passed shortly before.',
  ),
  metric('dwcp_alert_intake_manual', 'gauge', 'Alerts triggered or resolved by hand.'),
  metric('dwcp_alert_intake_pending', 'gauge', 'Alerts that the routes have not taken yet.'),
  metric('dwcp_alert_incidents', 'gauge', 'Incidents that are open.'),
  metric('dwcp_alert_incidents_closed', 'gauge', 'Closed incidents that are kept.'),
  metric(
    'dwcp_alert_escalations_waiting',
    'gauge',
    'Notifications of escalation levels that the outbox has not taken yet.',
  ),
  metric('dwcp_alert_cluster_peers', 'gauge', 'Other instances of the cluster that are there.'),
  metric(
    'dwcp_alert_cluster_failed_peers',
    'gauge',
    'Other instances of the cluster that are configured and do not answer.',
  ),
  metric(
    'dwcp_alert_cluster_messages_total',
    'counter',
    'Requests to and from other instances, by direction.',
  ),
  metric(
    'dwcp_alert_cluster_dropped_total',
    'counter',
    'News that an instance could not be told at once; the next exchange of all makes up for them.',
  ),
  metric(
    'dwcp_alert_cluster_refused_total',
    'counter',
    'Silences and log entries of other instances not taken: wrong, or too many.',
  ),
  metric('dwcp_decisions_waiting', 'gauge', 'Alerting decisions that wait to be written.'),
  metric('dwcp_decisions_written_total', 'counter', 'Records of alerting decisions written.'),
];

/** How alerts are routed, as series; nothing before that began. */
export function alertingCollector(stats: () => AlertingStats | undefined): MetricCollector {
  return {
    name: 'alerting',
    describe: () => METADATA,
    collect(sink: MetricSink) {
      const all = stats();
      if (all === undefined) return;
      const { pipeline: found, intake, incidents, decisions, cluster } = all;
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
      add('dwcp_alert_intake_held', intake.held);
      add('dwcp_alert_intake_manual', intake.manual);
      add('dwcp_alert_intake_pending', intake.pending);
      add('dwcp_alert_incidents', incidents.open);
      add('dwcp_alert_incidents_closed', incidents.closed);
      add('dwcp_alert_escalations_waiting', incidents.waitingIntents);
      add('dwcp_decisions_waiting', decisions.waiting);
      add('dwcp_decisions_written_total', decisions.written);
      if (cluster === undefined) return;
      add('dwcp_alert_cluster_peers', cluster.peers);
      add('dwcp_alert_cluster_failed_peers', cluster.failedPeers);
      const messages = 'dwcp_alert_cluster_messages_total';
      sink.add(messages, { direction: 'sent' }, cluster.sent);
      sink.add(messages, { direction: 'received' }, cluster.received);
      add('dwcp_alert_cluster_dropped_total', cluster.dropped);
      add('dwcp_alert_cluster_refused_total', cluster.refused);
    },
  };
}
