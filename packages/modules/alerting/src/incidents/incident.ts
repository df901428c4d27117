import { type NotificationRecord } from '../alertmanager/outbox.ts';

/** By which rule an alert came into its incident. */
export type JoinRule = 'opened' | 'topology' | 'shared-labels' | 'region';

export interface JoinReason {
  readonly rule: JoinRule;
  /** Everything that spoke for it, for people. */
  readonly text: string;
  /** The member that it belongs with. */
  readonly withFingerprint?: string;
}

/** An alert in an incident. */
export interface IncidentMember {
  /** Of its own labels. */
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly generatorUrl: string;
  readonly startsAtUnixMs: number;
  readonly endsAtUnixMs: number;
  readonly joinedAtUnixMs: number;
  readonly reason: JoinReason;
  /** Whether it goes on with the label `incident`. */
  readonly labelled: boolean;
}

/** Somebody sees to it. */
export interface Acknowledgement {
  readonly by: string;
  readonly comment: string;
  readonly atUnixMs: number;
  /** On the steady clock; without one until the alerts are over. */
  readonly untilUnixMs?: number;
  readonly timeoutMs?: number;
  /** Of the worst alert then: a worse one later ends the acknowledgement of an incident. */
  readonly severityRank: number;
}

/** A level that was told, or would have been if it had a receiver. */
export interface ToldLevel {
  readonly level: string;
  readonly round: number;
  readonly atUnixMs: number;
}

/** Where an incident stands; moments without another word are of the steady clock. */
export interface Progress {
  /** Unacknowledged so long, up to `runningSinceMs`. */
  readonly elapsedMs: number;
  /** Since when the escalation runs; undefined while it is stopped. */
  readonly runningSinceMs?: number;
  /** Counts what begins again: an acknowledgement that timed out, an escalation that ended. */
  readonly round: number;
  readonly told: readonly ToldLevel[];
  /** Since when no alert that escalates fires. */
  readonly calmSinceMs?: number;
  /** Since when no alert fires. */
  readonly overSinceMs?: number;
}

export const NO_PROGRESS: Progress = { elapsedMs: 0, round: 0, told: [] };

export interface IncidentEvent {
  readonly unixMs: number;
  readonly kind:
    | 'opened'
    | 'acknowledged'
    | 'acknowledgement-ended'
    | 'escalated'
    | 'escalation-ended'
    | 'closed';
  readonly text: string;
  readonly by?: string;
  /** The alert that was acknowledged; undefined: the incident, or nothing was. */
  readonly fingerprint?: string;
  /** Of an escalation. */
  readonly level?: string;
  readonly receiver?: string;
}

/** Alerts that belong together. Only `IncidentState` changes it. */
export interface Incident {
  readonly id: string;
  readonly openedAtUnixMs: number;
  /** The same moment on the steady clock. */
  readonly openedAtMs: number;
  closedAtUnixMs: number | undefined;
  /** Of a closed one, the first alerts only. */
  members: Map<string, IncidentMember>;
  /** All alerts it ever had. */
  alertCount: number;
  acknowledgement: Acknowledgement | undefined;
  progress: Progress;
  /** The last ones, oldest first. */
  events: readonly IncidentEvent[];
}

export type EndReason = 'timed-out' | 'resolved' | 'withdrawn' | 'worse';

export interface EndedAcknowledgement {
  /** Undefined: of the incident. */
  readonly fingerprint?: string;
  readonly why: EndReason;
  readonly by?: string;
}

/** One change, in JSON. Everything in it holds, or nothing does. */
export type IncidentRecord =
  | {
      readonly kind: 'alerts';
      readonly opened: readonly {
        readonly id: string;
        readonly openedAtUnixMs: number;
        readonly openedAtMs: number;
      }[];
      readonly joined: readonly { readonly incident: string; readonly member: IncidentMember }[];
      /** Start and end by fingerprint. */
      readonly updated: Readonly<Record<string, readonly [number, number]>>;
    }
  | {
      readonly kind: 'acknowledged';
      readonly incident: string;
      /** Undefined: the incident. */
      readonly fingerprint?: string;
      readonly acknowledgement: Acknowledgement;
    }
  | IncidentChange
  /** Notifications that the outbox has. */
  | { readonly kind: 'accepted'; readonly keys: readonly string[] }
  | { readonly kind: 'trimmed'; readonly ids: readonly string[] }
  | { readonly kind: 'dropped'; readonly ids: readonly string[] }
  | { readonly kind: 'incident'; readonly incident: IncidentJson }
  | { readonly kind: 'intents'; readonly intents: readonly NotificationRecord[] };

/** What time, or what came in, did to one incident. */
export interface IncidentChange {
  readonly kind: 'changed';
  readonly incident: string;
  readonly unixMs: number;
  readonly progress: Progress;
  readonly ended: readonly EndedAcknowledgement[];
  readonly events: readonly IncidentEvent[];
  /** Notifications to hand over. */
  readonly intents: readonly NotificationRecord[];
  readonly closed: boolean;
}

export type IncidentJson = Omit<Incident, 'members' | 'closedAtUnixMs' | 'acknowledgement'> & {
  readonly closedAtUnixMs?: number;
  readonly acknowledgement?: Acknowledgement;
  readonly members: readonly IncidentMember[];
  readonly alertAcknowledgements: Readonly<Record<string, Acknowledgement>>;
};

export function isFiring(member: IncidentMember, unixMs: number): boolean {
  return member.endsAtUnixMs > unixMs;
}

/** Labels as receivers see them. */
export function sentLabels(
  incident: string,
  { labels, labelled }: Pick<IncidentMember, 'labels' | 'labelled'>,
): Readonly<Record<string, string>> {
  return labelled ? { ...labels, incident } : labels;
}
