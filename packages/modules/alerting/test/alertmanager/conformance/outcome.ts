import { isDeepStrictEqual } from 'node:util';

/** What became of one case of a conformance file. */
export interface CaseOutcome {
  readonly name: string;
  readonly passed: boolean;
  readonly expected: string;
  readonly got: string;
}

/** A case that is not run, with the reason. */
export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

export interface FileOutcome {
  readonly cases: readonly CaseOutcome[];
  readonly leftOut: readonly LeftOut[];
  /** What a reader should know beside the verdicts. */
  readonly notes?: readonly string[];
}

export function compare(name: string, expected: unknown, got: unknown): CaseOutcome {
  return {
    name,
    passed: isDeepStrictEqual(got, expected),
    expected: show(expected),
    got: show(got),
  };
}

/** The value, or what was thrown as `error: ...`. */
export function attempt<T>(run: () => T): { readonly value: T } | { readonly error: Error } {
  try {
    return { value: run() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}
