import { type ReactNode } from 'react';

import { type RuleProblem } from '../../api/rule-groups.ts';

/** What is wrong with rules: where, what was found, what to do. A place may be gone to. */
export function ProblemList({
  problems,
  onPlace,
}: {
  readonly problems: readonly RuleProblem[];
  readonly onPlace?: (problem: RuleProblem) => void;
}): ReactNode {
  return (
    <ul aria-label="Problems" className="text-bad mt-0.5 flex flex-col gap-1 text-xs">
      {problems.map((problem, index) => {
        const { line, column, where, problem: found, fix } = problem;
        const place = `line ${line}, column ${column}`;
        return (
          <li key={index} className="[overflow-wrap:anywhere]">
            {onPlace === undefined ? (
              <span className="num">{place}</span>
            ) : (
              <button
                type="button"
                className="num underline"
                title="Go there"
                onClick={() => onPlace(problem)}
              >
                {place}
              </button>
            )}
            : {where !== '' && `${where}: `}
            {found}; {fix}
          </li>
        );
      })}
    </ul>
  );
}
