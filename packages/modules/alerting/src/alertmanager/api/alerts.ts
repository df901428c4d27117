import { Labels } from '@dwcp/core';

import { isResolved, momentText, type StoredAlert } from '../alerts.ts';
import { mutingIntervals } from '../flush.ts';
import { compileMatchers, type LabelsTest } from '../matcher.ts';
import { type HeldAlert, type PipelineState } from '../pipeline-state.ts';
import { readFilters, receiverTest } from './filters.ts';

/** Query parameters of `/api/v2/alerts`; what is absent is true. */
export interface AlertsQuery {
  readonly filter?: readonly string[];
  readonly active?: boolean;
  readonly silenced?: boolean;
  readonly inhibited?: boolean;
  readonly unprocessed?: boolean;
  /** A regular expression of a receiver's whole name. */
  readonly receiver?: string;
  /** Matchers of a receiver's labels. */
  readonly receiverMatchers?: readonly string[];
}

/** What the API is asked about: the pipeline, or its state at a moment. */
export interface PipelineView {
  readonly state: PipelineState;
  nowUnixMs(): number;
}

/** `gettableAlert` of Alertmanager's API. Moments are RFC 3339. */
export interface GettableAlert {
  readonly annotations: Readonly<Record<string, string>>;
  readonly endsAt: string;
  readonly fingerprint: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly startsAt: string;
  readonly status: {
    /** `unprocessed` while no group holds it. */
    readonly state: 'unprocessed' | 'active' | 'suppressed';
    readonly silencedBy: readonly string[];
    readonly inhibitedBy: readonly string[];
    readonly mutedBy: readonly string[];
  };
  readonly updatedAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly generatorURL?: string;
}

/** Alerts that are not over, by fingerprint. @throws InvalidInputError for a bad filter */
export function apiAlerts(view: PipelineView, query: AlertsQuery = {}): readonly GettableAlert[] {
  const { state } = view;
  const unixMs = view.nowUnixMs();
  const shows = alertTest(query);
  const toReceiver = receiversTest(state, query);
  return [...state.alerts.values()]
    .filter(({ alert }) => !isResolved(alert, unixMs))
    .map((held) => gettableAlert(state, held, unixMs))
    .filter(({ alert, shown }) => shows(alert, shown))
    .map(({ shown }) => shown)
    .filter(({ receivers }) => receivers.some(({ name }) => toReceiver(name)))
    .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

export type AlertTest = (alert: StoredAlert, shown: GettableAlert) => boolean;

/** What of a query is about alerts. @throws InvalidInputError for a bad filter */
export function alertTest(query: AlertsQuery): AlertTest {
  const matches: LabelsTest = compileMatchers(readFilters(query.filter ?? []));
  const { active = true, silenced = true, inhibited = true, unprocessed = true } = query;
  return (alert, { status }) =>
    (active || status.state !== 'active') &&
    (unprocessed || status.state !== 'unprocessed') &&
    (silenced || status.silencedBy.length === 0) &&
    (inhibited || status.inhibitedBy.length === 0) &&
    matches(alert.labels);
}

/** What of a query is about receivers. @throws InvalidInputError for a bad pattern */
export function receiversTest(
  state: PipelineState,
  { receiver, receiverMatchers = [] }: AlertsQuery,
): (name: string) => boolean {
  const named = receiverTest(receiver);
  const labelled = receiverLabelsTest(receiverMatchers);
  const labels = new Map(state.config.receivers.map((found) => [found.name, found.labels]));
  return (name) => named(name) && labelled(labels.get(name) ?? {});
}

/** @throws InvalidInputError for a bad matcher */
export function receiverLabelsTest(
  filters: readonly string[],
): (labels: Readonly<Record<string, string>>) => boolean {
  const matches = compileMatchers(readFilters(filters));
  return (labels) => matches(Labels.from(labels));
}

export function gettableAlert(
  state: PipelineState,
  { alert, groups }: HeldAlert,
  unixMs: number,
): { readonly alert: StoredAlert; readonly shown: GettableAlert } {
  const silencedBy = state.silences.silencing(alert.labels, unixMs);
  const inhibitedBy = state.inhibitor.inhibiting(alert.labels, unixMs);
  const held = [...groups].flatMap((id) => state.groups.get(id) ?? []);
  const suppressed = silencedBy.length > 0 || inhibitedBy.length > 0;
  const active = held.length === 0 ? 'unprocessed' : 'active';
  return {
    alert,
    shown: {
      annotations: alert.annotations,
      endsAt: momentText(alert.endsAtUnixMs),
      fingerprint: alert.fingerprint,
      receivers: held.map(({ route }) => ({ name: route.receiver })),
      startsAt: momentText(alert.startsAtUnixMs),
      status: {
        state: suppressed ? 'suppressed' : active,
        silencedBy,
        inhibitedBy,
        mutedBy: [...new Set(held.flatMap((group) => mutingIntervals(state, group, unixMs)))],
      },
      updatedAt: momentText(alert.updatedAtUnixMs),
      labels: alert.labels.toObject(),
      ...(alert.generatorUrl === '' ? {} : { generatorURL: alert.generatorUrl }),
    },
  };
}
