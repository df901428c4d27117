import { Link } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { type RuleGroupDetail } from '../../api/rule-groups.ts';
import { type Rule } from '../../api/types.ts';
import { formatSeconds } from '../../format/units.ts';
import { Card } from '../../ui/card.tsx';
import { Loading } from '../../ui/states.tsx';
import { StatusBadge, StatusMark, type Tone } from '../../ui/status-mark.tsx';
import { LastEvaluation } from './groups-table.tsx';
import { type RuleGroupDialog } from './rule-group-dialogs.tsx';
import { evaluationMs, type GroupRow, shownRules, type ShownRule } from './rule-groups-model.ts';

const stateTones = { firing: 'bad', pending: 'warn', inactive: 'ok' } as const;
const healthTones = { ok: 'ok', err: 'bad', unknown: 'unknown' } as const satisfies Record<
  Rule['health'],
  Tone
>;

/** The rules of a group: what they ask, for how long, and how they stand. */
export function GroupRules({
  row,
  detail,
  onAct,
}: {
  readonly row: GroupRow;
  /** Of one that is kept here; it knows rules that are switched off too. */
  readonly detail: RuleGroupDetail | undefined;
  /** Absent where nothing can be changed. */
  readonly onAct?: (dialog: RuleGroupDialog) => void;
}): ReactNode {
  if (row.summary.source === 'managed' && detail === undefined) return <Loading />;
  const listed = detail?.ruleList ?? row.rules.map((rule) => ({ ...rule, enabled: true }));
  const canSwitch = onAct !== undefined && detail?.broken === false;
  return (
    <Card title={`Rules (${listed.length})`} bodyClassName="overflow-x-auto">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Rule</th>
            <th scope="col">Expression</th>
            <th scope="col">For</th>
            <th scope="col">Health</th>
            <th scope="col">Last evaluation</th>
            {canSwitch && (
              <th scope="col">
                <span className="sr-only">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {shownRules(listed, row.rules).map((rule) => (
            <tr key={rule.key}>
              <RuleCells rule={rule} isOff={detail?.enabled === false || !rule.listed.enabled} />
              {canSwitch && (
                <td className="py-0.5! text-right">
                  <button
                    type="button"
                    className="control h-6!"
                    aria-label={`Switch ${rule.listed.name} ${rule.listed.enabled ? 'off' : 'on'}`}
                    onClick={() =>
                      onAct({
                        kind: 'switch',
                        group: detail,
                        enabled: !rule.listed.enabled,
                        rule: rule.listed,
                      })
                    }
                  >
                    {rule.listed.enabled ? 'Switch off' : 'Switch on'}
                  </button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function RuleCells({
  rule: { listed, state },
  isOff,
}: {
  readonly rule: ShownRule;
  readonly isOff: boolean;
}): ReactNode {
  const labels = Object.entries(listed.labels);
  return (
    <>
      <td>
        <StateBadge state={state} isOff={isOff} isRecording={listed.type === 'recording'} />
      </td>
      <td className="max-w-72">
        {listed.type === 'alerting' ? (
          <Link
            to="/alerts"
            search={{ text: `alertname=${JSON.stringify(listed.name)}` }}
            className="hover:text-accent font-medium [overflow-wrap:anywhere] hover:underline"
          >
            {listed.name}
          </Link>
        ) : (
          <span className="font-medium [overflow-wrap:anywhere]">{listed.name}</span>
        )}
        {labels.length > 0 && (
          <span className="text-muted text-2xs block font-mono [overflow-wrap:anywhere]">
            {labels.map(([label, value]) => `${label}=${value}`).join('  ')}
          </span>
        )}
      </td>
      <td className="max-w-xl">
        <Link
          to="/explore"
          search={{ q: [listed.query] }}
          className="hover:text-accent font-mono text-[11.5px] [overflow-wrap:anywhere] hover:underline"
        >
          {listed.query}
        </Link>
      </td>
      <td className="num text-muted whitespace-nowrap">
        {state?.type === 'alerting' && state.duration > 0 ? formatSeconds(state.duration) : ''}
      </td>
      <td>
        {state !== undefined && (
          <>
            <StatusMark tone={healthTones[state.health]}>{state.health}</StatusMark>
            {(state.lastError ?? '') !== '' && (
              <p className="text-bad mt-0.5 max-w-96 [overflow-wrap:anywhere]">{state.lastError}</p>
            )}
          </>
        )}
      </td>
      <td className="num text-muted whitespace-nowrap">
        {state !== undefined && (
          <>
            <LastEvaluation unixMs={evaluationMs(state.lastEvaluation)} />
            <span className="text-muted"> · took {formatSeconds(state.evaluationTime)}</span>
          </>
        )}
      </td>
    </>
  );
}

function StateBadge({
  state,
  isOff,
  isRecording,
}: {
  readonly state: Rule | undefined;
  readonly isOff: boolean;
  readonly isRecording: boolean;
}): ReactNode {
  if (isOff) return <StatusBadge tone="idle">off</StatusBadge>;
  if (isRecording) return <StatusBadge tone="idle">recording</StatusBadge>;
  if (state?.type !== 'alerting') return <StatusBadge tone="unknown">not yet</StatusBadge>;
  return <StatusBadge tone={stateTones[state.state]}>{state.state}</StatusBadge>;
}
