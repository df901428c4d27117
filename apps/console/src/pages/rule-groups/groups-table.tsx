import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { formatAgo, formatDateTime } from '../../format/time.ts';
import { useNowMs } from '../../time/live.ts';
import { StatusBadge, StatusMark } from '../../ui/status-mark.tsx';
import { ProblemList } from './problem-list.tsx';
import { managedGroupQuery } from './rule-group-queries.ts';
import { type GroupRow, healthTones, type RuleError } from './rule-groups-model.ts';

/** For so many broken groups the list says what is wrong; of the others, their own page. */
const MAX_TOLD = 20;
const MAX_ERRORS = 3;

/** Groups with their health, what is wrong, and where they lie. */
export function GroupsTable({ rows }: { readonly rows: readonly GroupRow[] }): ReactNode {
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Health</th>
          <th scope="col">Group</th>
          <th scope="col">Lies in</th>
          <th scope="col">Rules</th>
          <th scope="col">Alerts</th>
          <th scope="col">Last evaluation</th>
          <th scope="col">Changed</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <Row key={row.key} row={row} tells={index < MAX_TOLD} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row, tells }: { readonly row: GroupRow; readonly tells: boolean }): ReactNode {
  const { summary, health, errors, firing, pending } = row;
  const { name, source, file, rules, disabledRules } = summary;
  return (
    <tr>
      <td>
        <StatusBadge tone={healthTones[health]}>{health}</StatusBadge>
      </td>
      <td className="max-w-md">
        <Link
          to="/alerts/rule-groups/$group"
          params={{ group: name }}
          search={source === 'file' ? { file } : {}}
          className="hover:text-accent font-medium [overflow-wrap:anywhere] hover:underline"
        >
          {name}
        </Link>
        <Errors errors={errors} />
        {health === 'broken' && tells && <BrokenNote name={name} />}
      </td>
      <td className="max-w-sm">
        {source === 'managed' ? (
          'made here'
        ) : (
          <>
            file{' '}
            <span className="text-muted font-mono text-[11.5px] [overflow-wrap:anywhere]">
              {file}
            </span>
          </>
        )}
      </td>
      <td className="num whitespace-nowrap">
        {rules}
        {disabledRules > 0 && <span className="text-muted"> · {disabledRules} off</span>}
      </td>
      <td className="num whitespace-nowrap">
        {firing > 0 && <StatusMark tone="bad">{firing} firing</StatusMark>}{' '}
        {pending > 0 && <StatusMark tone="warn">{pending} pending</StatusMark>}
        {firing + pending === 0 && <span className="text-muted">none</span>}
      </td>
      <td className="num text-muted whitespace-nowrap">
        <LastEvaluation unixMs={row.lastEvaluationMs} />
      </td>
      <td className="text-muted max-w-64">
        <Changed row={row} />
      </td>
    </tr>
  );
}

/** Alone with the clock, so that the rest of a row stands still. */
export function LastEvaluation({ unixMs }: { readonly unixMs: number | undefined }): ReactNode {
  const nowMs = useNowMs();
  return unixMs === undefined ? 'not yet' : formatAgo(unixMs, nowMs);
}

function Changed({ row: { summary } }: { readonly row: GroupRow }): ReactNode {
  const nowMs = useNowMs();
  const { by, changedAt, comment } = summary;
  if (changedAt === null) return null;
  const unixMs = Date.parse(changedAt);
  return (
    <>
      <time dateTime={changedAt} title={formatDateTime(unixMs)} className="num whitespace-nowrap">
        {formatAgo(unixMs, nowMs)}
      </time>
      {by !== null && ` by ${by}`}
      {comment !== '' && `: ${comment}`}
    </>
  );
}

function Errors({ errors }: { readonly errors: readonly RuleError[] }): ReactNode {
  if (errors.length === 0) return null;
  return (
    <ul aria-label="Errors" className="text-bad mt-0.5">
      {errors.slice(0, MAX_ERRORS).map(({ rule, text }, index) => (
        <li key={index} className="[overflow-wrap:anywhere]">
          {rule}: {text}
        </li>
      ))}
      {errors.length > MAX_ERRORS && <li>and {errors.length - MAX_ERRORS} other rules</li>}
    </ul>
  );
}

function BrokenNote({ name }: { readonly name: string }): ReactNode {
  const { data } = useQuery({ ...managedGroupQuery(name), refetchInterval: 30_000 });
  if (data === undefined) return null;
  return <ProblemList problems={data.problems} />;
}
