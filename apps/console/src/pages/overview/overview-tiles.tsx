import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { statusQuery } from '../../api/queries.ts';
import { type ServerStatus } from '../../api/types.ts';
import { formatBytes, formatCount } from '../../format/units.ts';
import { ErrorState } from '../../ui/states.tsx';
import { StatusMark, type Tone } from '../../ui/status-mark.tsx';
import { backendTone } from '../status/stats.ts';

/** Six answers at a glance, out of /api/v1/status. */
export function OverviewTiles(): ReactNode {
  const { data, error, refetch } = useQuery(statusQuery);
  if (data === undefined && error !== null) {
    return <ErrorState error={error} onRetry={() => void refetch()} compact />;
  }
  return (
    <ul aria-label="At a glance" className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
      {tilesOf(data).map((tile) => (
        <li key={tile.title}>
          <Link
            to={tile.to}
            className="border-line bg-panel hover:border-line-strong block rounded-lg border px-3 py-2"
          >
            <span className="text-muted text-2xs block">{tile.title}</span>
            <span className="num mt-0.5 flex items-center gap-1.5 text-[15px] font-semibold">
              <StatusMark tone={tile.tone} size={15} />
              {tile.value}
            </span>
            <span className="text-faint text-2xs block truncate" title={tile.note}>
              {tile.note}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

interface Tile {
  readonly title: string;
  readonly to: '/status' | '/alerts' | '/targets';
  readonly tone: Tone;
  readonly value: string;
  readonly note: string;
}

const levelTones = { GREEN: 'ok', YELLOW: 'warn', ORANGE: 'bad', RED: 'bad' } as const;

function alertsTile({ rules, alerting }: ServerStatus): Tile {
  const { alertsFiring: firing, alertsPending: pending } = rules;
  const common = { title: 'Alerts', to: '/alerts' } as const;
  if (alerting === undefined) {
    return {
      ...common,
      tone: firing > 0 ? 'bad' : pending > 0 ? 'warn' : 'ok',
      value: firing > 0 ? `${firing} firing` : 'None firing',
      note: `${pending} pending`,
    };
  }
  const { level, incidents } = alerting;
  return {
    ...common,
    tone: levelTones[level],
    value: level,
    note: `${firing} firing · ${pending} pending · ${incidents.open} ${incidents.open === 1 ? 'incident' : 'incidents'}`,
  };
}

function tilesOf(status: ServerStatus | undefined): readonly Tile[] {
  const waiting = { tone: 'unknown', value: '–', note: '…' } as const;
  if (status === undefined) {
    return [
      { title: 'Server', to: '/status', ...waiting },
      { title: 'Alerts', to: '/alerts', ...waiting },
      { title: 'Scrape targets', to: '/targets', ...waiting },
      { title: 'Data lost', to: '/status', ...waiting },
      { title: 'Backends', to: '/status', ...waiting },
      { title: 'On disk', to: '/status', ...waiting },
    ];
  }
  const { scrape, queues, backends, stores } = status;
  const dropped = queues.reduce((sum, queue) => sum + queue.dropped, 0);
  const failed = queues.reduce((sum, queue) => sum + queue.failedWrites, 0);
  const configured = backends.filter((backend) => backend.configured);
  const unwell = configured.filter((backend) => backendTone(backend) !== 'ok');
  const sizes = Object.entries(stores).flatMap(([name, stats]) => {
    const size = stats['sizeBytes'];
    return typeof size === 'number' ? [{ name, size }] : [];
  });
  return [
    {
      title: 'Server',
      to: '/status',
      tone: failed > 0 ? 'warn' : 'ok',
      value: failed > 0 ? 'Degraded' : 'Healthy',
      note:
        failed > 0
          ? `${formatCount(failed)} failed writes`
          : `since ${status.startedAt.slice(0, 16).replace('T', ' ')} UTC`,
    },
    alertsTile(status),
    {
      title: 'Scrape targets',
      to: '/targets',
      tone: scrape.down > 0 ? 'bad' : scrape.up > 0 ? 'ok' : 'idle',
      value:
        scrape.up + scrape.down === 0 ? 'None' : `${scrape.up} of ${scrape.up + scrape.down} up`,
      note:
        scrape.down > 0
          ? `${scrape.down} down`
          : scrape.up > 0
            ? 'all answering'
            : 'add scrapeConfigs',
    },
    {
      title: 'Data lost',
      to: '/status',
      tone: dropped > 0 ? 'bad' : 'ok',
      value: dropped > 0 ? formatCount(dropped) : 'Nothing',
      note: `${queues.length} queues, ${formatCount(queues.reduce((sum, queue) => sum + queue.waiting, 0))} waiting`,
    },
    {
      title: 'Backends',
      to: '/status',
      tone: unwell.length > 0 ? 'warn' : configured.length > 0 ? 'ok' : 'idle',
      value:
        configured.length === 0
          ? 'Embedded'
          : `${configured.length - unwell.length} of ${configured.length} well`,
      note:
        unwell[0]?.detail ??
        (configured.map(({ name }) => name).join(', ') || 'no external server needed'),
    },
    {
      title: 'On disk',
      to: '/status',
      tone: 'ok',
      value: formatBytes(sizes.reduce((sum, { size }) => sum + size, 0)),
      note:
        sizes.map(({ name, size }) => `${name} ${formatBytes(size)}`).join(' · ') ||
        'stores give no size',
    },
  ];
}
