import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { alertsQuery } from '../../api/queries.ts';
import { selectorOf } from '../../format/labels.ts';
import { formatAgo } from '../../format/time.ts';
import { useNowMs } from '../../time/live.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState, ErrorState } from '../../ui/states.tsx';
import { StatusBadge } from '../../ui/status-mark.tsx';
import { alertTone, byUrgency } from '../alerts/alerts-model.ts';
import { More } from './targets-panel.tsx';

export function AlertsPanel(): ReactNode {
  const { data, error, refetch } = useQuery(alertsQuery);
  const nowMs = useNowMs();
  const alerts = (data?.alerts ?? []).toSorted(byUrgency);
  return (
    <Card title="Active alerts" aside={<More to="/alerts" />}>
      {error !== null && data === undefined ? (
        <ErrorState error={error} onRetry={() => void refetch()} compact />
      ) : alerts.length === 0 ? (
        <EmptyState title="Nothing is wrong" compact>
          Alerts of your rules show here from the moment they are pending.
        </EmptyState>
      ) : (
        <table className="table">
          <thead className="sr-only">
            <tr>
              <th scope="col">State</th>
              <th scope="col">Alert</th>
              <th scope="col">Since</th>
            </tr>
          </thead>
          <tbody>
            {alerts.slice(0, 6).map((alert) => (
              <tr key={JSON.stringify(alert.labels)}>
                <td className="w-24">
                  <StatusBadge tone={alertTone(alert)}>{alert.state}</StatusBadge>
                </td>
                <td>
                  <Link
                    to="/alerts/$alert"
                    params={{ alert: selectorOf(alert.labels) }}
                    className="hover:text-accent font-medium hover:underline"
                  >
                    {alert.labels['alertname']}
                  </Link>
                  <span className="text-muted block max-w-md truncate">
                    {alert.annotations['summary'] ?? alert.labels['instance'] ?? ''}
                  </span>
                </td>
                <td className="text-muted num text-right whitespace-nowrap">
                  {alert.activeAt === undefined ? '' : formatAgo(Date.parse(alert.activeAt), nowMs)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
