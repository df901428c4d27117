import { momentText } from '../alerts.ts';
import { type PipelineView, receiverLabelsTest } from './alerts.ts';

/** What is known of the build; Alertmanager's clients want each text. */
export interface VersionInfo {
  readonly version: string;
  readonly revision: string;
  readonly branch: string;
  readonly buildUser: string;
  readonly buildDate: string;
  readonly goVersion: string;
}

/** `clusterStatus` of Alertmanager's API. */
export interface ApiCluster {
  readonly status: 'ready' | 'settling' | 'disabled';
  /** Of this instance, where it is in a cluster. */
  readonly name?: string;
  /** Those that are there, this one among them. */
  readonly peers: readonly { readonly name: string; readonly address: string }[];
}

const NO_CLUSTER: ApiCluster = { status: 'disabled', peers: [] };

/** `alertmanagerStatus` of Alertmanager's API. */
export interface AlertmanagerStatus {
  readonly cluster: ApiCluster;
  readonly versionInfo: VersionInfo;
  /** The configuration in force, without secrets. */
  readonly config: { readonly original: string };
  /** When it started, RFC 3339. */
  readonly uptime: string;
}

export function apiStatus(
  view: PipelineView & { readonly startedAtUnixMs: number },
  versionInfo: VersionInfo,
  cluster: ApiCluster = NO_CLUSTER,
): AlertmanagerStatus {
  return {
    cluster,
    versionInfo,
    config: { original: view.state.config.shown },
    uptime: momentText(view.startedAtUnixMs),
  };
}

/** `receiver` of Alertmanager's API. */
export interface ApiReceiver {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** @throws InvalidInputError for a bad matcher of receiver labels */
export function apiReceivers(
  view: PipelineView,
  query: { readonly receiverMatchers?: readonly string[] } = {},
): readonly ApiReceiver[] {
  const matches = receiverLabelsTest(query.receiverMatchers ?? []);
  return view.state.config.receivers
    .filter(({ labels }) => matches(labels))
    .map(({ name, labels }) => ({
      name,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
    }));
}
