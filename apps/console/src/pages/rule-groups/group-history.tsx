import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode } from 'react';

import { ApiError } from '../../api/errors.ts';
import { type RuleGroupChange, ruleGroupsApi } from '../../api/rule-groups.ts';
import { formatAgo, formatDateTime } from '../../format/time.ts';
import { useNowMs } from '../../time/live.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { ALERTING_KEY } from '../alerts/alert-queries.ts';
import { diffSummary, readDiff } from './diff-lines.ts';
import { DiffView } from './diff-view.tsx';

const PAGE_SIZE = 50;

const actionWords: Readonly<Record<RuleGroupChange['action'], string>> = {
  create: 'made it',
  edit: 'edited it',
  enable: 'switched it on',
  disable: 'switched it off',
  delete: 'deleted it',
  undone: 'changed it, which could not be applied and was undone',
};

/** Who changed a group, when, why and what; the newest first. */
export function GroupHistory({
  name,
  version,
}: {
  readonly name: string;
  /** Of the group now: another one asks anew. */
  readonly version: number | null;
}): ReactNode {
  const found = useInfiniteQuery({
    queryKey: [ALERTING_KEY, 'rule-group-history', name, version],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor, signal }) =>
      ruleGroupsApi.history(name, { limit: PAGE_SIZE, cursor }, signal),
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    placeholderData: (previous) => previous,
  });
  const changes = (found.data?.pages ?? []).flatMap(({ items }) => items);
  const { error } = found;
  const isUnknown = error instanceof ApiError && error.status === 404;
  return (
    <Card title="History" bodyClassName="px-3 pb-2">
      {isUnknown || (found.data !== undefined && changes.length === 0) ? (
        <EmptyState title="No change of it is on record" compact />
      ) : found.data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ErrorState error={error} onRetry={() => void found.refetch()} compact />
        )
      ) : (
        <ol aria-label="Changes, the newest first" className="flex flex-col">
          {changes.map((change, index) => (
            <Change
              key={`${change.toVersion} ${change.at}`}
              change={change}
              isNewest={index === 0}
            />
          ))}
        </ol>
      )}
      {found.hasNextPage && (
        <button
          type="button"
          className="control mt-2"
          disabled={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          Show more
        </button>
      )}
    </Card>
  );
}

function Change({
  change,
  isNewest,
}: {
  readonly change: RuleGroupChange;
  readonly isNewest: boolean;
}): ReactNode {
  const { at, by, comment, toVersion, diff } = change;
  const lines = readDiff(diff);
  return (
    <li className="border-line border-b py-1.5 text-xs last:border-b-0">
      <p className="flex flex-wrap gap-x-2">
        <time dateTime={at} className="num text-muted">
          {formatDateTime(Date.parse(at))} (<Ago unixMs={Date.parse(at)} />)
        </time>
        <span className="[overflow-wrap:anywhere]">
          <b className="font-medium">{by}</b> {changeText(change)}
          {comment !== '' && `: ${comment}`}
        </span>
        <span className="text-muted num">version {toVersion}</span>
      </p>
      {lines.length > 0 && (
        <details className="mt-1" open={isNewest}>
          <summary className="text-muted w-fit cursor-pointer">{diffSummary(lines)}</summary>
          <div className="mt-1">
            <DiffView lines={lines} label={`What version ${toVersion} changed`} />
          </div>
        </details>
      )}
    </li>
  );
}

function Ago({ unixMs }: { readonly unixMs: number }): ReactNode {
  return formatAgo(unixMs, useNowMs());
}

function changeText({ action, rules = [] }: RuleGroupChange): string {
  if (rules.length === 0) return actionWords[action];
  return `switched ${rules.join(', ')} ${action === 'enable' ? 'on' : 'off'}`;
}
