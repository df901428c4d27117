import { type Status } from '@dwcp/api-schema';
import { type MetricMetadata } from '@dwcp/core';
import { type MetricCollector, type MetricSink } from '@dwcp/metrics-collector';

const metric = (
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  unit = '',
): MetricMetadata => ({
  name,
  type,
  help,
  unit,
});

const METADATA: readonly MetricMetadata[] = [
  metric('dwcp_build_info', 'gauge', 'Always 1; the version is a label.'),
  metric('dwcp_queue_waiting', 'gauge', 'Items waiting to be written, by queue.'),
  metric('dwcp_queue_capacity', 'gauge', 'Items a queue holds at most.'),
  metric('dwcp_queue_written_total', 'counter', 'Items written, by queue.'),
  metric(
    'dwcp_queue_dropped_total',
    'counter',
    'Items refused because the queue was full or closed.',
  ),
  metric(
    'dwcp_queue_failed_writes_total',
    'counter',
    'Batches whose write failed and was tried again.',
  ),
  metric('dwcp_store_size_bytes', 'gauge', 'Bytes on disk, by store.', 'bytes'),
  metric('dwcp_store_series', 'gauge', 'Series the metric store knows.'),
  metric(
    'dwcp_store_corruptions_total',
    'counter',
    'Damaged places the metric store has found since the start.',
  ),
  metric('dwcp_store_failed_writes_total', 'counter', 'Writes of the log that failed.'),
  metric('dwcp_store_failed_seals_total', 'counter', 'Blocks that could not be written.'),
  metric('dwcp_store_lost_samples_total', 'counter', 'Samples lost with damaged parts of the log.'),
  metric('dwcp_samples_rejected_total', 'counter', 'Samples the metric store refused, by reason.'),
  metric('dwcp_record_errors_total', 'counter', 'Calls of record* with a wrong argument.'),
];

/** What the platform says of itself, as series. */
export function platformCollector(status: () => Omit<Status, 'alerting'>): MetricCollector {
  return {
    name: 'platform',
    describe: () => METADATA,
    collect(sink: MetricSink) {
      const { version, queues, stores, rejectedSamples, recordErrors } = status();
      sink.add('dwcp_build_info', { version }, 1);
      for (const { name: queue, waiting, capacity, written, dropped, failedWrites } of queues) {
        const labels = { queue };
        sink.add('dwcp_queue_waiting', labels, waiting);
        sink.add('dwcp_queue_capacity', labels, capacity);
        sink.add('dwcp_queue_written_total', labels, written);
        sink.add('dwcp_queue_dropped_total', labels, dropped);
        sink.add('dwcp_queue_failed_writes_total', labels, failedWrites);
      }
      for (const [store, stats] of Object.entries(stores)) {
        sink.add('dwcp_store_size_bytes', { store }, Number(stats['sizeBytes'] ?? 0));
      }
      sink.add('dwcp_store_series', undefined, Number(stores.metrics['seriesCount'] ?? 0));
      const ofMetrics = (name: string): number => Number(stores.metrics[name] ?? 0);
      sink.add('dwcp_store_corruptions_total', undefined, ofMetrics('corruptionCount'));
      sink.add('dwcp_store_failed_writes_total', undefined, ofMetrics('failedWalWrites'));
      sink.add('dwcp_store_failed_seals_total', undefined, ofMetrics('failedSeals'));
      sink.add('dwcp_store_lost_samples_total', undefined, ofMetrics('lostSamples'));
      for (const [reason, count] of Object.entries(rejectedSamples)) {
        sink.add('dwcp_samples_rejected_total', { reason }, count);
      }
      sink.add('dwcp_record_errors_total', undefined, recordErrors);
    },
  };
}
