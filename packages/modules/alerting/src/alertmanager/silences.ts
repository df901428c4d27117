import { InvalidInputError, type LabelMatcher, type Labels, MonitoringError } from '@dwcp/core';

import { momentText } from './alerts.ts';
import { compileMatcher, compileMatchers, type LabelsTest, matcherText } from './matcher.ts';

/** Alerts that all its matchers match are not told of between its start and its end. */
export interface Silence {
  readonly id: string;
  readonly matchers: readonly LabelMatcher[];
  readonly startsAtUnixMs: number;
  readonly endsAtUnixMs: number;
  readonly updatedAtUnixMs: number;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export type SilenceState = 'pending' | 'active' | 'expired';

/** A silence as a client posts it; with an id it changes that one. */
export interface PostableSilence {
  readonly id?: string;
  readonly matchers: readonly LabelMatcher[];
  readonly startsAtUnixMs: number;
  readonly endsAtUnixMs: number;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** How long an expired silence is still listed, as in Alertmanager. */
export const SILENCE_RETENTION_MS = 120 * 3_600_000;

/** No silence has the id. */
export class SilenceNotFoundError extends MonitoringError {
  readonly code = 'DWCP_SILENCE_NOT_FOUND' as const;

  constructor(id: string) {
    super(`no silence has the id ${JSON.stringify(id)}`);
  }
}

export function silenceState(silence: Silence, unixMs: number): SilenceState {
  if (unixMs < silence.startsAtUnixMs) return 'pending';
  return unixMs > silence.endsAtUnixMs ? 'expired' : 'active';
}

interface HeldSilence {
  readonly silence: Silence;
  readonly matches: LabelsTest;
}

/** The silences that are kept, with their matchers compiled. */
export class Silences {
  readonly #byId = new Map<string, HeldSilence>();
  /** By a label that it wants to have one value; most want that, so few are looked at for an alert. */
  readonly #byLabel = new Map<string, Map<string, HeldSilence>>();
  readonly #others = new Map<string, HeldSilence>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Silence | undefined {
    return this.#byId.get(id)?.silence;
  }

  all(): readonly Silence[] {
    return Array.from(this.#byId.values(), ({ silence }) => silence);
  }

  put(silence: Silence): void {
    this.remove(silence.id);
    const held = { silence, matches: compileMatchers(silence.matchers) };
    this.#byId.set(silence.id, held);
    const key = labelKeyOf(silence);
    if (key === undefined) this.#others.set(silence.id, held);
    else {
      const alike = this.#byLabel.get(key) ?? new Map<string, HeldSilence>();
      this.#byLabel.set(key, alike.set(silence.id, held));
    }
  }

  remove(id: string): void {
    const silence = this.get(id);
    if (silence === undefined) return;
    this.#byId.delete(id);
    this.#others.delete(id);
    const key = labelKeyOf(silence) ?? '';
    const alike = this.#byLabel.get(key);
    alike?.delete(id);
    if (alike?.size === 0) this.#byLabel.delete(key);
  }

  /** Ids of the active silences that hold an alert back, sorted. */
  silencing(labels: Labels, unixMs: number): readonly string[] {
    const ids: string[] = [];
    const look = (among: ReadonlyMap<string, HeldSilence>): void => {
      for (const [id, { silence, matches }] of among) {
        if (silenceState(silence, unixMs) === 'active' && matches(labels)) ids.push(id);
      }
    };
    look(this.#others);
    if (this.#byLabel.size > 0) {
      for (const [name, value] of labels) {
        const alike = this.#byLabel.get(keyOf(name, value));
        if (alike !== undefined) look(alike);
      }
    }
    return ids.sort();
  }

  /** Ids of what expired so long ago that it is no longer listed. */
  outdated(unixMs: number): readonly string[] {
    return this.all()
      .filter(({ endsAtUnixMs }) => endsAtUnixMs + SILENCE_RETENTION_MS < unixMs)
      .map(({ id }) => id);
  }
}

/** The length tells where the value begins. */
function keyOf(name: string, value: string): string {
  return `${name.length}:${name}${value}`;
}

/** The label of its first matcher that wants a value to be there. */
function labelKeyOf({ matchers }: Silence): string | undefined {
  const exact = matchers.find(({ operator, value }) => operator === '=' && value !== '');
  return exact && keyOf(exact.name, exact.value);
}

/**
 * What posting a silence makes of those there are: one that is changed where the change lets it be
 * the same, or one that ends and another that begins.
 * @throws InvalidInputError, SilenceNotFoundError
 */
export function changedSilences(
  posted: PostableSilence,
  silences: Pick<Silences, 'get'>,
  options: { readonly unixMs: number; readonly newId: () => string },
): { readonly id: string; readonly changes: readonly Silence[] } {
  const { unixMs, newId } = options;
  checkSilence(posted, unixMs);
  const old = posted.id === undefined || posted.id === '' ? undefined : silences.get(posted.id);
  if (old === undefined && posted.id !== undefined && posted.id !== '') {
    throw new SilenceNotFoundError(posted.id);
  }
  const next: Silence = {
    id: old?.id ?? '',
    matchers: posted.matchers,
    startsAtUnixMs: posted.startsAtUnixMs,
    endsAtUnixMs: posted.endsAtUnixMs,
    updatedAtUnixMs: unixMs,
    createdBy: posted.createdBy,
    comment: posted.comment,
    annotations: posted.annotations ?? {},
  };
  if (old !== undefined && canChange(old, next, unixMs)) return { id: old.id, changes: [next] };
  const begun: Silence = {
    ...next,
    id: newId(),
    startsAtUnixMs: Math.max(posted.startsAtUnixMs, unixMs),
  };
  const ended =
    old === undefined || silenceState(old, unixMs) === 'expired' ? [] : [expired(old, unixMs)];
  return { id: begun.id, changes: [...ended, begun] };
}

/** A silence that ends now; one that had not begun never does. */
export function expired(silence: Silence, unixMs: number): Silence {
  return {
    ...silence,
    startsAtUnixMs: Math.min(silence.startsAtUnixMs, unixMs - 1),
    // A silence still holds at its end; it must not hold now.
    endsAtUnixMs: unixMs - 1,
    updatedAtUnixMs: unixMs,
  };
}

function canChange(old: Silence, next: Silence, unixMs: number): boolean {
  const same = old.matchers.map(matcherText).join() === next.matchers.map(matcherText).join();
  if (!same) return false;
  switch (silenceState(old, unixMs)) {
    case 'active':
      // Clients that know no parts of a second change it too, as in Alertmanager.
      return (
        secondOf(next.startsAtUnixMs) === secondOf(old.startsAtUnixMs) &&
        next.endsAtUnixMs >= unixMs
      );
    case 'pending':
      return next.startsAtUnixMs >= unixMs;
    case 'expired':
      return false;
  }
}

function secondOf(unixMs: number): number {
  return Math.floor(unixMs / 1_000);
}

function checkSilence(posted: PostableSilence, unixMs: number): void {
  const { matchers, startsAtUnixMs, endsAtUnixMs } = posted;
  if (matchers.length === 0) throw new InvalidInputError('matchers', 'at least one is required');
  for (const matcher of matchers) {
    if (matcher.name === '') throw new InvalidInputError('matchers', 'one has no label name');
  }
  if (matchers.every((matcher) => compileMatcher(matcher)(''))) {
    const all = matchers.map(matcherText).join(', ');
    throw new InvalidInputError(
      'matchers',
      `${all} match alerts without the labels too; one must not match an empty value`,
    );
  }
  if (!Number.isFinite(startsAtUnixMs)) throw new InvalidInputError('startsAt', 'is no time');
  if (!Number.isFinite(endsAtUnixMs)) throw new InvalidInputError('endsAt', 'is no time');
  if (startsAtUnixMs >= endsAtUnixMs) {
    const problem = `${momentText(endsAtUnixMs)} is not after startsAt`;
    throw new InvalidInputError('endsAt', `${problem}, ${momentText(startsAtUnixMs)}`);
  }
  if (endsAtUnixMs < unixMs) {
    throw new InvalidInputError('endsAt', `${momentText(endsAtUnixMs)} is in the past`);
  }
}
