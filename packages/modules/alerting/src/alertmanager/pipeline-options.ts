import { type Clock, type Log, MonitoringError } from '@dwcp/core';

import { type AlertmanagerConfig } from './config/config.ts';
import { type FlushDecision, type IsAcknowledged } from './flush.ts';
import { type NotificationOutbox } from './outbox.ts';
import { type PipelineState } from './pipeline-state.ts';
import { type PipelineRecord, type PipelineStore } from './pipeline-store.ts';

export interface PipelineOptions {
  readonly config: AlertmanagerConfig;
  readonly store: PipelineStore;
  readonly outbox: NotificationOutbox;
  readonly clock: Clock;
  /** Where people find this server; goes into notifications. */
  readonly externalUrl: string;
  readonly log?: Log;
  /** More alerts or silences than these are refused. */
  readonly maxAlerts?: number;
  readonly maxSilences?: number;
  /** While so many notifications wait for the outbox, groups wait too. */
  readonly maxIntents?: number;
  /** Where somebody sees to all firing alerts of a group, receivers are not reminded of them. */
  readonly isAcknowledged?: IsAcknowledged;
  /** Told of every flush, also of those that told nobody. */
  readonly onFlush?: (decision: FlushDecision) => void;
  /** Told of what was stored and holds now; must not throw. */
  readonly onCommit?: (records: readonly PipelineRecord[], state: PipelineState) => void;
  readonly newId?: () => string;
  /** Where several instances tell each notification once. */
  readonly peers?: PipelinePeers;
}

/** The other instances that get the same alerts, as a flush sees them. */
export interface PipelinePeers {
  /** How long those before this one have to tell, in ms; undefined while it is not known who is there. */
  headStartMs(): number | undefined;
}

export interface PipelineStats {
  readonly alerts: number;
  readonly groups: number;
  readonly silences: number;
  /** Notifications that the outbox has not taken yet. */
  readonly waitingIntents: number;
  readonly flushes: number;
  readonly notifications: number;
  /** Flushes put off because too many notifications wait. */
  readonly postponedFlushes: number;
  readonly refusedAlerts: number;
  readonly storeFailures: number;
}

/** Alerts that were not taken, by their place in what was posted. */
export interface PutAlertsResult {
  readonly accepted: number;
  readonly problems: readonly { readonly index: number; readonly problem: string }[];
}

/** More alerts or silences than there may be. */
export class PipelineFullError extends MonitoringError {
  readonly code = 'DWCP_ALERT_PIPELINE_FULL' as const;
}
