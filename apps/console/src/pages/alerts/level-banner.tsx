import { useQuery } from '@tanstack/react-query';
import { type ReactNode } from 'react';

import { type OverallLevel } from '../../api/alerting-types.ts';
import { LevelMark } from '../../ui/overall-level.tsx';
import { ErrorState } from '../../ui/states.tsx';
import { type AlertFilter } from './alert-filter.ts';
import { levelQuery } from './alert-queries.ts';
import { type AlertRow } from './alert-rows.ts';

/** Two rules may say the same of the same alerts. */
function eachOnce(reasons: OverallLevel['reasons']): OverallLevel['reasons'] {
  return reasons.filter(
    ({ text }, index) => reasons.findIndex((one) => one.text === text) === index,
  );
}

/** How things are as a whole, why, and how many alerts there are of each kind. */
export function LevelBanner({
  counts,
  filter,
  onFilter,
}: {
  readonly counts: Readonly<Record<AlertRow['state'], number>>;
  readonly filter: AlertFilter;
  readonly onFilter: (change: AlertFilter) => void;
}): ReactNode {
  const { data, error, refetch } = useQuery(levelQuery);
  return (
    <section
      aria-label="Overall level"
      className="border-line bg-panel mb-3 flex flex-wrap items-center gap-x-5 gap-y-2 rounded-lg border px-3 py-2.5"
    >
      <div className="flex min-w-0 flex-1 basis-64 flex-wrap items-center gap-x-3 gap-y-1.5">
        {data === undefined ? (
          error === null ? (
            <span className="bg-raised h-7 w-24 rounded-md" role="status" aria-label="Loading" />
          ) : (
            <ErrorState error={error} onRetry={() => void refetch()} compact />
          )
        ) : (
          <>
            <LevelMark level={data.level} />
            <ul aria-label="Reasons" className="flex min-w-0 flex-wrap gap-x-4 text-xs">
              {eachOnce(data.reasons).map(({ level, rule, text }) => (
                <li key={rule} title={`${level}, rule ${rule}`} className="break-words">
                  {text}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
      <div role="group" aria-label="Filter by state" className="flex gap-1.5">
        {(['firing', 'suppressed', 'pending'] as const).map((state) => (
          <button
            key={state}
            type="button"
            className="control num"
            aria-pressed={filter.state === state}
            onClick={() => onFilter({ state: filter.state === state ? undefined : state })}
          >
            <b className="font-semibold">{counts[state].toLocaleString('en')}</b> {state}
          </button>
        ))}
      </div>
    </section>
  );
}
