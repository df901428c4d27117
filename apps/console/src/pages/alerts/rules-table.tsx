import { Link } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { type AlertingState, type Rule, type RuleGroup } from '../../api/types.ts';
import { formatAgo } from '../../format/time.ts';
import { formatSeconds } from '../../format/units.ts';
import { useNowMs } from '../../time/live.ts';
import { StatusBadge, StatusMark, type Tone } from '../../ui/status-mark.tsx';

const stateTones: Readonly<Record<string, Tone>> = {
  firing: 'bad',
  pending: 'warn',
  inactive: 'ok',
};

/** Rules by group: state, expression, and whether their evaluation works. */
export function RulesTable({
  groups,
  state,
}: {
  readonly groups: readonly RuleGroup[];
  readonly state: AlertingState | undefined;
}): ReactNode {
  return (
    <div className="flex flex-col gap-3">
      {groups.map((group) => {
        const rules = group.rules.filter(
          (rule) => state === undefined || (rule.type === 'alerting' && rule.state === state),
        );
        if (rules.length === 0) return null;
        return (
          <section
            key={`${group.file} ${group.name}`}
            className="border-line bg-panel overflow-x-auto rounded-lg border"
          >
            <header className="flex flex-wrap items-baseline gap-x-3 px-3 pt-2.5 pb-1">
              <h3 className="text-xs font-semibold">
                <Link
                  to="/alerts/rule-groups/$group"
                  params={{ group: group.name }}
                  search={{ file: group.file }}
                  className="hover:text-accent hover:underline"
                >
                  {group.name}
                </Link>
              </h3>
              <span className="text-faint text-2xs">
                every {formatSeconds(group.interval)} · {group.file}
              </span>
            </header>
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">State</th>
                  <th scope="col">Rule</th>
                  <th scope="col">Expression</th>
                  <th scope="col">For</th>
                  <th scope="col">Health</th>
                  <th scope="col">Last evaluation</th>
                </tr>
              </thead>
              <tbody>
                {rules.map((rule) => (
                  <RuleRow key={`${rule.type} ${rule.name} ${rule.query}`} rule={rule} />
                ))}
              </tbody>
            </table>
          </section>
        );
      })}
    </div>
  );
}

function RuleRow({ rule }: { readonly rule: Rule }): ReactNode {
  const nowMs = useNowMs();
  const healthTone: Tone = rule.health === 'ok' ? 'ok' : rule.health === 'err' ? 'bad' : 'unknown';
  return (
    <tr>
      <td>
        {rule.type === 'recording' ? (
          <StatusBadge tone="idle">recording</StatusBadge>
        ) : (
          <StatusBadge tone={stateTones[rule.state] ?? 'unknown'}>{rule.state}</StatusBadge>
        )}
      </td>
      <td className="font-medium whitespace-nowrap">
        {rule.name}
        {rule.labels?.['severity'] !== undefined && (
          <span className="text-faint font-normal"> {rule.labels['severity']}</span>
        )}
      </td>
      <td className="max-w-xl">
        <Link
          to="/explore"
          search={{ q: [rule.query] }}
          className="hover:text-accent font-mono text-[11.5px] break-words hover:underline"
        >
          {rule.query}
        </Link>
      </td>
      <td className="num text-muted whitespace-nowrap">
        {rule.type === 'alerting' && rule.duration > 0 ? formatSeconds(rule.duration) : ''}
      </td>
      <td>
        <StatusMark tone={healthTone}>{rule.health}</StatusMark>
        {rule.lastError !== undefined && rule.lastError !== '' && (
          <p className="text-bad mt-0.5 max-w-72 break-words">{rule.lastError}</p>
        )}
      </td>
      <td className="num text-muted whitespace-nowrap">
        {rule.lastEvaluation === undefined || Date.parse(rule.lastEvaluation) <= 0
          ? 'not yet'
          : formatAgo(Date.parse(rule.lastEvaluation), nowMs)}
        {rule.evaluationTime !== undefined && (
          <span className="text-faint"> · took {formatSeconds(rule.evaluationTime)}</span>
        )}
      </td>
    </tr>
  );
}
