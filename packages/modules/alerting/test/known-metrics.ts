import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Metrics by what exposes them, as far as the shipped rules and runbooks use them. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  // Only where forwarding is configured, so the reference page does not meet them.
  forwarding: [
    'dwcp_forward_lag_seconds',
    'dwcp_forward_backlog_bytes',
    'dwcp_forward_shards',
    'dwcp_forward_desired_shards',
  ],
  // https://github.com/prometheus/blackbox_exporter
  blackbox_exporter: [
    'probe_success',
    'probe_duration_seconds',
    'probe_http_duration_seconds',
    'probe_http_status_code',
    'probe_ssl_earliest_cert_expiry',
    'probe_dns_lookup_time_seconds',
  ],
  // Those that the platform's own host collector has not: https://github.com/prometheus/node_exporter
  node_exporter: [
    'node_timex_offset_seconds',
    'node_timex_sync_status',
    'node_nf_conntrack_entries',
    'node_nf_conntrack_entries_limit',
  ],
  // https://etcd.io/docs/v3.5/metrics/
  etcd: [
    'etcd_server_has_leader',
    'etcd_server_leader_changes_seen_total',
    'etcd_server_proposals_failed_total',
    'etcd_server_proposals_pending',
    'etcd_server_proposals_committed_total',
    'etcd_disk_wal_fsync_duration_seconds',
    'etcd_disk_backend_commit_duration_seconds',
    'etcd_network_peer_round_trip_time_seconds',
  ],
  // Of each group, ours and Pushgateway's.
  pushgateway: ['push_time_seconds', 'push_failure_time_seconds'],
  // The protocol metrics of instrumented DWCP services.
  dwcp: [
    'dwcp_amst_streams_active',
    'dwcp_amst_streams_total',
    'dwcp_amst_bytes_sent_total',
    'dwcp_amst_errors_total',
    'dwcp_amst_latency_seconds',
    'dwcp_amst_bandwidth_utilization_percent',
    'dwcp_hde_compression_ratio',
    'dwcp_hde_operations_total',
    'dwcp_hde_delta_hit_rate_percent',
    'dwcp_hde_dictionary_efficiency_percent',
    'dwcp_hde_baseline_count',
    'dwcp_hde_bytes_original_total',
    'dwcp_hde_bytes_compressed_total',
    'dwcp_migration_duration_seconds',
    'dwcp_federation_sync_duration_seconds',
    'dwcp_federation_bandwidth_saved_bytes_total',
    'dwcp_system_component_health',
    'dwcp_system_config_enabled',
    'dwcp_system_version_info',
  ],
  // The observability hubs and their agents.
  hubs: [
    'observability_agent_health_status',
    'observability_hub_status',
    'observability_sync_attempts_total',
    'observability_sync_latency_seconds',
    'observability_response_time_seconds',
    'observability_active_agents_total',
  ],
  // Names that modules to come are bound to.
  announced: ['dwcp_anomaly_score', 'dwcp_region_health_score'],
};

/** Every metric that a shipped rule or runbook may use; of histograms the base name. */
export function knownMetrics(): ReadonlySet<string> {
  const page = readFileSync(
    join(import.meta.dirname, '../../../../docs/reference/metrics.md'),
    'utf8',
  );
  const ours = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);
  return new Set([...ours, ...Object.values(ELSEWHERE).flat()]);
}
