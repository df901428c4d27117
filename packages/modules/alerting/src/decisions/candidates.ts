import { Labels } from '@dwcp/core';

import { fingerprintOf } from '../fnv.ts';
import { type ExplainPorts } from './explain-alert.ts';
import { type StoredAlertState } from './explained-state.ts';
import { type ExplainQuestion } from './explanation.ts';

/** An alert that the question may mean. */
export interface Candidate {
  readonly labels: Readonly<Record<string, string>>;
  /** Under these its decisions are found: it has another fingerprint before it is in an incident. */
  readonly subjects: readonly string[];
  readonly isHypothetical: boolean;
}

const INCIDENT = 'incident';
/** How long an alert that is over is still meant by its name. */
const LOOK_BACK_MS = 3_600_000;

/** The alerts that a question means, those that stand last first; one made up where there is none. */
export async function candidatesOf(
  about: {
    readonly labels: Readonly<Record<string, string>>;
    readonly question: ExplainQuestion;
    readonly stored: readonly StoredAlertState[];
    readonly isNow: boolean;
  },
  ports: ExplainPorts,
): Promise<readonly Candidate[]> {
  const { labels, question, stored, isNow } = about;
  const wanted = Labels.from(labels).without([INCIDENT]);
  const found = new Map<string, { labels: Record<string, string>; subjects: Set<string> }>();
  const add = (all: Labels, subject: string): void => {
    if (![...wanted].every(([name, value]) => all.get(name) === value)) return;
    const { key } = all.without([INCIDENT]);
    const known = found.get(key) ?? { labels: all.toObject(), subjects: new Set() };
    if (all.has(INCIDENT)) known.labels = all.toObject();
    known.subjects.add(subject);
    // Decisions before the routes are found under the alert's own labels.
    known.subjects.add(fingerprintOf(all.without([INCIDENT])));
    found.set(key, known);
  };
  if (isNow && wanted.size > 0) {
    for (const { alert } of ports.pipeline?.alerts.values() ?? [])
      add(alert.labels, alert.fingerprint);
  }
  const alertName = labels['alertname'];
  if (alertName !== undefined || question.fingerprint !== undefined) {
    const { records } = await ports.decisions.search({
      ...(alertName === undefined ? { subjects: [question.fingerprint ?? ''] } : { alertName }),
      labels: wanted.toObject(),
      kinds: ['evaluated', 'intake', 'routed', 'weighed'],
      startUnixMs: question.atUnixMs - LOOK_BACK_MS,
      endUnixMs: question.atUnixMs + 1,
      limit: 500,
    });
    for (const record of records) add(Labels.from(record.labels), record.subject);
  }
  if (found.size === 0) {
    const external = ports.externalLabels ?? {};
    for (const { labels: own } of stored) {
      const all = own.with({ ...external, ...own.toObject() });
      add(all, fingerprintOf(all));
    }
  }
  if (found.size > 0) {
    return Array.from(found.values(), (one) => ({
      labels: one.labels,
      subjects: [...one.subjects],
      isHypothetical: false,
    }));
  }
  return wanted.size === 0 ? [] : [madeUp(wanted, ports)];
}

/** The alert as its rule would make it. */
function madeUp(wanted: Labels, { rules, externalLabels = {} }: ExplainPorts): Candidate {
  const rule = rules.find(({ rule: { name } }) => name === wanted.get('alertname'))?.rule;
  const fixed = Object.entries(rule?.labels ?? {}).filter(([, value]) => !value.includes('{{'));
  const external = rule === undefined ? {} : externalLabels;
  const labels = Labels.from({ ...external, ...wanted.toObject(), ...Object.fromEntries(fixed) });
  return { labels: labels.toObject(), subjects: [fingerprintOf(labels)], isHypothetical: true };
}
