import {
  type IncidentDetailView,
  type IncidentPageView,
  type IncidentView,
} from '@dwcp/api-schema';
import { formatDuration, Labels } from '@dwcp/core';

import { Client } from './client.ts';
import { type ExitCode, type Io, type Style, styleFor, UsageError } from './io.ts';
import { Moments } from './query.ts';
import { limitOf, readArgs, SERVER_OPTIONS } from './run.ts';
import { table } from './table.ts';
import { counted, printable, widthOf } from './text.ts';

const STATES = ['open', 'unacknowledged', 'acknowledged', 'closed', 'all'];

/** Lists incidents, or shows one. */
export async function incidents(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: { ...SERVER_OPTIONS, state: { type: 'string' }, limit: { type: 'string' } },
    strict: true,
    allowPositionals: true,
  });
  const [id, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError('incidents wants the id of one incident, or none');
  const { state } = values;
  if (state !== undefined && !STATES.includes(state)) {
    throw new UsageError(`--state is one of ${STATES.join(', ')}, got ${JSON.stringify(state)}`);
  }
  const client = new Client(io, values.url);
  const answer =
    id === undefined
      ? await client.get('/api/v1/incidents', { state, limit: limitOf(values.limit) })
      : await client.get(`/api/v1/incidents/${encodeURIComponent(id)}`);
  if (values.json === true) {
    io.out.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return 0;
  }
  const nowMs = Number(await new Moments(client).of('now')) * 1_000;
  io.out.write(
    id === undefined
      ? listText(io, answer as IncidentPageView, nowMs)
      : detailText(answer as IncidentDetailView, nowMs, styleFor(io.out, io.env)),
  );
  return 0;
}

function listText(io: Io, { items, nextCursor }: IncidentPageView, nowMs: number): string {
  if (items.length === 0) return 'no incidents\n';
  const rows = items.map((incident) => [
    incident.title,
    incident.state,
    incident.severity,
    ageText(nowMs - Date.parse(incident.openedAt)),
    `${incident.firing} of ${incident.alerts}`,
    incident.level ?? '',
    incident.acknowledgement?.by ?? '',
    incident.id,
  ]);
  const header = ['INCIDENT', 'STATE', 'SEVERITY', 'AGE', 'FIRING', 'LEVEL', 'BY', 'ID'];
  const cells = rows.map((row) => row.map(printable));
  const more = nextCursor === null ? '' : 'and more: --limit\n';
  return `${table(header, cells, { width: widthOf(io.out) })}${more}`;
}

function detailText(incident: IncidentDetailView, nowMs: number, style: Style): string {
  const { members, causes, events, levels } = incident;
  const lines = [
    style.bold(`${printable(incident.title)}: ${headOf(incident)}`),
    `opened ${clockText(incident.openedAt)}, ${ageText(nowMs - Date.parse(incident.openedAt))} ago`,
    '',
    'alerts',
    ...members.map(
      ({ labels, state, reason }) =>
        `  ${state.padEnd(8)}  ${printable(Labels.from(labels).toString())}  ${printable(reason.text)}`,
    ),
    '',
    ...(causes.length === 0 ? [] : ['may come from']),
    ...causes.map(
      ({ labels, reasons }) =>
        `  ${printable(Labels.from(labels).toString())}: ${printable(reasons.join(', '))}`,
    ),
    ...(causes.length === 0 ? [] : ['']),
    'levels',
    ...levels.map(({ name, afterMs, receiver, toldAt }) => {
      const who = receiver === undefined ? '' : `  ${printable(receiver)}`;
      const when = toldAt === undefined ? '' : `  reached ${clockText(toldAt)}`;
      return `  ${printable(name)}  after ${formatDuration(afterMs)}${who}${when}`;
    }),
    '',
    'when',
    ...events.map(({ at, kind, text, by }) => {
      const who = by === undefined ? '' : ` by ${printable(by)}`;
      return `  ${clockText(at)}  ${kind.replaceAll('-', ' ')}${who}: ${printable(text)}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function headOf({ state, severity, firing, alerts, acknowledgement, id }: IncidentView): string {
  const by = acknowledgement === undefined ? '' : ` by ${printable(acknowledgement.by)}`;
  return `${state}${by}, ${severity}, ${firing} of ${counted(alerts, 'alert')} firing (${printable(id)})`;
}

function ageText(ms: number): string {
  return formatDuration(Math.max(0, Math.round(ms / 1_000)) * 1_000);
}

/** `2026-01-02 03:04:05Z` */
function clockText(moment: string): string {
  return moment.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}
