import { type RuleGroupResponse } from '@dwcp/alerting';
import { Labels } from '@dwcp/core';

import { type CaseOutcome, type FileOutcome } from './outcome.ts';
import {
  type PromRulesFile,
  type RecordedAlert,
  type RecordedPost,
  type RecordedSeries,
  type Replay,
  replay,
  RESEND_MS,
} from './prom-rules-replay.ts';

/** One evaluation. */
const TOLERANCE_S = 1;

/**
 * Rules recorded from Prometheus, on the manual clock: its series have the same intervals, `/api/v1/rules`
 * the same answers, and the same alerts are posted, all within one evaluation.
 */
export async function runPromRules(recording: PromRulesFile): Promise<FileOutcome> {
  const replayed = await replay(recording);
  const cases: CaseOutcome[] = [];
  for (const name of ['ALERTS', 'rec'] as const) {
    const recorded = recording.series[name];
    const expression = recorded[0]?.metric['__name__'];
    if (expression === undefined) continue;
    cases.push(...seriesCases(recorded, await replayed.series(expression), replayed.endSecond));
  }
  cases.push(...stateCases(recording, replayed, await replayed.series('ALERTS_FOR_STATE')));
  for (const { t, rules } of recording.snapshots) {
    cases.push(snapshotCase(t, rules, replayed.snapshots.get(t), replayed.zeroUnixMs));
  }
  cases.push(...postCases(recording.posts ?? [], replayed));
  return { cases, leftOut: [] };
}

function textOf(labels: Readonly<Record<string, string>>): string {
  return Labels.from(labels).toString();
}

/** Numbers are equal when they are within the tolerance, all else when it is the same. */
function near(expected: unknown, got: unknown): boolean {
  if (typeof expected === 'number' && typeof got === 'number') {
    return Math.abs(expected - got) <= TOLERANCE_S + 1e-6;
  }
  if (typeof expected !== 'object' || expected === null) return expected === got;
  if (typeof got !== 'object' || got === null) return false;
  const [wanted, found] = [Object.entries(expected), new Map(Object.entries(got))];
  return (
    Array.isArray(expected) === Array.isArray(got) &&
    wanted.length === found.size &&
    wanted.every(([key, value]) => found.has(key) && near(value, found.get(key)))
  );
}

function nearly(name: string, expected: unknown, got: unknown): CaseOutcome {
  const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
  return { name, passed: near(expected, got), expected: text(expected), got: text(got) };
}

/** From which second to which a series is there. */
function intervalsOf({ values }: RecordedSeries): readonly (readonly number[])[] {
  const intervals: [number, number][] = [];
  for (const [second] of values) {
    const last = intervals.at(-1);
    if (last !== undefined && second <= last[1] + 1) last[1] = second;
    else intervals.push([second, second]);
  }
  return intervals;
}

function seriesCases(
  recorded: readonly RecordedSeries[],
  ours: readonly RecordedSeries[],
  endSecond: number,
): readonly CaseOutcome[] {
  const cut = (series: RecordedSeries): RecordedSeries => ({
    ...series,
    values: series.values.filter(([second]) => second <= endSecond),
  });
  const wanted = new Map(recorded.map((series) => [textOf(series.metric), cut(series)]));
  const found = new Map(ours.map((series) => [textOf(series.metric), series]));
  return [...new Set([...wanted.keys(), ...found.keys()])].map((key) => {
    const [expected, got] = [wanted.get(key), found.get(key)];
    return nearly(`${key} is there`, expected && intervalsOf(expected), got && intervalsOf(got));
  });
}

/** ALERTS_FOR_STATE holds when each alert became active. */
function stateCases(
  recording: PromRulesFile,
  { zeroUnixMs }: Replay,
  ours: readonly RecordedSeries[],
): readonly CaseOutcome[] {
  const zeroSecond = zeroSecondOf(recording);
  const moments = ({ values }: RecordedSeries, zero: number): readonly number[] =>
    [...new Set(values.map(([, text]) => Number(text)))].map((second) => second - zero);
  return recording.series.ALERTS_FOR_STATE.map((series) => {
    const key = textOf(series.metric);
    const found = ours.find(({ metric }) => textOf(metric) === key);
    const got = found && moments(found, Math.floor(zeroUnixMs / 1_000));
    return nearly(`${key} says`, moments(series, zeroSecond), got);
  });
}

/** The recording's start in Unix seconds: what its snapshots tell relatively, this series tells absolutely. */
function zeroSecondOf({ series, snapshots }: PromRulesFile): number {
  const found = snapshots.flatMap(({ t, rules }) =>
    rules.flatMap(({ alerts = [] }) =>
      alerts.flatMap(({ labels, activeAt_rel: activeAt }) => {
        const key = textOf({ ...labels, __name__: 'ALERTS_FOR_STATE' });
        const state = series.ALERTS_FOR_STATE.find(({ metric }) => textOf(metric) === key);
        const value = state?.values.find(([second]) => second === t)?.[1];
        return value === undefined ? [] : [Number(value) - Math.floor(activeAt)];
      }),
    ),
  );
  const [middle] = found.toSorted((a, b) => a - b).slice(Math.floor(found.length / 2));
  if (middle === undefined) throw new Error('no snapshot has an alert of ALERTS_FOR_STATE');
  return middle;
}

function snapshotCase(
  second: number,
  rules: PromRulesFile['snapshots'][number]['rules'],
  groups: readonly RuleGroupResponse[] | undefined,
  zeroUnixMs: number,
): CaseOutcome {
  const since = (text: string | undefined): number => (Date.parse(text ?? '') - zeroUnixMs) / 1_000;
  const alertOf = (alert: RecordedAlert): unknown => ({ ...alert, labels: textOf(alert.labels) });
  const expected = rules.map(({ alerts = [], ...rule }) => ({
    ...rule,
    alerts: alerts.map(alertOf),
  }));
  const got = rules.map((rule, index) => {
    const found = groups?.[0]?.rules[index];
    const own = new Map(Object.entries(found ?? {}));
    // Of ours only what was recorded: a rule without labels has none there and an empty object here.
    const fields = Object.keys(rule).filter((field) => field !== 'alerts' && own.has(field));
    const alerts = found?.type === 'alerting' ? found.alerts : [];
    return {
      ...Object.fromEntries(fields.map((field) => [field, own.get(field)])),
      alerts: alerts.map(({ activeAt, keepFiringSince, ...alert }) =>
        alertOf({
          ...alert,
          activeAt_rel: since(activeAt),
          ...(keepFiringSince === undefined ? {} : { keepFiringSince: since(keepFiringSince) }),
        }),
      ),
    };
  });
  return nearly(`/api/v1/rules at second ${second}`, expected, got);
}

/** One alert from its first post on that says the same, with the posts that repeated it. */
interface Told {
  readonly from: number;
  readonly kind: 'firing' | 'resolved';
  readonly startsAt: number;
  /** Of firing ones, for how long each post holds. */
  readonly endsAt: number;
  /** From one post to the next. */
  readonly waits: readonly number[];
}

function postCases(recorded: readonly RecordedPost[], { posts }: Replay): readonly CaseOutcome[] {
  const first = recorded[0]?.t ?? Number.POSITIVE_INFINITY;
  const last = recorded.at(-1)?.t ?? 0;
  const wanted = toldByAlert(recorded, first, last);
  // What was posted before the recording began is left out.
  const found = toldByAlert(posts, first - TOLERANCE_S, last);
  return [...new Set([...wanted.keys(), ...found.keys()])].map((key) =>
    nearly(`posts of ${key}`, wanted.get(key)?.map(view), found.get(key)?.map(view)),
  );
}

/** Prometheus repeats at the first evaluation after the delay, we do at the first that it has passed by. */
function view({ waits, ...told }: Told): unknown {
  const regular = waits.every(
    (seconds) => Math.abs(seconds - RESEND_MS / 1_000) <= TOLERANCE_S + 1e-6,
  );
  return { ...told, repeats: regular ? 'after the resend delay' : waits };
}

function toldByAlert(
  posts: readonly RecordedPost[],
  from: number,
  until: number,
): ReadonlyMap<string, readonly Told[]> {
  const byAlert = new Map<string, (Told & { waits: number[]; at: number })[]>();
  for (const { t, alerts } of posts) {
    if (t < from || t > until) continue;
    for (const { labels, startsAt_rel: startsAt, endsAt_rel: endsAt } of alerts) {
      const key = textOf(labels);
      const told = byAlert.get(key) ?? [];
      byAlert.set(key, told);
      const kind = endsAt > t ? 'firing' : 'resolved';
      const before = told.at(-1);
      if (before?.kind === kind && before.startsAt === startsAt) {
        before.waits.push(t - before.at);
        before.at = t;
      } else {
        const holds = kind === 'firing' ? endsAt - t : endsAt;
        told.push({ from: t, kind, startsAt, endsAt: holds, waits: [], at: t });
      }
    }
  }
  const without = (told: readonly (Told & { readonly at: number })[]): readonly Told[] =>
    told.map(({ at: _at, ...rest }) => rest);
  return new Map([...byAlert].map(([key, told]) => [key, without(told)]));
}
