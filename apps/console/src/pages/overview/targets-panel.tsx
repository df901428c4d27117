import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useRef } from 'react';

import { targetsQuery } from '../../api/queries.ts';
import { useSelector } from '../../app/use-region.ts';
import { lastValue } from '../../charts/frame.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { useFrames, useStepMs } from '../../charts/use-frames.ts';
import { formatSeconds, formatValue } from '../../format/units.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState, ErrorState } from '../../ui/states.tsx';
import { StatusMark } from '../../ui/status-mark.tsx';
import { useInView } from '../../ui/use-in-view.ts';
import { SCRAPE_EXAMPLE, healthTone } from '../targets/targets-model.ts';

/** Scraped targets, with how long and how much each scrape brings. */
export function TargetsPanel(): ReactNode {
  const { data, error, refetch } = useQuery(targetsQuery);
  const sel = useSelector();
  const card = useRef<HTMLElement>(null);
  const stepMs = useStepMs(120);
  const { frames } = useFrames(
    [sel('scrape_duration_seconds'), sel('scrape_samples_scraped')],
    stepMs,
    useInView(card),
  );
  const targets = data?.activeTargets ?? [];
  const valuesOf = (
    index: number,
    labels: Readonly<Record<string, string>>,
  ): readonly (number | null)[] =>
    frames[index]?.series.find(
      (one) => one.labels['job'] === labels['job'] && one.labels['instance'] === labels['instance'],
    )?.values ?? [];
  return (
    <Card
      ref={card}
      title="Scrape targets"
      aside={<More to="/targets" />}
      bodyClassName="overflow-x-auto"
    >
      {error !== null && data === undefined ? (
        <ErrorState error={error} onRetry={() => void refetch()} compact />
      ) : targets.length === 0 ? (
        <EmptyState title="Nothing is scraped yet" config={SCRAPE_EXAMPLE} compact>
          Any Prometheus endpoint can be watched. In the configuration file:
        </EmptyState>
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Target</th>
              <th scope="col">State</th>
              <th scope="col" colSpan={2}>
                Scrape time
              </th>
              <th scope="col" className="text-right!">
                Samples
              </th>
            </tr>
          </thead>
          <tbody>
            {targets.slice(0, 8).map((target) => {
              const durations = valuesOf(0, target.labels);
              return (
                <tr key={`${target.scrapePool} ${target.scrapeUrl}`}>
                  <td className="max-w-52 truncate" title={target.scrapeUrl}>
                    <span className="font-medium">{target.labels['job']}</span>{' '}
                    <span className="text-muted">{target.labels['instance']}</span>
                  </td>
                  <td title={target.lastError}>
                    <StatusMark tone={healthTone(target.health)}>{target.health}</StatusMark>
                  </td>
                  <td className="w-28 py-1!">
                    <Sparkline
                      values={durations}
                      width={104}
                      color={target.health === 'down' ? '--series-7' : '--series-1'}
                      label={`Scrape duration of ${target.labels['instance'] ?? ''}`}
                    />
                  </td>
                  <td className="num whitespace-nowrap">
                    {formatSeconds(target.lastScrapeDuration)}
                  </td>
                  <td className="num text-right">
                    {formatValue(lastValue(valuesOf(1, target.labels)), 'count')}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Card>
  );
}

export function More({
  to,
}: {
  readonly to: '/targets' | '/alerts' | '/traces' | '/logs';
}): ReactNode {
  return (
    <Link to={to} className="text-accent text-2xs hover:underline">
      Show all
    </Link>
  );
}
