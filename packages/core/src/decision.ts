/** What an integration of a receiver is told in a flush, and why; or why it is not. */
export interface IntegrationDecision {
  /** Which of the receiver's integrations: `team-a/slack[1]`. */
  readonly integration: string;
  /**
   * `first`, `new-alerts`, `resolved-alerts`, `all-resolved` and `repeat` tell why; `nothing-new`
   * that it knows of all this and need not be reminded yet; `acknowledged` that it is time to remind
   * it, and somebody sees to all of them; `not-wanted` that only resolved alerts are left and it asks
   * for none of them.
   */
  readonly reason:
    | 'first'
    | 'new-alerts'
    | 'resolved-alerts'
    | 'all-resolved'
    | 'repeat'
    | 'nothing-new'
    | 'acknowledged'
    | 'not-wanted';
  /** Of the notification that was made. */
  readonly idempotencyKey?: string;
  /** From when on it is reminded; there with `nothing-new` while alerts fire. */
  readonly repeatsAtUnixMs?: number;
}

/**
 * What was decided about an alert on its way to people, in JSON. Values are texts as Prometheus
 * writes numbers (`0.93`, `NaN`, `+Inf`).
 */
export type Decision =
  /** About an alert, by its rule. `inactive`: it was pending and its condition ended. */
  | {
      readonly kind: 'evaluated';
      readonly state: 'pending' | 'firing' | 'resolved' | 'inactive';
      readonly previous: 'inactive' | 'pending' | 'firing' | 'resolved';
      readonly value: string;
      /** Since when its condition holds. */
      readonly activeAtUnixMs: number;
      readonly forMs: number;
      readonly keepFiringForMs: number;
      /** Since when it fires only because of `keep_firing_for`. */
      readonly keptSinceUnixMs?: number;
    }
  /** About a rule: whether its expression could be evaluated and gave anything. */
  | { readonly kind: 'rule'; readonly elements: number; readonly error?: string }
  /** About an alert, before the routes: whether it went on to them. */
  | {
      readonly kind: 'intake';
      /**
       * `held`: another of its identity passed shortly before; `released`: it was held and fires on
       * after the window; `ended-while-held`: nobody was told; `resolved-by-hand`: and did not end since.
       */
      readonly outcome: 'passed' | 'held' | 'released' | 'ended-while-held' | 'resolved-by-hand';
      /** Where a dedup rule decided: what alerts that are one have in common. */
      readonly identity?: string;
    }
  /** About an alert: the groups that took it. */
  | {
      readonly kind: 'routed';
      readonly routes: readonly {
        /** Matchers of the nodes from the root down. */
        readonly path: readonly string[];
        readonly receiver: string;
        readonly groupId: string;
        readonly groupKey: string;
      }[];
    }
  /** About an alert in a flush of a group: what holds it back, if anything. */
  | {
      readonly kind: 'weighed';
      readonly groupId: string;
      readonly state: 'firing' | 'resolved';
      readonly silencedBy: readonly string[];
      readonly inhibitedBy: readonly string[];
    }
  /** About a group. `sent` means handed to the outbox; else why nothing was. */
  | {
      readonly kind: 'flushed';
      readonly groupKey: string;
      readonly receiver: string;
      readonly outcome: 'sent' | 'muted' | 'held-back' | 'nothing-new';
      /** Names of the time intervals that keep it quiet. */
      readonly mutedBy: readonly string[];
      readonly integrations: readonly IntegrationDecision[];
      readonly nextFlushUnixMs: number;
    }
  /** About a notification: what its receiver answered. */
  | {
      readonly kind: 'delivered';
      readonly integration: string;
      readonly outcome: 'waiting' | 'delivered' | 'failed' | 'dropped';
      readonly attempts: number;
      readonly error?: string;
    }
  /** About a silence. */
  | {
      readonly kind: 'silence';
      readonly change: 'set' | 'ended';
      readonly matchers: string;
      readonly startsAtUnixMs: number;
      readonly endsAtUnixMs: number;
      readonly by: string;
      readonly comment: string;
    }
  /** About an alert or an incident. */
  | {
      readonly kind: 'acknowledged';
      /** `ended`: its time was over, its alerts were, a worse one came, or it was withdrawn. */
      readonly action: 'given' | 'ended';
      /** Nobody, where it ended by itself. */
      readonly by?: string;
      readonly comment?: string;
      readonly untilUnixMs?: number;
      readonly incident?: string;
    }
  | {
      readonly kind: 'escalated';
      /** As the configuration names it, such as `L2`. */
      readonly level: string;
      readonly incident: string;
      readonly receiver?: string;
    }
  | {
      readonly kind: 'manual';
      readonly action: 'triggered' | 'resolved' | 'released';
      readonly by: string;
      readonly comment?: string;
    };

/** A decision and for how long it stood: only changes are recorded. */
export interface DecisionRecord {
  /**
   * What it is about: an alert's fingerprint, or `rule:FILE;GROUP;NAME`, `group:ID`,
   * `notification:INTEGRATION KEY`, `silence:ID`, `incident:ID`.
   */
  readonly subject: string;
  /** Decisions of one topic about one subject take each other's place. */
  readonly topic: string;
  /** When it was first made. One subject has one record of a topic at a time. */
  readonly unixMs: number;
  /** When it was last made again. Written now and then, so it may be behind. */
  readonly lastUnixMs: number;
  /** How often it was made, as of `lastUnixMs`. */
  readonly count: number;
  /** The alert's, for whoever searches; empty where it has none. */
  readonly alertName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly decision: Decision;
}
