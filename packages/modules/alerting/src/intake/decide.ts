import { type Labels } from '@dwcp/core';

import { type IntakeAlert, type IntakeDedup, postable } from './intake-alert.ts';
import {
  type DedupWindow,
  type Episode,
  type IntakeDraft,
  type IntakeState,
} from './intake-state.ts';

/** What the intake decided about a posted alert, for whoever asks why. */
export interface IntakeDecision {
  readonly fingerprint: string;
  /** The alert's own. */
  readonly labels: Readonly<Record<string, string>>;
  readonly unixMs: number;
  readonly outcome:
    | 'passed'
    /** Another of its identity passed shortly before. */
    | 'held'
    /** Was held; its window ended while it fired. */
    | 'released'
    /** Ended while it was held: nobody was told of it. */
    | 'ended-while-held'
    /** Was resolved by hand and did not end since. */
    | 'resolved-by-hand';
  /** The identity, where a dedup rule decided. */
  readonly identity?: string;
  /** Where somebody decided. */
  readonly manual?: {
    readonly action: 'triggered' | 'resolved';
    readonly by: string;
    readonly comment?: string;
  };
}

/** A posted alert and when it is looked at. */
export interface Posted {
  readonly alert: IntakeAlert;
  readonly labels: Labels;
  readonly fingerprint: string;
  readonly wallUnixMs: number;
  readonly steadyUnixMs: number;
  readonly resolveTimeoutMs: number;
  /** The dedup rule that holds for it. */
  readonly dedup: (IntakeDedup & { readonly acrossNames?: boolean }) | undefined;
  /** Nothing new can be remembered: what would be held passes. */
  readonly full: boolean;
  /** Whether it fires as far as those behind the intake know. */
  readonly firesBehind: () => boolean;
}

export type Verdict = IntakeDecision & {
  /** Whether it goes on, and if so by the draft's hand-on or just so. */
  readonly goesOn: 'no' | 'directly' | 'durably';
  /** A dedup rule could not be followed because too much is remembered. */
  readonly untracked?: boolean;
  /** The end of an alert is told again: that decides nothing. */
  readonly isRepeat?: boolean;
};

/** Decides about one alert and notes in the draft what has to be remembered. */
export function decide(draft: IntakeDraft, posted: Posted): Verdict {
  const { alert, fingerprint, wallUnixMs: unixMs } = posted;
  const endsAtUnixMs = alert.endsAtUnixMs ?? unixMs + posted.resolveTimeoutMs;
  const isOver = endsAtUnixMs <= unixMs;
  const about = { fingerprint, labels: alert.labels, unixMs };
  const episode = draft.episode(fingerprint);
  if (episode?.kind === 'resolved') {
    if (isOver) draft.end(fingerprint);
    if (isOver || continues(episode, posted)) {
      if (!isOver) draft.extend(episode, endsAtUnixMs);
      return { ...about, outcome: 'resolved-by-hand', goesOn: 'no' };
    }
    draft.end(fingerprint);
  } else if (isOver) {
    if (episode === undefined) {
      return { ...about, outcome: 'passed', goesOn: 'directly', isRepeat: !posted.firesBehind() };
    }
    draft.end(fingerprint);
    if (episode.kind === 'held') return { ...about, outcome: 'ended-while-held', goesOn: 'no' };
    draft.handOn(fingerprint, postable(alert));
    return { ...about, outcome: 'passed', goesOn: 'durably' };
  } else if (
    episode?.kind === 'manual' ||
    (episode?.kind === 'passed' && continues(episode, posted))
  ) {
    draft.extend(episode, endsAtUnixMs);
    return { ...about, outcome: 'passed', goesOn: 'directly' };
  }
  return decideNew(draft, posted, endsAtUnixMs);
}

function decideNew(draft: IntakeDraft, posted: Posted, endsAtUnixMs: number): Verdict {
  const { alert, fingerprint, wallUnixMs: unixMs, dedup } = posted;
  const about = { fingerprint, labels: alert.labels, unixMs };
  if (dedup === undefined) {
    // Its rule may have stopped to ask for it while the alert was held.
    if (draft.episode(fingerprint)?.kind === 'held') draft.end(fingerprint);
    return { ...about, outcome: 'passed', goesOn: 'directly' };
  }
  const identity = identityOf(posted.labels, dedup);
  const startsAtUnixMs = alert.startsAtUnixMs ?? unixMs;
  const times = { fingerprint, startsAtUnixMs, endsAtUnixMs };
  const window = draft.window(identity);
  const isHeld = window !== undefined && window.endsUnixMs > posted.steadyUnixMs;
  if (posted.full && draft.episode(fingerprint) === undefined) {
    return { ...about, identity, outcome: 'passed', goesOn: 'directly', untracked: true };
  }
  if (isHeld) {
    const held = draft.episode(fingerprint);
    const since =
      held?.kind === 'held' && continues(held, posted) ? held.startsAtUnixMs : startsAtUnixMs;
    const kept = { ...postable(alert), startsAtUnixMs: since, endsAtUnixMs };
    draft.put({ ...times, startsAtUnixMs: since, kind: 'held', identity, alert: kept });
    return { ...about, identity, outcome: 'held', goesOn: 'no' };
  }
  draft.openWindow({
    identity,
    windowMs: dedup.windowMs,
    endsUnixMs: posted.steadyUnixMs + dedup.windowMs,
  });
  draft.put({ ...times, kind: 'passed' });
  draft.handOn(fingerprint, postable(alert));
  return { ...about, identity, outcome: 'passed', goesOn: 'durably' };
}

/** Held alerts that fire when their window ends pass, and the next window begins. */
export function endWindow(
  state: IntakeState,
  draft: IntakeDraft,
  { identity, windowMs }: DedupWindow,
  { unixMs, steadyUnixMs }: { readonly unixMs: number; readonly steadyUnixMs: number },
): readonly IntakeDecision[] {
  const decisions: IntakeDecision[] = [];
  let isReleased = false;
  for (const fingerprint of state.held.get(identity) ?? []) {
    const episode = state.episodes.get(fingerprint);
    if (episode?.kind !== 'held') continue;
    const { startsAtUnixMs, endsAtUnixMs } = episode;
    const fires = endsAtUnixMs > unixMs;
    if (fires) {
      draft.put({ kind: 'passed', fingerprint, startsAtUnixMs, endsAtUnixMs });
      draft.handOn(fingerprint, episode.alert);
    } else draft.end(fingerprint);
    isReleased ||= fires;
    const outcome = fires ? 'released' : 'ended-while-held';
    const { labels } = episode.alert;
    decisions.push({ fingerprint, labels, unixMs, identity, outcome });
  }
  if (isReleased) draft.openWindow({ identity, windowMs, endsUnixMs: steadyUnixMs + windowMs });
  else draft.closeWindow(identity);
  return decisions;
}

/**
 * Whether a firing alert is the one that is remembered, and not one that came again: that one was
 * not over, or this one began no later.
 */
function continues(episode: Episode, { alert, wallUnixMs }: Posted): boolean {
  if (episode.endsAtUnixMs > wallUnixMs) return true;
  const { startsAtUnixMs } = alert;
  if (startsAtUnixMs === undefined) return false;
  return (
    startsAtUnixMs <= (episode.kind === 'resolved' ? episode.atUnixMs : episode.startsAtUnixMs)
  );
}

/** The same for alerts that are one. */
function identityOf(
  labels: Labels,
  { by, acrossNames = false, scope = '' }: NonNullable<Posted['dedup']>,
): string {
  const names = [...new Set(acrossNames ? by : ['alertname', ...by])].sort();
  return JSON.stringify([acrossNames, scope, ...names.flatMap((name) => [name, labels.get(name)])]);
}
