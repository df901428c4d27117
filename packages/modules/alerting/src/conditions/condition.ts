import { type LogLevel } from '@dwcp/core';

/*
 * What stands under `condition:` of a rule, as the file has it. It holds for a label set when its
 * PromQL has an element with these labels. Described in docs/guides/alert-conditions.md.
 */

export const OPERATORS = ['>', '<', '==', '!=', '>=', '<='] as const;
export type Operator = (typeof OPERATORS)[number];

export const AGGREGATES = ['avg', 'min', 'max', 'sum', 'last', 'count'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** Milliseconds in the units that a rate may be given per. */
export const RATE_UNITS = { second: 1, minute: 60, hour: 3_600 } as const;
export type RateUnit = keyof typeof RATE_UNITS;

/** What is looked at: a metric with the labels it must have, or PromQL. */
export type Subject =
  | {
      readonly kind: 'metric';
      readonly metric: string;
      readonly labels: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'expression'; readonly expression: string };

export interface Comparison {
  readonly operator: Operator;
  readonly value: number;
}

export interface Threshold extends Comparison {
  readonly kind: 'threshold';
  readonly subject: Subject;
  /** Over the samples of the window; undefined for the newest sample. */
  readonly over: { readonly aggregate: Aggregate; readonly windowMs: number } | undefined;
}

/** A slope, or with `percent` the change between the beginning and the end of the window. */
export interface RateOfChange extends Comparison {
  readonly kind: 'rate_of_change';
  readonly subject: Subject;
  readonly type: 'gauge' | 'counter';
  readonly windowMs: number;
  readonly per: RateUnit | 'percent';
}

/** The score that the anomaly detection writes. */
export interface AnomalyScore extends Comparison {
  readonly kind: 'anomaly_score';
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** How many standard deviations the newest sample lies from the mean of the window. */
export interface Zscore {
  readonly kind: 'zscore';
  readonly subject: Subject;
  readonly windowMs: number;
  readonly deviations: number;
  readonly direction: 'above' | 'below' | 'both';
}

/** Which log records a rule counts. */
export interface LogSearch {
  /** Words that must all occur in the body, in any case. */
  readonly query: string | undefined;
  /** RE2, found anywhere in the body. */
  readonly pattern: string | undefined;
  /** The lowest level wanted. */
  readonly level: LogLevel | undefined;
  /** The resource's `service.name`. */
  readonly service: string | undefined;
  /** Attributes of the record, compared as text. */
  readonly labels: Readonly<Record<string, string>>;
  readonly windowMs: number;
  /** Attributes that records are counted apart by; `service`, `region` and `level` too. */
  readonly by: readonly string[];
}

export interface LogCount extends Comparison {
  readonly kind: 'log_count';
  readonly search: LogSearch;
}

export interface Absence {
  readonly kind: 'absence';
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  /** How long there was no sample; undefined: there is none now. */
  readonly forMs: number | undefined;
}

export interface Composite {
  readonly kind: 'all' | 'any';
  readonly of: readonly Condition[];
  /** Labels that make elements belong together; undefined: all of them. */
  readonly on: readonly string[] | undefined;
}

export interface Negation {
  readonly kind: 'not';
  readonly of: Condition;
}

/** PromQL among conditions: it holds for the elements that it has. */
export interface ExpressionCondition {
  readonly kind: 'expression';
  readonly expression: string;
}

export type Condition =
  | Threshold
  | RateOfChange
  | AnomalyScore
  | Zscore
  | LogCount
  | Absence
  | Composite
  | Negation
  | ExpressionCondition;

/** What a rule does about missing data. */
export const NO_DATA_POLICIES = ['resolve', 'keep', 'alert'] as const;
export type NoDataPolicy = (typeof NO_DATA_POLICIES)[number];

/** What a rule does when it cannot be evaluated. */
export const ERROR_POLICIES = ['keep', 'alert', 'resolve'] as const;
export type ErrorPolicy = (typeof ERROR_POLICIES)[number];

/** A search whose count the rule writes as a series right before it is evaluated. */
export interface CountedSearch {
  /** The series of the count, but for the labels of `by`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly search: LogSearch;
}

/** Alerts that agree in these labels are told once per window. */
export interface DedupSettings {
  readonly by: readonly string[];
  readonly windowMs: number;
}
