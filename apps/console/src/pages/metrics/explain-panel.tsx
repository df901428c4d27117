import { useQuery } from '@tanstack/react-query';
import { RotateCw, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { api } from '../../api/client.ts';
import { type Explain } from '../../api/types.ts';
import { Card } from '../../ui/card.tsx';
import { IconButton } from '../../ui/icon-button.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { StatusMark } from '../../ui/status-mark.tsx';
import { planFacts } from './explain-model.ts';
import { PlanTable } from './plan-table.tsx';

/** What is explained: an expression over a window that stays as it was when it was asked for. */
export interface Explained {
  readonly expr: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** What a query cost, asked for when the panel opens: it runs the query once more. */
export function ExplainPanel({
  explained,
  onRefresh,
  onClose,
}: {
  readonly explained: Explained;
  /** Asks anew, over the present window. */
  readonly onRefresh: () => void;
  readonly onClose: () => void;
}): ReactNode {
  const [noCache, setNoCache] = useState(false);
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['explain', explained, noCache],
    queryFn: ({ signal }) => api.explain({ ...explained, noCache }, signal),
    // Its times are of one run; only a click runs it again.
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  return (
    <Card
      title="What this query costs"
      className="shrink-0"
      aside={
        <span className="flex items-center gap-1">
          <button
            type="button"
            className="control h-6!"
            aria-pressed={noCache}
            title="Takes nothing that was kept from earlier queries"
            onClick={() => setNoCache(!noCache)}
          >
            Without cache
          </button>
          <IconButton label="Run and explain again" onClick={onRefresh} disabled={isFetching}>
            <RotateCw size={13} aria-hidden />
          </IconButton>
          <IconButton label="Close the explanation" onClick={onClose}>
            <X size={14} aria-hidden />
          </IconButton>
        </span>
      }
    >
      {data !== undefined ? (
        <ExplainView explain={data} />
      ) : error !== null ? (
        <ErrorState error={error} onRetry={() => void refetch()} compact />
      ) : (
        <Loading />
      )}
    </Card>
  );
}

/** The cost of a query: the figures of the whole, what was noted, and its parts. */
export function ExplainView({ explain }: { readonly explain: Explain }): ReactNode {
  const { printed, stats, warnings, infos } = explain;
  return (
    <>
      {(stats === null || stats.root === null) && (
        <p className="px-3 font-mono text-[11.5px] [overflow-wrap:anywhere]">{printed}</p>
      )}
      <dl className="flex flex-wrap gap-x-6 gap-y-1 px-3 pt-1 pb-2 text-xs">
        {planFacts(explain).map(([name, value]) => (
          <div key={name} className="flex gap-1.5">
            <dt className="text-muted">{name}</dt>
            <dd className="num">{value}</dd>
          </div>
        ))}
      </dl>
      {[...warnings, ...infos].length > 0 && (
        <ul aria-label="Notes" className="px-3 pb-2 text-xs">
          {[...warnings, ...infos].map((note, index) => (
            <li key={note} className="[overflow-wrap:anywhere]">
              <StatusMark tone={index < warnings.length ? 'warn' : 'unknown'} size={12} />{' '}
              <span className="text-muted">{index < warnings.length ? 'Warning' : 'Info'}</span>{' '}
              {note}
            </li>
          ))}
        </ul>
      )}
      {stats === null ? (
        <EmptyState
          title="The engine behind this server does not tell what a query costs"
          compact
        />
      ) : stats.root === null ? (
        <EmptyState title="The whole answer was kept from earlier queries" compact>
          “Without cache” runs it in full and shows its parts.
        </EmptyState>
      ) : (
        <PlanTable root={stats.root} />
      )}
    </>
  );
}
