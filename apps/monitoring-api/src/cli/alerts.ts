import { type AlertLevelView, type GettableAlertView } from '@dwcp/api-schema';
import { formatDuration, Labels, METRIC_NAME } from '@dwcp/core';

import { Client } from './client.ts';
import { type ExitCode, type Io, UsageError } from './io.ts';
import { levelText } from './level-text.ts';
import { Moments } from './query.ts';
import { readArgs, SERVER_OPTIONS } from './run.ts';
import { table } from './table.ts';
import { printable, widthOf } from './text.ts';

interface RuleAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  readonly activeAt: string;
  readonly value: string;
}

interface Listed {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  readonly since: string;
  readonly value?: string;
}

const SEVERITIES = ['critical', 'page', 'error', 'warning', 'info', 'none'];

/** Lists what fires and what is pending: alerts of rules, and those that others sent. */
export async function alerts(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: { ...SERVER_OPTIONS },
    strict: true,
    allowPositionals: true,
  });
  if (positionals.length > 0) throw new UsageError('alerts wants no words, only options');
  const client = new Client(io, values.url);
  const { data } = (await client.get('/api/v1/alerts')) as {
    readonly data: { readonly alerts: readonly RuleAlert[] };
  };
  const routed = (await client.get('/api/v2/alerts')) as readonly GettableAlertView[];
  const listed = listOf(data.alerts, routed);
  const level = (await client.get('/api/v1/alerts/level')) as AlertLevelView;
  if (values.json === true) {
    io.out.write(`${JSON.stringify({ level: level.level, alerts: listed }, undefined, 2)}\n`);
    return 0;
  }
  io.out.write(`${levelText(io, level.level)}  ${printable(level.reasons[0]?.text ?? '')}\n\n`);
  if (listed.length === 0) {
    io.out.write('nothing fires and nothing is pending\n');
    return 0;
  }
  const nowMs = Number(await new Moments(client).of('now')) * 1_000;
  const rows = listed.map(({ labels, state, since, value = '' }) => [
    nameOf(labels),
    state,
    labels['severity'] ?? '',
    ageText(nowMs - Date.parse(since)),
    value,
    labels['incident'] ?? '',
  ]);
  const header = ['ALERT', 'STATE', 'SEVERITY', 'FOR', 'VALUE', 'INCIDENT'];
  io.out.write(
    table(
      header,
      rows.map((row) => row.map(printable)),
      { width: widthOf(io.out) },
    ),
  );
  return 0;
}

/** Each alert once: as its rule tells, with what the routes added; the worst and oldest first. */
function listOf(
  ofRules: readonly RuleAlert[],
  routed: readonly GettableAlertView[],
): readonly Listed[] {
  const routedAlerts = routed.map(({ labels, status, startsAt }) => ({
    labels,
    state: status.state === 'suppressed' ? 'suppressed' : 'firing',
    since: startsAt,
  }));
  const unmatched = new Set(routedAlerts);
  const known = ofRules.map(({ labels, state, activeAt, value }): Listed => {
    const same = [...unmatched].find((found) => covers(found.labels, labels));
    if (same === undefined) return { labels, state, since: activeAt, value };
    unmatched.delete(same);
    return { labels: same.labels, state: same.state, since: activeAt, value };
  });
  return [...known, ...unmatched].sort(
    (a, b) =>
      severityRank(a.labels) - severityRank(b.labels) || Date.parse(a.since) - Date.parse(b.since),
  );
}

/** On its way out an alert gets labels, and loses none. */
function covers(
  all: Readonly<Record<string, string>>,
  part: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(part).every(([name, value]) => all[name] === value);
}

function severityRank({ severity = '' }: Readonly<Record<string, string>>): number {
  const rank = SEVERITIES.indexOf(severity);
  return rank === -1 ? SEVERITIES.length : rank;
}

function nameOf(labels: Readonly<Record<string, string>>): string {
  const { alertname = '', severity: _, incident: __, ...rest } = labels;
  return Labels.from({ ...rest, [METRIC_NAME]: alertname }).toString();
}

function ageText(ms: number): string {
  return formatDuration(Math.max(0, Math.round(ms / 1_000)) * 1_000);
}
