import {
  parseRuleFile,
  pipelineNotifier,
  type RuleGroupResponse,
  RuleManager,
} from '@dwcp/alerting';
import { PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';

import { FakeQuery, write } from '../../fakes.ts';

export interface RecordedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [second: number, value: string])[];
}

export interface RecordedAlert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: string;
  readonly activeAt_rel: number;
  readonly keepFiringSince?: number;
}

/** An alert as it was posted; moments are seconds from the start. */
export interface RecordedPost {
  readonly t: number;
  readonly alerts: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly startsAt_rel: number;
    readonly endsAt_rel: number;
  }[];
}

/** What a Prometheus with an interval of 1 s and a resend delay of 5 s made of its rules. */
export interface PromRulesFile {
  /** The target's value from a second on; null: it is gone. */
  readonly value_timeline: readonly (readonly [second: number, value: number | null])[];
  readonly rules: unknown;
  readonly series: Readonly<
    Record<'ALERTS' | 'ALERTS_FOR_STATE' | 'rec', readonly RecordedSeries[]>
  >;
  readonly posts?: readonly RecordedPost[];
  readonly snapshots: readonly {
    readonly t: number;
    readonly rules: readonly {
      readonly name: string;
      readonly alerts?: readonly RecordedAlert[];
    }[];
  }[];
}

export interface Replay {
  /** Our series, asked as the recording was, second by second. */
  series(expression: string): Promise<readonly RecordedSeries[]>;
  readonly zeroUnixMs: number;
  /** The last second that is compared. */
  readonly endSecond: number;
  readonly snapshots: ReadonlyMap<number, readonly RuleGroupResponse[]>;
  readonly posts: readonly RecordedPost[];
}

const EAST = { __name__: 'probe', dc: 'east', inst: 'a', instance: '127.0.0.1:18010', job: 'j' };
const WEST = { ...EAST, dc: 'west', inst: 'b' };
/** In the recording, evaluations came 0.4 s and scrapes 0.2 s after the full second. */
const EVALUATION_PHASE_MS = 400;
const SCRAPE_PHASE_MS = 200;
/** The target was found after three seconds. */
const FOUND_SECOND = 3;
export const RESEND_MS = 5_000;
const START_UNIX_MS = 1_700_000_000_000;

/** When in a second the group is evaluated. */
async function slotPhase(rules: unknown): Promise<number> {
  const clock = new ManualClock(START_UNIX_MS);
  const query = new FakeQuery();
  const groups = parseRuleFile(JSON.stringify(rules), 'rules.yml');
  await using manager = new RuleManager({ groups, query, store: new MemoryMetricStore(), clock });
  manager.start();
  await clock.advance(1_000);
  return (query.asked[0]?.unixMs ?? 0) % 1_000;
}

/** Does with our rules what was done with those of the recording. */
export async function replay(recording: PromRulesFile): Promise<Replay> {
  const { rules, value_timeline: timeline } = recording;
  const zeroUnixMs = START_UNIX_MS + (await slotPhase(rules)) - EVALUATION_PHASE_MS;
  const clock = new ManualClock(zeroUnixMs - 2_600);
  const store = new MemoryMetricStore();
  const engine = new PromqlEngine({ store, clock });
  const relative = (unixMs: number): number => (unixMs - zeroUnixMs) / 1_000;
  const posts: RecordedPost[] = [];
  const sink = pipelineNotifier(
    {
      nowUnixMs: () => clock.nowUnixMs(),
      async putAlerts(posted) {
        const alerts = posted.map(({ labels, startsAtUnixMs = 0, endsAtUnixMs = 0 }) => ({
          labels,
          startsAt_rel: relative(startsAtUnixMs),
          endsAt_rel: relative(endsAtUnixMs),
        }));
        posts.push({ t: relative(clock.nowUnixMs()), alerts });
        return { accepted: posted.length, problems: [] };
      },
    },
    { name: 'alertmanager', validForMs: 4 * RESEND_MS },
  );
  await using manager = new RuleManager({
    groups: parseRuleFile(JSON.stringify(rules), 'rules.yml'),
    query: engine,
    store,
    clock,
    externalLabels: { cluster: 'c1' },
    repeatIntervalMs: RESEND_MS,
    notifiers: [sink],
  });
  manager.start();
  const snapshots = new Map<number, readonly RuleGroupResponse[]>();
  const endSecond = timeline.at(-1)?.[0] ?? 0;
  let present = false;
  for (let second = -2; second <= endSecond + 6; second++) {
    const value = second < FOUND_SECOND ? null : timeline.findLast(([at]) => at <= second)?.[1];
    await clock.advance(zeroUnixMs + second * 1_000 - clock.nowUnixMs());
    snapshots.set(second, manager.groups());
    await clock.advance(SCRAPE_PHASE_MS);
    const now = clock.nowUnixMs();
    if (typeof value === 'number') {
      await write(store, [
        [EAST, now, value],
        [WEST, now, 5],
      ]);
    } else if (present) {
      await write(store, [
        [EAST, now, 'stale'],
        [WEST, now, 'stale'],
      ]);
    }
    present = typeof value === 'number';
  }
  return {
    zeroUnixMs,
    endSecond,
    snapshots,
    posts,
    async series(expression) {
      const { value } = await engine.range({
        expression,
        startUnixMs: zeroUnixMs + 1_000,
        endUnixMs: zeroUnixMs + endSecond * 1_000,
        stepMs: 1_000,
      });
      if (value.kind !== 'matrix') throw new Error('a range query gives a matrix');
      return value.series.map(({ labels, timestamps, values }) => ({
        metric: labels.toObject(),
        values: Array.from(
          timestamps,
          (unixMs, index) => [relative(unixMs), String(values[index])] as const,
        ),
      }));
    },
  };
}
