import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';

import { targetsQuery } from '../../api/queries.ts';
import { formatAgo } from '../../format/time.ts';
import { formatSeconds } from '../../format/units.ts';
import { useNowMs } from '../../time/live.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { StatusMark } from '../../ui/status-mark.tsx';
import { SCRAPE_EXAMPLE, healthTone } from './targets-model.ts';

/** Every scrape target: does it answer, when last, how long did it take, and why not. */
export function TargetsPage(): ReactNode {
  const { data, error, refetch } = useQuery(targetsQuery);
  const [text, setText] = useState('');
  const [onlyDown, setOnlyDown] = useState(false);
  const nowMs = useNowMs();
  const all = data?.activeTargets ?? [];
  const down = all.filter((target) => target.health === 'down').length;
  const shown = all.filter(
    (target) =>
      (!onlyDown || target.health === 'down') &&
      `${target.scrapePool} ${target.scrapeUrl} ${Object.values(target.labels).join(' ')}`
        .toLowerCase()
        .includes(text.toLowerCase()),
  );
  return (
    <Page
      title="Targets"
      note={data === undefined ? undefined : `${all.length - down} answering, ${down} down`}
      actions={
        <>
          <FilterInput value={text} onChange={setText} label="Filter by job, address or label" />
          <button
            type="button"
            className="control"
            aria-pressed={onlyDown}
            onClick={() => setOnlyDown(!onlyDown)}
          >
            Only down
          </button>
        </>
      }
    >
      <div className="border-line bg-panel overflow-x-auto rounded-lg border">
        {data === undefined ? (
          error === null ? (
            <Loading />
          ) : (
            <ErrorState error={error} onRetry={() => void refetch()} />
          )
        ) : all.length === 0 ? (
          <EmptyState title="Nothing is scraped yet" config={SCRAPE_EXAMPLE}>
            Every address here is asked for its metrics at its interval, down to one second. Add one
            to the configuration file and restart, or send SIGHUP.
          </EmptyState>
        ) : shown.length === 0 ? (
          <EmptyState title="No target matches the filter" />
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Job</th>
                <th scope="col">Address</th>
                <th scope="col">Labels</th>
                <th scope="col">Last scrape</th>
                <th scope="col" className="text-right!">
                  Took
                </th>
                <th scope="col">Error</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((target) => {
                const { job, instance, ...labels } = target.labels;
                return (
                  <tr key={`${target.scrapePool} ${target.scrapeUrl}`}>
                    <td>
                      <StatusMark tone={healthTone(target.health)}>{target.health}</StatusMark>
                    </td>
                    <td className="font-medium whitespace-nowrap">{job ?? target.scrapePool}</td>
                    <td className="font-mono text-[11.5px] whitespace-nowrap" title={instance}>
                      {target.scrapeUrl}
                    </td>
                    <td>
                      <span className="flex flex-wrap gap-1">
                        {Object.entries(labels).map(([name, value]) => (
                          <span
                            key={name}
                            className="bg-raised text-muted text-2xs rounded px-1.5 font-mono"
                          >
                            {name}={value}
                          </span>
                        ))}
                      </span>
                    </td>
                    <td className="num text-muted whitespace-nowrap">
                      {neverScraped(target.lastScrape)
                        ? 'not yet'
                        : formatAgo(Date.parse(target.lastScrape), nowMs)}
                      {target.scrapeInterval !== undefined && (
                        <span className="text-faint"> / {target.scrapeInterval}</span>
                      )}
                    </td>
                    <td className="num text-right whitespace-nowrap">
                      {formatSeconds(target.lastScrapeDuration)}
                    </td>
                    <td className="text-bad max-w-80 break-words">{target.lastError}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </div>
    </Page>
  );
}

/** Prometheus writes the zero time of Go for a target it has not asked yet. */
function neverScraped(lastScrape: string): boolean {
  const unixMs = Date.parse(lastScrape);
  return !Number.isFinite(unixMs) || unixMs <= 0;
}
