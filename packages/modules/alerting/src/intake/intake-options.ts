import { type Clock, type Instruments, type Log } from '@dwcp/core';

import { type StoredAlert } from '../alertmanager/alerts.ts';
import { type AlertSink } from '../alertmanager/rule-alerts.ts';
import { type DedupSettings } from '../conditions/condition.ts';
import { type IncidentManager } from '../incidents/incident-manager.ts';
import { type RecordStore } from '../record-store.ts';
import { type IntakeDecision } from './decide.ts';
import { type IntakeRecord } from './intake-state.ts';

export interface IntakeConfig {
  /** After how long an alert without an end is over. Default 5 minutes, as in Alertmanager. */
  readonly resolveTimeoutMs?: number;
  /**
   * A dedup rule over alerts of every name that have all its labels and no rule of their own:
   * `{ by: ['metric', 'severity'], windowMs: 300_000 }` throttles per metric and severity.
   */
  readonly throttle?: DedupSettings | undefined;
}

export interface IntakeOptions {
  readonly config?: IntakeConfig;
  readonly store: RecordStore<IntakeRecord>;
  /** What takes alerts from the intake: the pipeline. The same alert may come twice. */
  readonly next: Pick<AlertSink, 'putAlerts'>;
  /** An alert of `next` by its fingerprint; without it only what the intake holds is found by hand. */
  readonly lookUp?: (fingerprint: string) => StoredAlert | undefined;
  readonly incidents?: IncidentManager;
  /** Whether alerts get the label `incident`; asked at every post, as configurations are reloaded. */
  readonly labelIncidents?: () => boolean;
  readonly clock: Clock;
  readonly log?: Log;
  readonly instruments?: Instruments;
  /** Alerts under a dedup rule that are remembered; further ones pass without, and are counted. */
  readonly maxIdentities?: number;
  /** Alerts triggered or resolved by hand; more are refused. */
  readonly maxManual?: number;
  readonly onDecision?: (decisions: readonly IntakeDecision[]) => void;
}

export interface IntakeStats {
  readonly windows: number;
  /** Alerts that wait for the end of a window. */
  readonly held: number;
  /** Alerts triggered or resolved by hand. */
  readonly manual: number;
  /** Alerts that `next` may not have. */
  readonly pending: number;
  readonly passed: number;
  readonly heldBack: number;
  readonly released: number;
  readonly untracked: number;
  readonly refused: number;
  readonly failures: number;
}
