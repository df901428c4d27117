import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { type Silence } from '../../api/alerting-types.ts';
import { alertingApi } from '../../api/alerting.ts';
import { formatAgo, formatDateTime } from '../../format/time.ts';
import { useNowMs } from '../../time/live.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { StatusBadge, type Tone } from '../../ui/status-mark.tsx';
import { ActButton } from './act-button.tsx';
import { silencesQuery } from './alert-queries.ts';
import { AlertTabs } from './alert-tabs.tsx';
import { SilenceForm } from './silence-form.tsx';
import { bySilenceState, matcherText } from './silence-model.ts';

const tones: Readonly<Record<Silence['status']['state'], Tone>> = {
  active: 'ok',
  pending: 'warn',
  expired: 'idle',
};

/** What is silenced, by whom, why and until when. */
export function SilencesPage(): ReactNode {
  const { data, error, refetch } = useQuery(silencesQuery);
  const [text, setText] = useState('');
  const [adding, setAdding] = useState<Silence['matchers'] | 'empty'>();
  const [withExpired, setWithExpired] = useState(false);
  const nowMs = useNowMs();
  const all = data ?? [];
  const shown = all
    .filter(
      (silence) =>
        (withExpired || silence.status.state !== 'expired') &&
        `${silence.matchers.map(matcherText).join(' ')} ${silence.createdBy} ${silence.comment} ${silence.id}`
          .toLowerCase()
          .includes(text.toLowerCase()),
    )
    .toSorted(bySilenceState);
  const expired = all.filter(({ status }) => status.state === 'expired').length;
  return (
    <Page
      title="Silences"
      note={data === undefined ? undefined : `${all.length - expired} in force, ${expired} over`}
      actions={
        <>
          <FilterInput value={text} onChange={setText} label="Filter by matcher or person" />
          <button
            type="button"
            className="control"
            aria-pressed={withExpired}
            onClick={() => setWithExpired(!withExpired)}
          >
            With those that are over
          </button>
          <button type="button" className="control" onClick={() => setAdding('empty')}>
            <Plus size={13} aria-hidden /> New silence
          </button>
        </>
      }
    >
      <AlertTabs />
      <div className="border-line bg-panel overflow-x-auto rounded-lg border">
        {data === undefined ? (
          error === null ? (
            <Loading />
          ) : (
            <ErrorState error={error} onRetry={() => void refetch()} />
          )
        ) : shown.length === 0 ? (
          <EmptyState title={text === '' ? 'Nothing is silenced' : 'No silence matches the filter'}>
            {text === '' &&
              'A silence keeps alerts from telling anybody for a while, as during maintenance.'}
          </EmptyState>
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Alerts that match</th>
                <th scope="col">By</th>
                <th scope="col">Why</th>
                <th scope="col">From</th>
                <th scope="col">Until</th>
                <th scope="col">
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((silence) => (
                <tr key={silence.id}>
                  <td>
                    <StatusBadge tone={tones[silence.status.state]}>
                      {silence.status.state}
                    </StatusBadge>
                  </td>
                  <td className="max-w-xl">
                    <span className="flex flex-wrap gap-1">
                      {silence.matchers.map((matcher) => (
                        <span
                          key={matcherText(matcher)}
                          className="bg-raised text-muted text-2xs rounded px-1.5 font-mono [overflow-wrap:anywhere]"
                        >
                          {matcherText(matcher)}
                        </span>
                      ))}
                    </span>
                  </td>
                  <td className="whitespace-nowrap">{silence.createdBy}</td>
                  <td className="text-muted max-w-80 break-words">{silence.comment}</td>
                  <td className="num text-muted whitespace-nowrap">
                    {formatDateTime(Date.parse(silence.startsAt)).slice(0, -3)}
                  </td>
                  <td className="num text-muted whitespace-nowrap">
                    {formatDateTime(Date.parse(silence.endsAt)).slice(0, -3)}
                    <span className="text-faint">
                      {' '}
                      · {formatAgo(Date.parse(silence.endsAt), nowMs)}
                    </span>
                  </td>
                  <td className="py-0.5! text-right whitespace-nowrap">
                    {silence.status.state === 'expired' ? (
                      <button
                        type="button"
                        className="control h-6!"
                        onClick={() => setAdding(silence.matchers)}
                      >
                        Set again
                      </button>
                    ) : (
                      <ActButton
                        label="Expire"
                        sure="Expire it now?"
                        run={() => alertingApi.expireSilence(silence.id)}
                      />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
      {adding !== undefined && (
        <SilenceForm
          {...(adding === 'empty' ? {} : { matchers: adding })}
          onClose={() => setAdding(undefined)}
        />
      )}
    </Page>
  );
}
