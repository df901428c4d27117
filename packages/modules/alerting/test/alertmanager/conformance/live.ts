import {
  AlertPipeline,
  MemoryRecordStore,
  type PipelineRecord,
  type PipelineStore,
  type PostableAlert,
  type RoutedNotification,
} from '@dwcp/alerting';
import { ManualClock } from '@dwcp/testing';

import { configOf, RecordingOutbox } from '../support.ts';
import { compare, type FileOutcome } from './outcome.ts';

type LabelRecord = Readonly<Record<string, string>>;

interface PostedAlert {
  readonly labels: LabelRecord;
  readonly annotations?: LabelRecord;
  /** Seconds from the step on; an hour when absent. */
  readonly ends?: number;
  readonly no_endsAt?: boolean;
}

export interface Step {
  /** Seconds from the start. */
  readonly t: number;
  readonly scn: string;
  readonly post?: readonly PostedAlert[];
  readonly silence_s?: number;
}

interface Told {
  readonly t_s: number;
  readonly receiver: string;
  readonly status: string;
  readonly groupKey: string;
  readonly groupLabels: LabelRecord;
  readonly alerts: readonly {
    readonly labels: LabelRecord;
    readonly status: string;
    readonly annotations: LabelRecord;
  }[];
}

export interface LiveFile {
  readonly config: { readonly route: { readonly routes?: readonly RecordedRoute[] } };
  readonly steps: readonly Step[];
  readonly notifications: Readonly<Record<string, readonly Told[]>>;
}

interface RecordedRoute {
  readonly receiver?: string;
  readonly group_interval?: string;
  readonly repeat_interval?: string;
}

const TOLERANCE_S = 0.5;

/** The scenarios of a recording on the manual clock: each a case, by its name. */
export async function runLive(file: LiveFile): Promise<FileOutcome> {
  const { told, repeatGaps } = await replay(file, new MemoryRecordStore<PipelineRecord>());
  const notes: string[] = [];
  const cases = Object.entries(file.notifications).map(([scenario, recorded]) => {
    const ours = told.get(scenario) ?? [];
    const wanted = ordered(recorded);
    const got = ordered(ours);
    const outcome = compare(`${scenario} notifies`, wanted.map(withoutTime), got.map(withoutTime));
    if (!outcome.passed) return outcome;
    const problem = timeProblem(wanted, got, repeatGaps.get(scenario));
    const times = (list: readonly Told[]): string => list.map(({ t_s: t }) => t).join(', ');
    if (problem === 'repeat moved') {
      notes.push(
        `${scenario}: recorded at ${times(wanted)} s, ours at ${times(got)} s: where the repeat ` +
          'interval is a multiple of the group interval, Alertmanager repeats at that tick or the ' +
          'next, as milliseconds fall; ours does at that tick',
      );
      return outcome;
    }
    return { ...outcome, passed: problem === undefined, expected: times(wanted), got: times(got) };
  });
  return { cases, leftOut: [], notes };
}

interface RepeatGap {
  readonly repeatS: number;
  readonly tickS: number;
}

/** Plays a recording's steps. @returns what was told, by scenario, and the gaps of repeats */
export async function replay(
  file: LiveFile,
  store: PipelineStore,
): Promise<{
  readonly told: ReadonlyMap<string, readonly Told[]>;
  readonly repeatGaps: ReadonlyMap<string, RepeatGap>;
}> {
  const clock = new ManualClock();
  const startUnixMs = clock.nowUnixMs();
  const config = configOf(file.config);
  const outbox = new RecordingOutbox(() => clock.nowUnixMs());
  await using pipeline = await AlertPipeline.open({
    config,
    store,
    outbox,
    clock,
    externalUrl: 'http://vm:19993',
  });
  for (const step of [...file.steps].sort((a, b) => a.t - b.t)) {
    await clock.advance(startUnixMs + Math.round(step.t * 1_000) - clock.nowUnixMs());
    await play(pipeline, step, clock.nowUnixMs());
  }
  const lastS = Math.max(
    ...Object.values(file.notifications).flatMap((list) => list.map(({ t_s: t }) => t)),
  );
  await clock.advance(startUnixMs + (lastS + TOLERANCE_S) * 1_000 - clock.nowUnixMs());
  const paths = new Map(
    config.receivers.flatMap(({ integrations }) =>
      integrations.map(({ name, settings }) => {
        const [, scenario = '', receiver = ''] = new URL(String(settings['url'])).pathname.split(
          '/',
        );
        return [name, { scenario, receiver }] as const;
      }),
    ),
  );
  const told = new Map<string, Told[]>();
  for (const { unixMs, notification } of outbox.taken) {
    const path = paths.get(notification.integration);
    const list = told.get(path?.scenario ?? '') ?? [];
    list.push(toldOf(notification, path?.receiver ?? '', (unixMs - startUnixMs) / 1_000));
    told.set(path?.scenario ?? '', list);
  }
  return { told, repeatGaps: gapsOf(pipeline) };
}

/** One step of a recording, as its driver sent it. */
export async function play(pipeline: AlertPipeline, step: Step, nowUnixMs: number): Promise<void> {
  const { scn, post, silence_s: silenceS } = step;
  if (post !== undefined) {
    await pipeline.putAlerts(
      post.map(
        ({ labels, annotations = {}, ends = 3_600, no_endsAt: open = false }): PostableAlert => ({
          labels: { ...labels, scn },
          annotations,
          ...(open ? {} : { endsAtUnixMs: nowUnixMs + ends * 1_000 }),
        }),
      ),
    );
  }
  if (silenceS !== undefined) {
    await pipeline.setSilence({
      matchers: [{ name: 'scn', operator: '=', value: scn }],
      startsAtUnixMs: nowUnixMs,
      endsAtUnixMs: nowUnixMs + silenceS * 1_000,
      createdBy: 't',
      comment: 'c',
    });
  }
}

function toldOf(notification: RoutedNotification, receiver: string, t: number): Told {
  return {
    t_s: t,
    receiver,
    status: notification.status,
    groupKey: notification.groupKey,
    groupLabels: notification.groupLabels,
    alerts: notification.alerts.map(({ labels, annotations, state }) => ({
      labels: labels.toObject(),
      status: state.kind,
      annotations,
    })),
  };
}

/** By time, then group: those of one moment come in any order. */
function ordered(list: readonly Told[]): readonly Told[] {
  const key = ({ t_s: t, receiver, groupKey }: Told): string =>
    `${String(Math.round(t)).padStart(9, '0')} ${receiver} ${groupKey}`;
  return [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function withoutTime({ t_s: _time, ...rest }: Told): Omit<Told, 't_s'> {
  return rest;
}

/** Undefined when all times agree; a repeat may come at either of two ticks. */
function timeProblem(
  wanted: readonly Told[],
  got: readonly Told[],
  gap: RepeatGap | undefined,
): 'repeat moved' | 'differs' | undefined {
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= TOLERANCE_S;
  const firstMoved = wanted.findIndex(({ t_s: t }, index) => !near(t, got[index]?.t_s ?? NaN));
  if (firstMoved < 0) return undefined;
  const isMultiple = gap !== undefined && (gap.repeatS / gap.tickS) % 1 === 0;
  if (!isMultiple || firstMoved === 0) return 'differs';
  for (let index = firstMoved; index < wanted.length; index++) {
    const before = wanted[index - 1];
    const now = wanted[index];
    if (before === undefined || now === undefined) return 'differs';
    const same = JSON.stringify(withoutTime(before)) === JSON.stringify(withoutTime(now));
    const theirs = now.t_s - before.t_s;
    const ours = (got[index]?.t_s ?? NaN) - (got[index - 1]?.t_s ?? NaN);
    const allowed = near(theirs, gap.repeatS) || near(theirs, gap.repeatS + gap.tickS);
    if (!same || !allowed || !near(ours, gap.repeatS)) return 'differs';
  }
  return 'repeat moved';
}

function gapsOf({ state }: AlertPipeline): ReadonlyMap<string, RepeatGap> {
  const gaps = new Map<string, RepeatGap>();
  for (const route of state.root.routes) {
    for (const { settings } of state.integrationsOf(route.receiver)) {
      const scenario = new URL(String(settings['url'])).pathname.split('/')[1] ?? '';
      const { repeatIntervalMs, groupIntervalMs } = route;
      gaps.set(scenario, { repeatS: repeatIntervalMs / 1_000, tickS: groupIntervalMs / 1_000 });
    }
  }
  return gaps;
}
