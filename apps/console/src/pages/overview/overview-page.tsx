import { useQuery } from '@tanstack/react-query';
import { type ReactNode } from 'react';

import { statusQuery } from '../../api/queries.ts';
import { formatSeconds } from '../../format/units.ts';
import { SectionTitle } from '../../ui/card.tsx';
import { Page } from '../../ui/page.tsx';
import { AlertsPanel } from './alerts-panel.tsx';
import { HostCharts } from './host-charts.tsx';
import { HttpCharts } from './http-charts.tsx';
import { LogsPanel } from './logs-panel.tsx';
import { OverviewTiles } from './overview-tiles.tsx';
import { ProcessCharts } from './process-charts.tsx';
import { TargetsPanel } from './targets-panel.tsx';
import { TracesPanel } from './traces-panel.tsx';

/** The first page: this host, this process, its HTTP, its targets, and what happened last. */
export function OverviewPage(): ReactNode {
  const { data: status } = useQuery(statusQuery);
  const note =
    status === undefined
      ? undefined
      : `${status.instance} in ${status.region} · ${status.service} ${status.version} · up ${formatSeconds(status.uptimeSeconds)}`;
  return (
    <Page title="Overview" note={note}>
      <OverviewTiles />
      <SectionTitle>Host</SectionTitle>
      <HostCharts />
      <SectionTitle>Process</SectionTitle>
      <ProcessCharts />
      <SectionTitle>HTTP server</SectionTitle>
      <HttpCharts />
      <SectionTitle>Latest</SectionTitle>
      <div className="grid grid-cols-1 gap-3 xl:grid-cols-2">
        <TargetsPanel />
        <AlertsPanel />
        <TracesPanel />
        <LogsPanel />
      </div>
    </Page>
  );
}
