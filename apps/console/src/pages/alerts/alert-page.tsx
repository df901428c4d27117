import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { ArrowLeft, BellOff, BookOpen, CircleCheck, UserCheck } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { type ExplainedAlert } from '../../api/alerting-types.ts';
import { alertingApi } from '../../api/alerting.ts';
import { selectorOf } from '../../format/labels.ts';
import { formatAgo, formatDateTime } from '../../format/time.ts';
import { useNowMs } from '../../time/live.ts';
import { AttributeTable } from '../../ui/attributes.tsx';
import { Card } from '../../ui/card.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loading } from '../../ui/states.tsx';
import { StatusBadge } from '../../ui/status-mark.tsx';
import { AlertChart } from './alert-chart.tsx';
import { type AlertDialog, AlertDialogs } from './alert-dialogs.tsx';
import { ALERTING_KEY, useAlertList } from './alert-queries.ts';
import { type AlertRow, hasLabels, nameOfAlert } from './alert-rows.ts';
import { rowTone } from './alerts-model.ts';
import { mergeRecords, valueText } from './decision-text.ts';
import { runbookOf } from './runbook.ts';
import { SuppressionNote } from './suppression-note.tsx';
import { Timeline } from './timeline.tsx';
import { WhyCard } from './why-card.tsx';

const route = getRouteApi('/alerts/$alert');

/** One alert: what it says, why it is as it is, what became of it, and what one may do. */
export function AlertPage(): ReactNode {
  const { alert: address } = route.useParams();
  const { at } = route.useSearch();
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<AlertDialog>();
  const { rows = [] } = useAlertList();
  const row = rows.find((one) => isAt(one, address));
  const explanation = useQuery({
    queryKey: [ALERTING_KEY, 'explain', address, at],
    queryFn: ({ signal }) => alertingApi.explain(address, at, signal),
    refetchInterval: at === undefined ? 5_000 : false,
  });
  const explained = findExplained(explanation.data?.alerts ?? [], row, address);
  const labels = row?.labels ?? explained?.labels;
  const { incident: _incident, ...ownLabels } = labels ?? {};
  const search = labels === undefined ? address : selectorOf(ownLabels);
  const decisions = useQuery({
    queryKey: [ALERTING_KEY, 'decisions', search],
    queryFn: ({ signal }) => alertingApi.decisions({ alert: search, limit: 100 }, signal),
    enabled: labels !== undefined || explanation.isError,
    refetchInterval: 5_000,
  });
  const records = mergeRecords(explanation.data?.timeline ?? [], decisions.data?.items ?? []);
  const setMoment = (moment: string | undefined): void => {
    void navigate({
      to: '/alerts/$alert',
      params: { alert: address },
      search: (prev) => ({ ...prev, at: moment }),
      replace: true,
    });
  };
  const name = nameOfAlert(labels ?? {}) || (explanation.data?.alertName ?? '') || address;
  const incident = row?.incident ?? explained?.incident?.id;
  const rule = explanation.data?.rules[0];
  return (
    <Page
      title={name}
      note={<Facts row={row} explained={explained} />}
      actions={
        <>
          <Actions row={row} explained={explained} name={name} onAct={setDialog} />
          <Link to="/alerts" className="control">
            <ArrowLeft size={13} aria-hidden /> All alerts
          </Link>
        </>
      }
    >
      {row !== undefined && <Says row={row} />}
      <div className="grid items-start gap-3 xl:grid-cols-[1fr_24rem]">
        <div className="flex min-w-0 flex-col gap-3">
          <WhyCard
            explanation={explanation.data}
            alert={explained}
            error={explanation.error}
            onRetry={() => void explanation.refetch()}
            at={at}
            onMoment={setMoment}
          />
          {rule !== undefined && labels !== undefined && <AlertChart rule={rule} labels={labels} />}
          <Card title="Timeline" bodyClassName="pb-1">
            {records.length > 0 ? (
              <Timeline records={records} onMoment={setMoment} />
            ) : decisions.isPending && explanation.isPending ? (
              <Loading />
            ) : (
              <EmptyState title="Nothing was decided about it yet" compact />
            )}
          </Card>
        </div>
        <div className="flex min-w-0 flex-col gap-3">
          <Card title="Labels" bodyClassName="px-3 pb-3">
            <AttributeTable attributes={labels ?? {}} label="Labels of the alert" />
          </Card>
          {row !== undefined && (
            <Card title="Annotations" bodyClassName="px-3 pb-3">
              <AttributeTable attributes={row.annotations} label="Annotations of the alert" />
            </Card>
          )}
          {incident !== undefined && (
            <Card title="Incident" bodyClassName="px-3 pb-3 text-xs">
              <Link
                to="/alerts/incidents/$incident"
                params={{ incident }}
                className="text-accent hover:underline"
              >
                {incident}
              </Link>
              <p className="text-faint text-2xs">
                Alerts that began together, and what may cause them.
              </p>
            </Card>
          )}
        </div>
      </div>
      <AlertDialogs dialog={dialog} onClose={() => setDialog(undefined)} />
    </Page>
  );
}

/** A fingerprint, or the labels of an alert that was pending when its address was made. */
function isAt(row: AlertRow, address: string): boolean {
  return row.address === address || row.selector === address;
}

function findExplained(
  alerts: readonly ExplainedAlert[],
  row: AlertRow | undefined,
  address: string,
): ExplainedAlert | undefined {
  return (
    alerts.find(({ fingerprint }) => fingerprint === (row?.fingerprint ?? address)) ??
    (row === undefined ? undefined : alerts.find(({ labels }) => hasLabels(row.labels, labels))) ??
    (alerts.length === 1 ? alerts[0] : undefined)
  );
}

function Facts({
  row,
  explained,
}: {
  readonly row: AlertRow | undefined;
  readonly explained: ExplainedAlert | undefined;
}): ReactNode {
  const nowMs = useNowMs();
  if (row === undefined) {
    return explained === undefined ? null : (
      <StatusBadge tone="idle">{explained.state}</StatusBadge>
    );
  }
  return (
    <span className="num inline-flex flex-wrap items-center gap-x-3">
      <StatusBadge tone={rowTone(row)}>{row.state}</StatusBadge>
      {row.labels['severity'] !== undefined && <span>{row.labels['severity']}</span>}
      <span title={formatDateTime(row.sinceMs)}>since {formatAgo(row.sinceMs, nowMs)}</span>
      {row.value !== undefined && (
        <span>
          value <b className="text-text font-medium">{valueText(row.value)}</b>
        </span>
      )}
      {row.receivers.length > 0 && <span>to {row.receivers.join(', ')}</span>}
    </span>
  );
}

function Says({ row }: { readonly row: AlertRow }): ReactNode {
  const { summary, description } = row.annotations;
  if (summary === undefined && description === undefined && row.suppressions.length === 0) {
    return null;
  }
  return (
    <div className="mb-3 text-xs">
      {summary !== undefined && <p className="text-[13px]">{summary}</p>}
      {description !== undefined && (
        <p className="text-muted mt-0.5 whitespace-pre-line">{description}</p>
      )}
      {row.suppressions.map((suppression, index) => (
        <p key={index} className="text-muted mt-1">
          <SuppressionNote suppression={suppression} link />
        </p>
      ))}
    </div>
  );
}

function Actions({
  row,
  explained,
  name,
  onAct,
}: {
  readonly row: AlertRow | undefined;
  readonly explained: ExplainedAlert | undefined;
  readonly name: string;
  readonly onAct: (dialog: AlertDialog) => void;
}): ReactNode {
  const annotations =
    row?.annotations ??
    (explained?.runbookUrl === undefined ? {} : { runbook_url: explained.runbookUrl });
  const runbook = runbookOf(
    { annotations, generatorUrl: row?.generatorUrl },
    window.location.origin,
  );
  const acknowledged = row?.suppressions.find((one) => one.kind === 'acknowledged');
  const fingerprint = row?.fingerprint;
  return (
    <>
      {runbook !== undefined && (
        <a href={runbook} target="_blank" rel="noreferrer" className="control">
          <BookOpen size={13} aria-hidden /> Runbook
        </a>
      )}
      {row !== undefined && fingerprint !== undefined && (
        <>
          {acknowledged === undefined ? (
            <button
              type="button"
              className="control"
              onClick={() => onAct({ kind: 'acknowledge', row })}
            >
              <UserCheck size={13} aria-hidden /> Acknowledge
            </button>
          ) : (
            <button
              type="button"
              className="control"
              onClick={() =>
                onAct({
                  kind: 'unacknowledge',
                  what:
                    acknowledged.incident === undefined
                      ? { kind: 'alert', fingerprint }
                      : { kind: 'incident', id: acknowledged.incident },
                  name,
                })
              }
            >
              <UserCheck size={13} aria-hidden /> Take back acknowledgement
            </button>
          )}
          <button type="button" className="control" onClick={() => onAct({ kind: 'resolve', row })}>
            <CircleCheck size={13} aria-hidden /> Resolve
          </button>
        </>
      )}
      {row !== undefined && (
        <button type="button" className="control" onClick={() => onAct({ kind: 'silence', row })}>
          <BellOff size={13} aria-hidden /> Silence
        </button>
      )}
    </>
  );
}
