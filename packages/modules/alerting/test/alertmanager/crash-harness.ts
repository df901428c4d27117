import {
  AlertPipeline,
  MemoryRecordStore,
  type NotificationOutbox,
  type PipelineRecord,
  type PipelineStore,
  type RoutedNotification,
} from '@dwcp/alerting';
import { ManualClock } from '@dwcp/testing';

import { play, type Step } from './conformance/live.ts';
import { configOf, RecordingOutbox } from './support.ts';

/** Where in an operation the process ends. */
export const DEATHS = ['before', 'half-way', 'after'] as const;

export type Death = (typeof DEATHS)[number];

export class Killed extends Error {}

/** Counts the operations that leave a trace, and ends the process at one of them. */
export class Fate {
  operations = 0;
  dead = false;
  readonly #at: number;
  readonly #death: Death;

  constructor(at: number, death: Death) {
    this.#at = at;
    this.#death = death;
  }

  /** @param parts the durable steps of one operation, in order */
  async perform(parts: readonly (() => Promise<void>)[]): Promise<void> {
    if (this.dead) throw new Killed();
    const isLast = this.operations++ === this.#at;
    const done = { before: 0, 'half-way': Math.ceil(parts.length / 2), after: parts.length };
    for (const part of isLast ? parts.slice(0, done[this.#death]) : parts) await part();
    if (!isLast) return;
    this.dead = true;
    throw new Killed();
  }
}

export interface Scenario {
  readonly config: unknown;
  readonly steps: readonly Step[];
  readonly endS: number;
  /** Moments at which the clock is looked at for a restart; the finer, the shorter the outage. */
  readonly stepMs: number;
}

export interface CrashRun {
  /** What receivers got, each idempotency key once. */
  readonly taken: readonly RoutedNotification[];
  /** How many operations left a trace. */
  readonly operations: number;
  readonly died: boolean;
}

/** Plays a scenario; the process ends at one operation and another starts from what is durable. */
export async function playWithCrash(
  scenario: Scenario,
  crash: { readonly at: number; readonly death: Death },
): Promise<CrashRun> {
  const clock = new ManualClock();
  const startUnixMs = clock.nowUnixMs();
  const durable = new MemoryRecordStore<PipelineRecord>();
  const receivers = new RecordingOutbox(() => clock.nowUnixMs());
  const config = configOf(scenario.config);
  let fate = new Fate(crash.at, crash.death);
  const first = fate;

  async function open(): Promise<AlertPipeline> {
    const mine = fate;
    const store: PipelineStore = {
      load: () => durable.load(),
      append: (records) => mine.perform(records.map((record) => () => durable.append([record]))),
      replace: (records: readonly PipelineRecord[]) =>
        mine.perform([() => durable.replace(records)]),
    };
    const outbox: NotificationOutbox = {
      accept: (notifications) =>
        mine.perform(notifications.map((one) => () => receivers.accept([one]))),
    };
    return AlertPipeline.open({ config, store, outbox, clock, externalUrl: 'http://localhost' });
  }

  let pipeline = await open();
  async function restartIfDead(): Promise<void> {
    if (!fate.dead) return;
    await pipeline[Symbol.asyncDispose]();
    fate = new Fate(Number.POSITIVE_INFINITY, 'before');
    pipeline = await open();
  }

  const steps = [...scenario.steps].sort((a, b) => a.t - b.t);
  for (let atMs = 0; atMs <= scenario.endS * 1_000; atMs += scenario.stepMs) {
    await clock.advance(startUnixMs + atMs - clock.nowUnixMs());
    await restartIfDead();
    while (steps[0] !== undefined && steps[0].t * 1_000 <= atMs) {
      const [step] = steps.splice(0, 1);
      if (step === undefined) break;
      try {
        await play(pipeline, step, clock.nowUnixMs());
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        // Whoever posted got no answer, and posts again.
        await restartIfDead();
        await play(pipeline, step, clock.nowUnixMs());
      }
    }
  }
  await restartIfDead();
  // Lets a last start hand over what it found.
  await clock.advance(1);
  await pipeline[Symbol.asyncDispose]();
  return {
    taken: receivers.taken.map(({ notification }) => notification),
    operations: first.operations,
    died: first.dead,
  };
}

/** What receivers were told, without the moment, in an order of its own. */
export function contentOf(taken: readonly RoutedNotification[]): readonly string[] {
  return taken
    .map(({ integration, groupKey, status, reason, alerts }) =>
      JSON.stringify([
        integration,
        groupKey,
        status,
        reason,
        alerts.map(({ labels, state }) => [labels.toString(), state.kind]),
      ]),
    )
    .sort();
}
