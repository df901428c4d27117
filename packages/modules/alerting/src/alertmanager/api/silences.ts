import { type LabelMatcher } from '@dwcp/core';

import { momentText } from '../alerts.ts';
import {
  type Silence,
  SilenceNotFoundError,
  type SilenceState,
  silenceState,
} from '../silences.ts';
import { type PipelineView } from './alerts.ts';
import { readFilters } from './filters.ts';

/** Query parameters of `/api/v2/silences`; what is absent is true. */
export interface SilencesQuery {
  /** Matchers that a silence must have itself. */
  readonly filter?: readonly string[];
  readonly active?: boolean;
  readonly pending?: boolean;
  readonly expired?: boolean;
}

/** `matcher` of Alertmanager's API. */
export interface ApiMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  /** True when absent. */
  readonly isEqual?: boolean;
}

/** `gettableSilence` of Alertmanager's API. Moments are RFC 3339. */
export interface GettableSilence {
  readonly id: string;
  readonly status: { readonly state: SilenceState };
  readonly updatedAt: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly comment: string;
  readonly createdBy: string;
  readonly endsAt: string;
  readonly matchers: readonly ApiMatcher[];
  readonly startsAt: string;
}

const ORDER: readonly SilenceState[] = ['active', 'pending', 'expired'];

/**
 * Active ones first, the next to end leading; then pending ones, the next to begin leading; then
 * expired ones, the last to end leading. @throws InvalidInputError for a bad filter
 */
export function apiSilences(
  view: PipelineView,
  query: SilencesQuery = {},
): readonly GettableSilence[] {
  const unixMs = view.nowUnixMs();
  const wanted = readFilters(query.filter ?? []);
  const { active = true, pending = true, expired = true } = query;
  const shows = { active, pending, expired };
  return view.state.silences
    .all()
    .map((silence) => ({ silence, state: silenceState(silence, unixMs) }))
    .filter(({ state }) => shows[state])
    .filter(({ silence }) => wanted.every((matcher) => hasMatcher(silence, matcher)))
    .sort((a, b) => {
      if (a.state !== b.state) return ORDER.indexOf(a.state) - ORDER.indexOf(b.state);
      if (a.state === 'pending') return a.silence.startsAtUnixMs - b.silence.startsAtUnixMs;
      const ends = a.silence.endsAtUnixMs - b.silence.endsAtUnixMs;
      return a.state === 'active' ? ends : -ends;
    })
    .map(({ silence }) => gettableSilence(silence, unixMs));
}

/** @throws SilenceNotFoundError */
export function apiSilence(view: PipelineView, id: string): GettableSilence {
  const silence = view.state.silences.get(id);
  if (silence === undefined) throw new SilenceNotFoundError(id);
  return gettableSilence(silence, view.nowUnixMs());
}

function gettableSilence(silence: Silence, unixMs: number): GettableSilence {
  return {
    id: silence.id,
    status: { state: silenceState(silence, unixMs) },
    updatedAt: momentText(silence.updatedAtUnixMs),
    annotations: silence.annotations,
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: momentText(silence.endsAtUnixMs),
    matchers: silence.matchers.map(({ name, operator, value }) => ({
      isEqual: operator === '=' || operator === '=~',
      isRegex: operator === '=~' || operator === '!~',
      name,
      value,
    })),
    startsAt: momentText(silence.startsAtUnixMs),
  };
}

function hasMatcher({ matchers }: Silence, wanted: LabelMatcher): boolean {
  return matchers.some(
    ({ name, operator, value }) =>
      name === wanted.name && operator === wanted.operator && value === wanted.value,
  );
}
