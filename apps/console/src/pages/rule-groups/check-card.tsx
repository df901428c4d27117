import { type ReactNode } from 'react';

import { type RuleGroupCheck } from '../../api/rule-groups.ts';
import { Card } from '../../ui/card.tsx';
import { diffSummary, readDiff } from './diff-lines.ts';
import { DiffView } from './diff-view.tsx';

/** What saving would do: what changes in the text, and what each rule gives now. */
export function CheckCard({ check }: { readonly check: RuleGroupCheck }): ReactNode {
  const { version, diff, rules } = check;
  const lines = readDiff(diff);
  return (
    <Card title="What saving would do" bodyClassName="px-3 pb-3 flex flex-col gap-2 text-xs">
      <p role="status">
        {version === null
          ? `It makes the new group ${check.name ?? ''}`
          : `Against version ${version}, which is there`}
        : {diffSummary(lines)}.
      </p>
      {lines.length > 0 && <DiffView lines={lines} label="What would change" />}
      <table className="table" aria-label="What the rules give now">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Gives now</th>
            <th scope="col">Expression</th>
          </tr>
        </thead>
        <tbody>
          {rules.map(({ name, type, query, series, note }, index) => (
            <tr key={index}>
              <td className="font-medium [overflow-wrap:anywhere]">{name}</td>
              <td className="num">
                {series !== null && `${series} ${unitOf(type, series)}`}
                {series !== null && note !== undefined && ', '}
                {note}
              </td>
              <td className="font-mono text-[11.5px] [overflow-wrap:anywhere]">{query}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function unitOf(type: 'alerting' | 'recording', count: number): string {
  if (type === 'recording') return 'series';
  return count === 1 ? 'alert' : 'alerts';
}
