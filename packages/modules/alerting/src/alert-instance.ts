import { type AlertState, type Labels } from '@dwcp/core';

import { type AlertingRule } from './rule.ts';

/** One alert of a rule, as the rule remembers it between evaluations. */
export interface AlertInstance {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: Exclude<AlertState, { readonly kind: 'inactive' }>;
  /** Since when it fires only because of `keep_firing_for`. */
  readonly keepFiringSinceUnixMs: number | undefined;
  /** What its receivers were last told, and when; undefined while they know nothing of it. */
  readonly sent: { readonly kind: 'firing' | 'resolved'; readonly unixMs: number } | undefined;
}

/** An element of the expression's result, with the alert's labels and annotations. */
export interface Hit {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number;
}

/** How long a resolved alert is remembered, as in Prometheus. */
export const RESOLVED_RETENTION_MS = 15 * 60_000;

/**
 * The next state of one alert, as Prometheus' `AlertingRule.Eval` decides it. Pure.
 *
 * @param before what the rule remembers of it
 * @param hit what the expression gave for its labels now
 * @returns undefined when there is nothing to remember any more
 */
export function advance(
  before: AlertInstance | undefined,
  hit: Hit | undefined,
  rule: Pick<AlertingRule, 'forMs' | 'keepFiringForMs'>,
  unixMs: number,
): AlertInstance | undefined {
  if (hit !== undefined) return advanceWithHit(before, hit, rule, unixMs);
  return before === undefined ? undefined : advanceWithoutHit(before, rule, unixMs);
}

function advanceWithHit(
  before: AlertInstance | undefined,
  hit: Hit,
  { forMs }: Pick<AlertingRule, 'forMs'>,
  unixMs: number,
): AlertInstance {
  const { value, labels, annotations } = hit;
  const previous = before?.state;
  const isActive = previous?.kind === 'pending' || previous?.kind === 'firing';
  const activeAtUnixMs = isActive ? previous.activeAtUnixMs : unixMs;
  // Firing goes on even where `for` grew with a reload.
  const held = previous?.kind === 'firing' || unixMs - activeAtUnixMs >= forMs;
  const common = { labels, annotations, keepFiringSinceUnixMs: undefined, sent: before?.sent };
  if (!held) return { ...common, state: { kind: 'pending', activeAtUnixMs, value } };
  const firedAtUnixMs = previous?.kind === 'firing' ? previous.firedAtUnixMs : unixMs;
  return { ...common, state: { kind: 'firing', activeAtUnixMs, firedAtUnixMs, value } };
}

function advanceWithoutHit(
  before: AlertInstance,
  { keepFiringForMs }: Pick<AlertingRule, 'keepFiringForMs'>,
  unixMs: number,
): AlertInstance | undefined {
  const { state } = before;
  switch (state.kind) {
    case 'pending':
      return undefined;
    case 'firing': {
      const since = before.keepFiringSinceUnixMs ?? unixMs;
      if (keepFiringForMs > 0 && unixMs - since < keepFiringForMs) {
        return { ...before, keepFiringSinceUnixMs: since };
      }
      return resolve(before, unixMs);
    }
    case 'resolved':
      return unixMs - state.resolvedAtUnixMs > RESOLVED_RETENTION_MS ? undefined : before;
  }
}

/** The alert, over now. */
export function resolve(instance: AlertInstance, unixMs: number): AlertInstance {
  const { state } = instance;
  if (state.kind === 'resolved') return instance;
  const { activeAtUnixMs, value } = state;
  const firedAtUnixMs = state.kind === 'firing' ? state.firedAtUnixMs : activeAtUnixMs;
  return {
    ...instance,
    keepFiringSinceUnixMs: undefined,
    state: { kind: 'resolved', activeAtUnixMs, firedAtUnixMs, resolvedAtUnixMs: unixMs, value },
  };
}

/**
 * Whether receivers have to hear of it now: it began to fire, it ended after they heard that it
 * fires, or the last word is `repeatIntervalMs` old and it fires or ended less than 15 minutes ago.
 */
export function needsSending(
  instance: AlertInstance,
  unixMs: number,
  repeatIntervalMs: number,
): boolean {
  const { state, sent } = instance;
  switch (state.kind) {
    case 'pending':
      return false;
    case 'firing':
      return sent?.kind !== 'firing' || unixMs - sent.unixMs >= repeatIntervalMs;
    case 'resolved':
      if (sent === undefined || sent.kind === 'firing') return sent !== undefined;
      // Again, for one who missed it, as in Prometheus.
      return (
        unixMs - sent.unixMs >= repeatIntervalMs &&
        unixMs - state.resolvedAtUnixMs < RESOLVED_RETENTION_MS
      );
  }
}
