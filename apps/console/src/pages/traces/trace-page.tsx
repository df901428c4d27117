import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';

import { api } from '../../api/client.ts';
import { nameColor } from '../../charts/colors.ts';
import { formatDateTime } from '../../format/time.ts';
import { formatSeconds } from '../../format/units.ts';
import { Page } from '../../ui/page.tsx';
import { ErrorState, Loading } from '../../ui/states.tsx';
import { StatusBadge, StatusMark } from '../../ui/status-mark.tsx';
import { SpanDetail } from './span-detail.tsx';
import { TraceLogs } from './trace-logs.tsx';
import { WaterfallView } from './waterfall-view.tsx';
import { layOutWaterfall } from './waterfall.ts';

const route = getRouteApi('/traces/$traceId');

/** One trace: its waterfall, the chosen span, and the log records written in it. */
export function TracePage(): ReactNode {
  const { traceId } = route.useParams();
  const { span: chosenId } = route.useSearch();
  const navigate = useNavigate();
  const { data, error, refetch } = useQuery({
    queryKey: ['trace', traceId],
    queryFn: ({ signal }) => api.trace(traceId, signal),
  });
  const waterfall = useMemo(() => layOutWaterfall(data?.spans ?? []), [data]);
  const root = waterfall.rows[0];
  const chosen = waterfall.rows.find(({ span }) => span.spanId === chosenId) ?? root;
  const services = [...new Set((data?.spans ?? []).map(({ service }) => service))].toSorted();
  const regions = [...new Set((data?.spans ?? []).map(({ region }) => region))].filter(Boolean);
  const errors = (data?.spans ?? []).filter(({ status }) => status.code === 'error').length;
  const choose = (spanId: string): void => {
    void navigate({
      to: '/traces/$traceId',
      params: { traceId },
      search: (prev) => ({ ...prev, span: spanId }),
      replace: true,
    });
  };

  if (data === undefined || root === undefined) {
    return (
      <Page title="Trace" note={traceId}>
        {error === null && data === undefined ? (
          <Loading />
        ) : (
          <ErrorState
            error={error ?? new Error(`The server has no spans of trace ${traceId}.`)}
            onRetry={() => void refetch()}
          />
        )}
      </Page>
    );
  }
  return (
    <Page
      title={root.span.name}
      note={
        <span className="num inline-flex flex-wrap items-center gap-x-4">
          <span>{formatDateTime(waterfall.startUnixMs, true)}</span>
          <b className="text-text font-medium">{formatSeconds(waterfall.durationMs / 1_000)}</b>
          <span>{data.spans.length === 1 ? '1 span' : `${data.spans.length} spans`}</span>
          {errors > 0 && (
            <StatusMark tone="bad" size={13}>
              {errors} in error
            </StatusMark>
          )}
        </span>
      }
      actions={
        <>
          <code className="text-faint text-2xs font-mono select-all">{traceId}</code>
          <Link to="/traces" className="control">
            <ArrowLeft size={13} aria-hidden /> All traces
          </Link>
        </>
      }
    >
      <div className="text-muted mb-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-xs">
        {services.map((service) => (
          <span key={service} className="inline-flex items-center gap-1.5">
            <span
              className="size-2.5 rounded-[3px]"
              style={{ background: `var(${nameColor(service)})` }}
            />
            {service}
          </span>
        ))}
        {regions.length > 0 && <span className="text-faint">in {regions.join(', ')}</span>}
        {waterfall.orphanCount > 0 && (
          <StatusBadge tone="warn">
            {waterfall.orphanCount === 1
              ? 'The parent of 1 span has not arrived'
              : `The parents of ${waterfall.orphanCount} spans have not arrived`}
          </StatusBadge>
        )}
      </div>
      <div className="grid gap-3 xl:grid-cols-[minmax(0,1fr)_24rem]">
        <div className="flex min-w-0 flex-col gap-3">
          <WaterfallView waterfall={waterfall} chosenId={chosen?.span.spanId} onChoose={choose} />
          <TraceLogs traceId={traceId} waterfall={waterfall} onChoose={choose} />
        </div>
        {chosen !== undefined && <SpanDetail row={chosen} />}
      </div>
    </Page>
  );
}
