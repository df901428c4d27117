import { type Labels, type NativeHistogram } from '@dwcp/core';
import { type SeriesLine } from '@dwcp/promql';

import { type RuleProblem } from '../errors.ts';

/** A file of rule unit tests, as promtool has them. */
export interface RuleTestFile {
  readonly path: string;
  /** Paths with wildcards, relative to the folder of the file. */
  readonly ruleFiles: readonly string[];
  readonly evaluationIntervalMs: number;
  /** Groups that are evaluated in this order; the others come with the first. */
  readonly groupEvalOrder: readonly string[];
  /** Whether neighbouring floats count as equal. */
  readonly fuzzyCompare: boolean;
  readonly tests: readonly RuleTest[];
}

/** Series over which all rules are evaluated, and what is to come of it. */
export interface RuleTest {
  /** '' when it has none. */
  readonly name: string;
  /** Between two values of an input series. */
  readonly intervalMs: number;
  /** The moment of the first value and the first evaluation. */
  readonly startUnixMs: number;
  readonly inputs: readonly SeriesLine[];
  readonly alertTests: readonly AlertTest[];
  readonly expressionTests: readonly ExpressionTest[];
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
}

/** Which alerts of one name fire at one time. Times count from the start of the test. */
export interface AlertTest {
  readonly evalTimeMs: number;
  readonly alertName: string;
  readonly expected: readonly ExpectedAlert[];
}

export interface ExpectedAlert {
  /** `alertname` included. */
  readonly labels: Labels;
  readonly annotations: Labels;
}

export interface ExpressionTest {
  readonly expression: string;
  readonly evalTimeMs: number;
  readonly expected: readonly ExpectedSample[];
}

export interface ExpectedSample {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram?: NativeHistogram;
}

/** One thing that came out otherwise than a test expects. */
export type RuleTestFailure =
  | {
      readonly kind: 'rule';
      readonly rule: string;
      readonly evalTimeMs: number;
      readonly message: string;
    }
  | {
      readonly kind: 'alerts';
      readonly alertName: string;
      readonly evalTimeMs: number;
      readonly expected: readonly AlertText[];
      readonly got: readonly AlertText[];
    }
  | {
      readonly kind: 'expression';
      readonly expression: string;
      readonly evalTimeMs: number;
      readonly message: string;
    }
  | {
      readonly kind: 'samples';
      readonly expression: string;
      readonly evalTimeMs: number;
      readonly expected: readonly SampleText[];
      readonly got: readonly SampleText[];
    };

export interface AlertText {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface SampleText {
  readonly labels: Readonly<Record<string, string>>;
  /** A number, or a histogram between `{{` and `}}`. */
  readonly value: string;
}

export interface RuleTestResult {
  readonly name: string;
  readonly failures: readonly RuleTestFailure[];
}

/** What the tests of a file came to. */
export interface RuleTestReport {
  readonly path: string;
  readonly passed: boolean;
  /** Such as a pattern that no file matches. */
  readonly warnings: readonly string[];
  /** Why the tests, or the rules that they are about, could not be read. */
  readonly problems: readonly RuleProblem[];
  readonly tests: readonly RuleTestResult[];
}
