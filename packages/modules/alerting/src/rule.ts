import {
  type Condition,
  type CountedSearch,
  type DedupSettings,
  type ErrorPolicy,
  type NoDataPolicy,
} from './conditions/condition.ts';

/** When an alert that fires is over. */
export interface Recovery {
  /** PromQL; its elements say which alerts are over. */
  readonly expression: string;
  /** What the file has in place of an expression. */
  readonly condition?: Condition;
}

/** A rule that makes alerts. Names and labels as the file has them, templates not yet expanded. */
export interface AlertingRule {
  readonly kind: 'alerting';
  readonly name: string;
  /** PromQL. */
  readonly expression: string;
  /** How long the expression must hold before the alert fires. */
  readonly forMs: number;
  /** How long the alert goes on firing after the expression stopped to hold. */
  readonly keepFiringForMs: number;
  /** The group's labels included. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** What the file has in place of an expression; `expression` was made from it. */
  readonly condition?: Condition;
  /** Log records that are counted right before the expression is evaluated. */
  readonly logCounts?: readonly CountedSearch[];
  /** Without it an alert is over when the expression does not hold any more. */
  readonly recover?: Recovery;
  /** Without it missing data are as good as an expression that does not hold. */
  readonly noData?: NoDataPolicy;
  /** PromQL with elements as long as there is data; there when `noData` needs it. */
  readonly dataExpression?: string;
  /** Without it: `keep`. */
  readonly onError?: ErrorPolicy;
  readonly dedup?: DedupSettings;
}

/** A rule that writes the result of an expression as a new series. */
export interface RecordingRule {
  readonly kind: 'recording';
  /** The metric name of the result. */
  readonly name: string;
  /** PromQL. */
  readonly expression: string;
  /** The group's labels included. */
  readonly labels: Readonly<Record<string, string>>;
}

export type Rule = AlertingRule | RecordingRule;

/** Rules that are evaluated one after the other at one interval. */
export interface RuleGroup {
  /** Unique within the file. */
  readonly name: string;
  readonly file: string;
  /** Undefined: the manager's default. */
  readonly intervalMs: number | undefined;
  /** Most alerts or series one rule may make; 0 for no limit. */
  readonly limit: number;
  /** How far in the past expressions are evaluated. */
  readonly queryOffsetMs: number;
  readonly rules: readonly Rule[];
}

/** The same for the group of one name in one file. */
export function groupKeyOf(group: Pick<RuleGroup, 'file' | 'name'>): string {
  return `${group.file};${group.name}`;
}
