import { type DecisionRecord, type Labels } from '@dwcp/core';

import { type PipelineState } from '../alertmanager/pipeline-state.ts';
import { type IncidentState } from '../incidents/incident-state.ts';
import { alertText, timeText } from './explain-texts.ts';
import { type ExplainedAlert, type Finding } from './explanation.ts';

/** Why an alert did not come to the routes, if it did not. */
export function intakeFindings(standing: readonly DecisionRecord[]): readonly Finding[] {
  const decision = standing.find(({ topic }) => topic === 'intake')?.decision;
  if (decision?.kind !== 'intake') return [];
  switch (decision.outcome) {
    case 'held': {
      const text = `it is held back: another alert of the same identity (${decision.identity ?? ''}) passed shortly before; it is sent when the window ends if it still fires`;
      return [{ code: 'held', text }];
    }
    case 'resolved-by-hand': {
      const text = 'it was resolved by hand and stays so until its condition ended and came again';
      return [{ code: 'resolved-by-hand', text }];
    }
    case 'ended-while-held':
      return [
        { code: 'ended-while-held', text: 'it ended while it was held back: nobody was told' },
      ];
    case 'passed':
    case 'released':
      return [];
  }
}

/** The silences and alerts that hold an alert back: those that held it then, and those of now. */
export function blocksOf(
  labels: Labels,
  about: {
    readonly standing: readonly DecisionRecord[];
    readonly pipeline: PipelineState | undefined;
    readonly isNow: boolean;
    readonly atUnixMs: number;
  },
): Pick<ExplainedAlert, 'silencedBy' | 'inhibitedBy'> & { readonly findings: readonly Finding[] } {
  const { pipeline, isNow, atUnixMs } = about;
  const weighed = isNow
    ? []
    : about.standing.flatMap(({ decision }) => (decision.kind === 'weighed' ? [decision] : []));
  const ids = new Set([
    ...(pipeline?.silences.silencing(labels, atUnixMs) ?? []),
    ...weighed.flatMap(({ silencedBy }) => silencedBy),
  ]);
  const sources = new Set([
    ...(isNow ? (pipeline?.inhibitor.inhibiting(labels, atUnixMs) ?? []) : []),
    ...weighed.flatMap(({ inhibitedBy }) => inhibitedBy),
  ]);
  const silencedBy = Array.from(ids, (id) => {
    const silence = pipeline?.silences.get(id);
    const { createdBy: by = '', comment = '', endsAtUnixMs } = silence ?? {};
    return { id, by, comment, endsAtUnixMs };
  });
  const inhibitedBy = Array.from(sources, (fingerprint) => ({
    fingerprint,
    labels: pipeline?.alerts.get(fingerprint)?.alert.labels.toObject() ?? {},
  }));
  const silenced = silencedBy.map(({ id, by, comment, endsAtUnixMs }): Finding => {
    const until = endsAtUnixMs === undefined ? '' : ` until ${timeText(endsAtUnixMs)}`;
    return {
      code: 'silenced',
      text: `the silence ${id} of ${by} (${comment}) holds it back${until}`,
    };
  });
  const inhibited = inhibitedBy.map(({ fingerprint, labels: source }): Finding => {
    const name = Object.keys(source).length === 0 ? fingerprint : alertText(source);
    return { code: 'inhibited', text: `${name} fires and inhibits it` };
  });
  return { silencedBy, inhibitedBy, findings: [...silenced, ...inhibited] };
}

/** The incident that an alert is in, as it was by a moment. */
export function incidentAt(
  fingerprints: readonly string[],
  { incidents }: { readonly incidents?: Pick<IncidentState, 'placeOf'> | undefined },
  atUnixMs: number,
): ExplainedAlert['incident'] {
  const [incident] = fingerprints.flatMap((found) => incidents?.placeOf(found)?.incident ?? []);
  if (incident === undefined || incident.openedAtUnixMs > atUnixMs) return undefined;
  const { id, openedAtUnixMs, events } = incident;
  return { id, openedAtUnixMs, events: events.filter(({ unixMs }) => unixMs <= atUnixMs) };
}

/** That somebody sees to an alert, or to its incident, from the incident's events. */
export function acknowledgedFindings(
  { events }: NonNullable<ExplainedAlert['incident']>,
  fingerprints: readonly string[],
): readonly Finding[] {
  const own = events.filter(({ kind }) => kind.startsWith('acknowledge'));
  const isOfAlert = ({ fingerprint }: { readonly fingerprint?: string }): boolean =>
    fingerprint !== undefined && fingerprints.includes(fingerprint);
  return [
    own.findLast(({ fingerprint }) => fingerprint === undefined),
    own.findLast(isOfAlert),
  ].flatMap((last): readonly Finding[] => {
    if (last?.kind !== 'acknowledged') return [];
    const by = last.by === undefined ? '' : ` by ${last.by}`;
    const comment = last.text === '' ? '' : `: ${last.text}`;
    const what = last.fingerprint === undefined ? 'its incident was' : 'it was';
    const text = `${what} acknowledged${by} at ${timeText(last.unixMs)}${comment}`;
    return [{ code: 'acknowledged', text }];
  });
}
