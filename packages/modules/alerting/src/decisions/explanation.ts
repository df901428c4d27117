import { type Decision, type DecisionRecord } from '@dwcp/core';

/** Which alert is asked about, and when. One of the three names it. */
export interface ExplainQuestion {
  readonly fingerprint?: string;
  readonly alertName?: string;
  /** Labels that the alert has; with `alertname` where it is known. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly atUnixMs: number;
  /** How much before and after the moment the timeline shows. Default 1 h. */
  readonly aroundMs?: number;
}

/** What was found, most important first; a program decides on the code. */
export interface Finding {
  readonly code: FindingCode;
  /** A sentence for people, times in UTC. */
  readonly text: string;
}

export type FindingCode =
  /** About the rule. */
  | 'no-rule'
  | 'rule-error'
  | 'no-series'
  | 'condition-not-met'
  | 'pending'
  | 'firing'
  | 'resolved'
  | 'not-active'
  /** Before the routes. */
  | 'held'
  | 'resolved-by-hand'
  | 'ended-while-held'
  | 'not-received'
  /** In its group. */
  | 'silenced'
  | 'inhibited'
  | 'muted'
  | 'no-integrations'
  | 'waiting'
  | 'not-wanted'
  | 'nothing-new'
  | 'acknowledged'
  /** At its receivers. */
  | 'delivering'
  | 'delivery-failed'
  | 'delivered'
  | 'sent';

/** A series on the tested side of a comparison. Values are texts as Prometheus writes numbers. */
export interface ComparedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
  readonly threshold: string;
  readonly holds: boolean;
  /** By how much the value is away from the threshold; NaN where either is. */
  readonly distance: string;
}

export interface ComparisonExplanation {
  /** As PromQL. */
  readonly expression: string;
  readonly operator: string;
  /** The nearest to the threshold, those that hold first; at most 20. */
  readonly series: readonly ComparedSeries[];
  readonly seriesCount: number;
  readonly holdingCount: number;
}

/** What a rule's expression gave at the moment, over what is stored. */
export interface RuleExplanation {
  readonly group: string;
  readonly file: string;
  readonly name: string;
  readonly expression: string;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly intervalMs: number;
  readonly outcome: 'holds' | 'does-not-hold' | 'no-series' | 'error';
  readonly error?: string;
  /** What the log knows of a failure at that time. */
  readonly evaluationError?: string;
  /** Elements of the result, at most 20. */
  readonly elements: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: string;
  }[];
  readonly elementCount: number;
  readonly comparisons: readonly ComparisonExplanation[];
  readonly selectors: readonly {
    readonly selector: string;
    readonly seriesCount: number;
    /** Whether there was any within the day before; only asked for when there is none now. */
    readonly seenWithinDay: boolean;
  }[];
  /** Of a rule with `recover`: whether its alerts are over by that. */
  readonly recovery?: {
    readonly expression: string;
    readonly elementCount: number;
    readonly text: string;
  };
  /** Of a rule with `no_data`: whether there are data. */
  readonly data?: {
    readonly expression: string;
    readonly elementCount: number;
    readonly text: string;
  };
  readonly findings: readonly Finding[];
}

/** The way of an alert through one route. */
export interface RouteExplanation {
  /** Matchers of the nodes from the root down. */
  readonly path: readonly string[];
  readonly receiver: string;
  readonly groupKey: string;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** Names of the intervals that keep it quiet at that time. */
  readonly mutedBy: readonly string[];
  /** Of the last flush by then. */
  readonly lastFlush?: Extract<Decision, { readonly kind: 'flushed' }> & {
    readonly unixMs: number;
  };
  readonly nextFlushUnixMs?: number;
  readonly notifications: readonly {
    readonly unixMs: number;
    readonly integration: string;
    readonly reason: string;
    readonly outcome: 'waiting' | 'delivered' | 'failed' | 'dropped';
    readonly attempts: number;
    readonly error?: string;
  }[];
  readonly findings: readonly Finding[];
}

/** One alert at the moment. */
export interface ExplainedAlert {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Nobody knows of it: this is what would happen to it. */
  readonly isHypothetical: boolean;
  readonly state: 'inactive' | 'pending' | 'firing' | 'resolved' | 'unknown';
  readonly value?: string;
  readonly activeAtUnixMs?: number;
  /** Of a pending alert: when it fires if its condition goes on to hold. */
  readonly firesAtUnixMs?: number;
  readonly silencedBy: readonly {
    readonly id: string;
    readonly by: string;
    readonly comment: string;
    readonly endsAtUnixMs: number | undefined;
  }[];
  readonly inhibitedBy: readonly {
    readonly fingerprint: string;
    readonly labels: Readonly<Record<string, string>>;
  }[];
  readonly routes: readonly RouteExplanation[];
  /** The incident that it is in, and what became of that by the moment. */
  readonly incident?: {
    readonly id: string;
    readonly openedAtUnixMs: number;
    readonly events: readonly {
      readonly unixMs: number;
      readonly kind: string;
      readonly text: string;
      readonly by?: string;
      readonly fingerprint?: string;
    }[];
  };
  readonly runbookUrl?: string;
  readonly verdict: Finding;
  /** Why, step by step from the rule to the receiver. */
  readonly findings: readonly Finding[];
  readonly nextSteps: readonly NextStep[];
}

export interface NextStep {
  readonly text: string;
  /** To be typed into a shell. */
  readonly command?: string;
}

export interface AlertExplanation {
  readonly atUnixMs: number;
  readonly alertName: string;
  readonly verdict: Finding;
  readonly rules: readonly RuleExplanation[];
  /** At most 20. */
  readonly alerts: readonly ExplainedAlert[];
  readonly alertCount: number;
  /** What was decided around the moment, oldest first; at most 200. */
  readonly timeline: readonly DecisionRecord[];
  readonly nextSteps: readonly NextStep[];
}
