import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { ArrowLeft, UserCheck } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { type IncidentAlert, type IncidentDetail } from '../../api/alerting-types.ts';
import { formatAgo, formatDateTime } from '../../format/time.ts';
import { formatSeconds } from '../../format/units.ts';
import { useNowMs } from '../../time/live.ts';
import { Card } from '../../ui/card.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { StatusBadge, StatusMark } from '../../ui/status-mark.tsx';
import { AcknowledgeForm } from './acknowledge-form.tsx';
import { AlertDialogs } from './alert-dialogs.tsx';
import { incidentQuery } from './alert-queries.ts';
import { eventText, incidentTone, nextLevel } from './incident-model.ts';

const route = getRouteApi('/alerts/incidents/$incident');

/** One incident: its alerts and why they are in it, what may cause it, who sees to it, who is told next. */
export function IncidentPage(): ReactNode {
  const { incident: id } = route.useParams();
  const [dialog, setDialog] = useState<'acknowledge' | 'unacknowledge'>();
  const { data, error, refetch } = useQuery({
    ...incidentQuery(id),
    refetchInterval: 3_000,
  });
  if (data === undefined) {
    return (
      <Page title="Incident" note={id}>
        {error === null ? <Loading /> : <ErrorState error={error} onRetry={() => void refetch()} />}
      </Page>
    );
  }
  const close = (): void => setDialog(undefined);
  return (
    <Page
      title={data.title}
      note={<Facts incident={data} />}
      actions={
        <>
          {data.state === 'open' && (
            <button type="button" className="control" onClick={() => setDialog('acknowledge')}>
              <UserCheck size={13} aria-hidden /> Acknowledge
            </button>
          )}
          {data.state === 'acknowledged' && (
            <button type="button" className="control" onClick={() => setDialog('unacknowledge')}>
              <UserCheck size={13} aria-hidden /> Take back acknowledgement
            </button>
          )}
          <Link to="/alerts/incidents" className="control">
            <ArrowLeft size={13} aria-hidden /> All incidents
          </Link>
        </>
      }
    >
      <div className="grid items-start gap-3 xl:grid-cols-[1fr_24rem]">
        <div className="flex min-w-0 flex-col gap-3">
          <Causes causes={data.causes} />
          <Card title={`Alerts (${data.members.length})`} bodyClassName="overflow-x-auto">
            <Members members={data.members} />
          </Card>
        </div>
        <div className="flex min-w-0 flex-col gap-3">
          <Card title="Escalation" bodyClassName="px-3 pb-3">
            <Escalation incident={data} />
          </Card>
          <Card title="What happened" bodyClassName="px-3 pb-3">
            <Events events={data.events} />
          </Card>
        </div>
      </div>
      {dialog === 'acknowledge' && (
        <AcknowledgeForm what={{ kind: 'incident', id }} name={data.title} onClose={close} />
      )}
      <AlertDialogs
        dialog={
          dialog === 'unacknowledge'
            ? { kind: 'unacknowledge', what: { kind: 'incident', id }, name: data.title }
            : undefined
        }
        onClose={close}
      />
    </Page>
  );
}

function Facts({ incident }: { readonly incident: IncidentDetail }): ReactNode {
  const nowMs = useNowMs();
  const openedMs = Date.parse(incident.openedAt);
  return (
    <span className="num inline-flex flex-wrap items-center gap-x-3">
      <StatusBadge tone={incidentTone(incident)}>{incident.state}</StatusBadge>
      <span>{incident.severity}</span>
      <span title={formatDateTime(openedMs)}>opened {formatAgo(openedMs, nowMs)}</span>
      <span>
        {incident.firing} of {incident.alerts} fire
      </span>
      {incident.regions.length > 0 && <span>in {incident.regions.join(', ')}</span>}
    </span>
  );
}

function Causes({ causes }: { readonly causes: IncidentDetail['causes'] }): ReactNode {
  return (
    <Card title="What may cause it" bodyClassName="pb-1">
      {causes.length === 0 ? (
        <EmptyState title="Nothing stands out" compact />
      ) : (
        <ol>
          {causes.map((cause, index) => (
            <li
              key={cause.fingerprint}
              className="border-line flex items-baseline gap-3 border-b px-3 py-1.5 text-xs last:border-b-0"
            >
              <span className="num text-faint w-4 shrink-0 text-right">{index + 1}</span>
              <span className="min-w-0">
                <Link
                  to="/alerts/$alert"
                  params={{ alert: cause.fingerprint }}
                  className="hover:text-accent font-medium hover:underline"
                >
                  {cause.alertname}
                </Link>{' '}
                <span className="text-faint font-mono text-[11px] [overflow-wrap:anywhere]">
                  {labelsText(cause.labels)}
                </span>
                <span className="text-muted block">{cause.reasons.join(' · ')}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .filter(([name]) => name !== 'alertname' && name !== 'incident' && name !== 'severity')
    .map(([name, value]) => `${name}=${value}`)
    .join('  ');
}

function Members({ members }: { readonly members: readonly IncidentAlert[] }): ReactNode {
  const nowMs = useNowMs();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Alert</th>
          <th scope="col">Since</th>
          <th scope="col">Why it is here</th>
        </tr>
      </thead>
      <tbody>
        {members.map((member) => (
          <tr key={member.fingerprint}>
            <td>
              <StatusBadge tone={member.state === 'firing' ? 'bad' : 'ok'}>
                {member.state}
              </StatusBadge>
            </td>
            <td className="max-w-md">
              <Link
                to="/alerts/$alert"
                params={{ alert: member.fingerprint }}
                className="hover:text-accent block truncate font-medium hover:underline"
              >
                {member.annotations['summary'] ?? member.labels['alertname']}
              </Link>
              <span className="text-muted text-2xs block truncate font-mono">
                {member.labels['alertname']} {labelsText(member.labels)}
              </span>
              {member.acknowledgement !== undefined && (
                <span className="text-muted text-2xs">
                  acknowledged by {member.acknowledgement.by}
                </span>
              )}
            </td>
            <td className="num text-muted whitespace-nowrap">
              {formatAgo(Date.parse(member.startsAt), nowMs)}
            </td>
            <td className="text-muted max-w-md break-words">{member.reason.text}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Escalation({ incident }: { readonly incident: IncidentDetail }): ReactNode {
  const nowMs = useNowMs();
  const { acknowledgement, levels } = incident;
  const next = nextLevel(incident, nowMs);
  return (
    <div className="text-xs">
      {acknowledgement === undefined ? (
        <p>
          {incident.state === 'closed'
            ? 'It is over.'
            : `Nobody has seen to it for ${formatSeconds(Math.round(incident.unacknowledgedMs / 1_000))}.`}
        </p>
      ) : (
        <p>
          <b className="font-medium">{acknowledgement.by}</b> sees to it since{' '}
          {formatDateTime(Date.parse(acknowledgement.at)).slice(0, -3)}
          {acknowledgement.until !== undefined &&
            `, until ${formatDateTime(Date.parse(acknowledgement.until)).slice(0, -3)}`}
          {acknowledgement.comment !== '' && `: ${acknowledgement.comment}`}
        </p>
      )}
      <ol aria-label="Levels" className="mt-2 flex flex-col gap-1">
        {levels.map(({ name, afterMs, receiver, toldAt }) => (
          <li key={name} className="flex flex-wrap items-baseline gap-x-2">
            <StatusMark tone={toldAt === undefined ? 'idle' : 'bad'} size={13}>
              <b className="font-semibold">{name}</b>
            </StatusMark>
            <span className="text-muted num">after {formatSeconds(afterMs / 1_000)}</span>
            {receiver !== undefined && <span className="text-muted">to {receiver}</span>}
            {toldAt !== undefined && (
              <span className="num">reached {formatDateTime(Date.parse(toldAt)).slice(11)}</span>
            )}
            {next?.name === name && (
              <span className="num">
                next, {formatAgo(next.atMs, nowMs)} at {formatDateTime(next.atMs).slice(11)}
              </span>
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}

function Events({ events }: { readonly events: IncidentDetail['events'] }): ReactNode {
  return (
    <ol className="flex flex-col gap-1 text-xs">
      {events.toReversed().map((event, index) => (
        <li key={index} className="flex gap-2">
          <time dateTime={event.at} className="num text-muted shrink-0">
            {formatDateTime(Date.parse(event.at)).slice(5)}
          </time>
          <span className="min-w-0 [overflow-wrap:anywhere]">{eventText(event)}</span>
        </li>
      ))}
    </ol>
  );
}
