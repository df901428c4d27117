import { InvalidInputError, Labels } from '@dwcp/core';

import {
  alertProblem,
  isResolved,
  type PostableAlert,
  type StoredAlert,
} from '../alertmanager/alerts.ts';
import { fingerprintOf } from '../fnv.ts';
import { AlertNotFoundError } from './errors.ts';
import { type Episode, type IntakeState } from './intake-state.ts';

/** An alert triggered by hand, without an end, fires until somebody resolves it, and at most so long. */
const MANUAL_LIMIT_MS = 30 * 24 * 3_600_000;

/** Somebody resolves an alert. */
export type ManualResolve = (
  | { readonly fingerprint: string }
  | { readonly labels: Readonly<Record<string, string>> }
) & { readonly by: string; readonly comment: string };

/** Somebody raises an alert. */
export interface ManualTrigger {
  /** With `alertname`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly by: string;
  /** Default: until it is resolved by hand, at most 30 days. */
  readonly endsAtUnixMs?: number;
}

/**
 * The alert that somebody raises; one that fires already keeps its start.
 * @throws InvalidInputError for what is no alert
 */
export function triggeredAlert(
  state: IntakeState,
  input: ManualTrigger,
  unixMs: number,
): PostableAlert & { readonly startsAtUnixMs: number; readonly endsAtUnixMs: number } {
  const { by, endsAtUnixMs = unixMs + MANUAL_LIMIT_MS } = input;
  checkName('by', by);
  checkName('labels.alertname', input.labels['alertname'] ?? '');
  if (!(endsAtUnixMs > unixMs)) {
    throw new InvalidInputError('endsAt', 'is not in the future; leave it out for no end');
  }
  const labels = Labels.from(input.labels);
  const before = state.episodes.get(fingerprintOf(labels));
  const alert = {
    labels: labels.toObject(),
    annotations: { ...input.annotations, origin: 'manual', triggered_by: by },
    startsAtUnixMs: before?.kind === 'manual' ? before.startsAtUnixMs : unixMs,
    endsAtUnixMs,
  };
  const problem = alertProblem(alert);
  if (problem !== undefined) throw new InvalidInputError('alert', problem);
  return alert;
}

/**
 * What is remembered of an alert that somebody ends, and what receivers hear.
 * @returns `mark` undefined for one that was triggered by hand: nobody posts it again; `alert`
 *   undefined for one that was held: nobody was told of it
 * @throws AlertNotFoundError for one that does not fire, InvalidInputError where nobody is named
 */
export function resolvedByHand(given: {
  readonly input: ManualResolve;
  readonly fingerprint: string;
  readonly episode: Episode | undefined;
  /** As the pipeline has it. */
  readonly stored: StoredAlert | undefined;
  /** Without the label of its incident. */
  readonly sourceLabels: Labels | undefined;
  readonly unixMs: number;
}): { readonly mark?: Episode; readonly alert?: PostableAlert } {
  const { input, fingerprint, episode, stored, unixMs } = given;
  const { by, comment } = input;
  checkName('by', by);
  const here = episode?.kind === 'held' || episode?.kind === 'manual' ? episode : undefined;
  const isHere = here !== undefined && here.endsAtUnixMs > unixMs;
  const fires = stored !== undefined && !isResolved(stored, unixMs);
  const known = isHere ? here : stored;
  if (known === undefined || (!isHere && !fires) || episode?.kind === 'resolved') {
    throw new AlertNotFoundError(
      'fingerprint' in input
        ? `the fingerprint ${JSON.stringify(input.fingerprint)}`
        : `the labels ${Labels.from(input.labels).toString()}`,
    );
  }
  const { startsAtUnixMs, endsAtUnixMs } = known;
  const isManual = episode?.kind === 'manual';
  const times = { startsAtUnixMs, endsAtUnixMs, atUnixMs: unixMs };
  const mark: Episode = { kind: 'resolved', fingerprint, ...times, by, comment };
  const before = here?.alert ?? {
    labels: given.sourceLabels?.toObject() ?? {},
    annotations: stored?.annotations ?? {},
    generatorUrl: stored?.generatorUrl ?? '',
  };
  const alert: PostableAlert = {
    ...before,
    annotations: { ...before.annotations, resolved_by: by, resolved_comment: comment },
    startsAtUnixMs: Math.min(stored?.startsAtUnixMs ?? startsAtUnixMs, unixMs),
    endsAtUnixMs: unixMs,
  };
  return { ...(isManual ? {} : { mark }), ...(fires || isManual ? { alert } : {}) };
}

function checkName(field: string, text: string): void {
  if (text.trim() === '') throw new InvalidInputError(field, 'is required');
}
