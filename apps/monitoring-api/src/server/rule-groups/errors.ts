import { RuleFileError } from '@dwcp/alerting';

import { RuleGroupError } from '../../runtime/alerting/rule-groups/errors.ts';
import { ProblemError } from '../problem.ts';
import { type GivenRules } from './rules-body.ts';
import { problemView } from './views.ts';

const STATUS: Readonly<
  Record<RuleGroupError['reason'], readonly [status: number, kind: string, title: string]>
> = {
  'not-found': [404, 'rule-group-not-found', 'Rule group not found'],
  'rule-not-found': [404, 'rule-not-found', 'Rule not found'],
  conflict: [409, 'rule-group-conflict', 'The rule group was changed meanwhile'],
  'read-only': [409, 'rule-group-read-only', 'The rule group is in a file of the configuration'],
  broken: [409, 'rule-group-broken', 'The stored rule group is broken'],
  full: [422, 'rule-groups-full', 'There are too many rule groups'],
  'too-large': [413, 'rule-group-too-large', 'The rule group is too large'],
};

/**
 * Does what was asked, and tells what stands against it as a problem.
 * @param options.ifMatch whether the version came as a precondition in the header
 * @param options.pointerOf where a place of the rules is in the body
 * @throws ProblemError
 */
export async function orProblem<T>(
  work: () => Promise<T>,
  options: { readonly ifMatch?: boolean; readonly pointerOf?: GivenRules['pointerOf'] } = {},
): Promise<T> {
  const { ifMatch = false, pointerOf = () => '/yaml' } = options;
  try {
    return await work();
  } catch (error) {
    if (error instanceof RuleGroupError) {
      const [status, kind, title] = STATUS[error.reason];
      const isPrecondition = ifMatch && error.reason === 'conflict';
      throw new ProblemError(isPrecondition ? 412 : status, kind, title, error.message);
    }
    if (error instanceof RuleFileError) {
      throw new ProblemError(422, 'rules-invalid', 'The rules are wrong', error.message, {
        errors: error.problems.map((problem) => ({
          pointer: pointerOf(problem),
          detail: `${problem.problem}; ${problem.fix}`,
          ...problemView(problem),
        })),
      });
    }
    throw error;
  }
}
