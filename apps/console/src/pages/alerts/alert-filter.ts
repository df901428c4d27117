import { type AlertRow } from './alert-rows.ts';

export const ALERT_STATES = ['firing', 'suppressed', 'pending'] as const;
export const SEVERITIES = ['critical', 'warning', 'info'] as const;

export interface AlertFilter {
  readonly state?: AlertRow['state'] | undefined;
  readonly severity?: (typeof SEVERITIES)[number] | undefined;
  readonly region?: string | undefined;
  /** Words, and labels as `instance=a` or `instance!=a`; all must hold. */
  readonly text?: string | undefined;
}

const ranks: Readonly<Record<string, number>> = {
  critical: 0,
  page: 0,
  emergency: 0,
  high: 0,
  info: 2,
  none: 2,
  low: 2,
};

/** Critical 0, warning 1, info 2, as the server counts; what is unknown counts as a warning. */
export function severityRank(severity: string | undefined): number {
  return ranks[severity?.toLowerCase() ?? ''] ?? 1;
}

/** Tells which rows a filter leaves. */
export function alertTest(filter: AlertFilter): (row: AlertRow) => boolean {
  const terms = readTerms(filter.text ?? '');
  const rank = filter.severity === undefined ? undefined : SEVERITIES.indexOf(filter.severity);
  return (row) =>
    (filter.state === undefined || row.state === filter.state) &&
    (rank === undefined || severityRank(row.labels['severity']) === rank) &&
    (filter.region === undefined || row.region === filter.region) &&
    terms.every((term) => term(row));
}

function readTerms(text: string): readonly ((row: AlertRow) => boolean)[] {
  // A value in quotes may hold spaces.
  const words = text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  return words.map((word) => {
    const label = /^([^=!"]+)(!?=)(.*)$/.exec(word);
    if (label === null) {
      const wanted = word.replaceAll('"', '').toLowerCase();
      return (row) => textOf(row).includes(wanted);
    }
    const [, name = '', operator, quoted = ''] = label;
    const value = quoted.replaceAll('"', '');
    return ({ labels }) => ((labels[name] ?? '') === value) === (operator === '=');
  });
}

function textOf({ labels, annotations, receivers, suppressions }: AlertRow): string {
  const people = suppressions.flatMap((one) => ('by' in one ? [one.by, one.comment] : []));
  return [...Object.values(labels), ...Object.values(annotations), ...receivers, ...people]
    .join('\n')
    .toLowerCase();
}
