import { type Clock, type Instruments, type Labels, type Log } from '@dwcp/core';

import { type IntegrationConfig } from '../alertmanager/config/receivers.ts';
import { type NotificationOutbox } from '../alertmanager/outbox.ts';
import { type RecordStore } from '../record-store.ts';
import { type IncidentConfig } from './incident-config.ts';
import { type IncidentState } from './incident-state.ts';
import { type IncidentRecord } from './incident.ts';

export interface IncidentManagerOptions {
  /** What is left out has its default. */
  readonly config?: Partial<IncidentConfig>;
  readonly store: RecordStore<IncidentRecord>;
  readonly outbox: NotificationOutbox;
  /** Of a receiver of the Alertmanager configuration; asked at every use, as that is reloaded. */
  readonly integrationsOf: (receiver: string) => readonly IntegrationConfig[];
  /** Whether an alert, labelled as receivers know it, is silenced or inhibited now. */
  readonly isSuppressed?: (labels: Labels) => boolean;
  readonly clock: Clock;
  readonly externalUrl: string;
  readonly log?: Log;
  readonly instruments?: Instruments;
  /** After how long an alert without an end is over. Default 5 minutes. */
  readonly resolveTimeoutMs?: number;
  /** While so many notifications wait for the outbox, escalations wait too. */
  readonly maxIntents?: number;
  readonly newId?: () => string;
  /** Told of what was stored and holds now; must not throw. */
  readonly onCommit?: (records: readonly IncidentRecord[], state: IncidentState) => void;
}

export interface IncidentStats {
  readonly open: number;
  readonly closed: number;
  /** Alerts whose place is known. */
  readonly alerts: number;
  readonly waitingIntents: number;
  readonly opened: number;
  readonly escalations: number;
  /** Alerts that are in no incident because too many are in one. */
  readonly unplaced: number;
  /** Looks put off because too many notifications wait. */
  readonly postponed: number;
  /** Closed incidents that were dropped before their time. */
  readonly dropped: number;
  readonly failures: number;
}
