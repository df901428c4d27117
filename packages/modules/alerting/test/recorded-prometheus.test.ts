import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  type AlertingRuleResponse,
  parseRuleFile,
  type RuleGroupResponse,
  RuleManager,
} from '@dwcp/alerting';
import { Labels } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { FakeQuery, write } from './fakes.ts';

const path = join(
  import.meta.dirname,
  '../../../../../shared/conformance/alerting/prom-rules-live-recorded.json',
);

interface RecordedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}
interface RecordedAlert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: string;
  readonly activeAt_rel: number;
  readonly keepFiringSince?: number;
}
interface Recording {
  readonly value_timeline: readonly (readonly [number, number | null])[];
  readonly rules: unknown;
  readonly series: Readonly<
    Record<'ALERTS' | 'ALERTS_FOR_STATE' | 'rec', readonly RecordedSeries[]>
  >;
  readonly snapshots: readonly {
    readonly t: number;
    readonly rules: readonly {
      readonly name: string;
      readonly type: string;
      readonly state?: string;
      readonly health: string;
      readonly duration?: number;
      readonly keepFiringFor?: number;
      readonly query: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly alerts?: readonly RecordedAlert[];
    }[];
  }[];
}

const EAST = { __name__: 'probe', dc: 'east', inst: 'a', instance: '127.0.0.1:18010', job: 'j' };
const WEST = { ...EAST, dc: 'west', inst: 'b' };
/** In the recording, evaluations came 0.4 s and scrapes 0.2 s after the full second. */
const EVALUATION_PHASE_MS = 400;
const SCRAPE_PHASE_MS = 200;

/** When in a second the group is evaluated. */
async function slotPhase(recording: Recording): Promise<number> {
  const clock = new ManualClock(1_700_000_000_000);
  const query = new FakeQuery();
  const groups = parseRuleFile(JSON.stringify(recording.rules), 'rules.yml');
  await using manager = new RuleManager({ groups, query, store: new MemoryMetricStore(), clock });
  manager.start();
  await clock.advance(1_000);
  return (query.asked[0]?.unixMs ?? 0) % 1_000;
}

interface Replay {
  readonly engine: PromqlEngine;
  readonly zeroUnixMs: number;
  readonly snapshots: ReadonlyMap<number, readonly RuleGroupResponse[]>;
}

async function replay(recording: Recording): Promise<Replay> {
  const zeroUnixMs = 1_700_000_000_000 + (await slotPhase(recording)) - EVALUATION_PHASE_MS;
  const clock = new ManualClock(zeroUnixMs - 2_600);
  const store = new MemoryMetricStore();
  const engine = new PromqlEngine({ store, clock });
  const groups = parseRuleFile(JSON.stringify(recording.rules), 'rules.yml');
  await using manager = new RuleManager({ groups, query: engine, store, clock });
  manager.start();
  const snapshots = new Map<number, readonly RuleGroupResponse[]>();
  let present = false;
  for (let second = -2; second <= 46; second++) {
    // The target was found after three seconds.
    const value =
      second < 3 ? null : recording.value_timeline.findLast(([at]) => at <= second)?.[1];
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
  return { engine, zeroUnixMs, snapshots };
}

type Interval = readonly [start: number, end: number];

function intervalsOf(seconds: readonly number[]): readonly Interval[] {
  const intervals: [number, number][] = [];
  for (const second of seconds) {
    const last = intervals.at(-1);
    if (last !== undefined && second <= last[1] + 1) last[1] = second;
    else intervals.push([second, second]);
  }
  return intervals;
}

async function ours(
  { engine, zeroUnixMs }: Replay,
  expression: string,
): Promise<readonly RecordedSeries[]> {
  const { value } = await engine.range({
    expression,
    startUnixMs: zeroUnixMs + 1_000,
    endUnixMs: zeroUnixMs + 40_000,
    stepMs: 1_000,
  });
  if (value.kind !== 'matrix') throw new Error('a range query gives a matrix');
  return value.series.map(({ labels, timestamps, values }) => ({
    metric: labels.toObject(),
    values: Array.from(
      timestamps,
      (unixMs, index) => [(unixMs - zeroUnixMs) / 1_000, String(values[index])] as const,
    ),
  }));
}

const recording = existsSync(path)
  ? (JSON.parse(readFileSync(path, 'utf8')) as Recording)
  : undefined;

describe.skipIf(recording === undefined)(
  `rules recorded from Prometheus 2.42${recording === undefined ? ' (skipped: ../shared/conformance is not there)' : ''}`,
  async () => {
    if (recording === undefined) return;
    const replayed = await replay(recording);

    for (const name of ['ALERTS', 'rec'] as const) {
      const expression = name === 'rec' ? 'job:probe:max' : name;
      test(`${expression} has the same series over the same intervals, within one evaluation`, async () => {
        const found = await ours(replayed, expression);
        const byKey = new Map(found.map((series) => [keyOf(series.metric), series]));
        const recorded = recording.series[name].map((series) => ({
          ...series,
          values: series.values.filter(([second]) => second <= 40),
        }));
        expect([...byKey.keys()].sort()).toEqual(
          recorded.map(({ metric }) => keyOf(metric)).sort(),
        );
        for (const { metric, values } of recorded) {
          const expected = intervalsOf(values.map(([second]) => second));
          const seconds = byKey.get(keyOf(metric))?.values.map(([second]) => second) ?? [];
          const actual = intervalsOf(seconds);
          const differences = expected.flatMap(([start, end], index) => [
            Math.abs(start - (actual[index]?.[0] ?? Infinity)),
            Math.abs(end - (actual[index]?.[1] ?? Infinity)),
          ]);
          expect(actual).toHaveLength(expected.length);
          expect(Math.max(...differences)).toBeLessThanOrEqual(1);
        }
      });
    }

    test('ALERTS_FOR_STATE holds when each alert became active, within one evaluation', async () => {
      const found = await ours(replayed, 'ALERTS_FOR_STATE');
      const relative = (values: RecordedSeries['values'], zero: number): readonly number[] => [
        ...new Set(values.map(([, text]) => Number(text) - zero)),
      ];
      // The first alert of the recording tells where its zero lies: Absent, active 1.6 s before.
      const recordedZero = 1_795_209_148 - 4;
      const zero = Math.floor(replayed.zeroUnixMs / 1_000);
      for (const { metric, values } of recording.series.ALERTS_FOR_STATE) {
        const series = found.find((other) => keyOf(other.metric) === keyOf(metric));
        const actual = relative(series?.values ?? [], zero);
        const expected = relative(values, recordedZero);
        expect(actual).toHaveLength(expected.length);
        for (const [index, activeAt] of expected.entries()) {
          expect(Math.abs((actual[index] ?? Infinity) - activeAt)).toBeLessThanOrEqual(1);
        }
      }
    });

    test.each(recording.snapshots.map((snapshot) => [snapshot.t, snapshot] as const))(
      '/api/v1/rules at second %d is the same',
      (second, snapshot) => {
        const [group] = replayed.snapshots.get(second) ?? [];
        for (const [index, expected] of snapshot.rules.entries()) {
          const { alerts = [], ...rule } = expected;
          const actual = group?.rules[index];
          // A recorded rule without labels has none; ours has an empty object.
          expect(actual).toMatchObject(rule);
          const actualAlerts = (actual as AlertingRuleResponse).alerts ?? [];
          expect(actualAlerts.map(({ labels }) => labels)).toEqual(
            alerts.map(({ labels }) => labels),
          );
          for (const [at, alert] of alerts.entries()) {
            const found = actualAlerts[at];
            const { activeAt_rel: activeAt, keepFiringSince, ...rest } = alert;
            expect(found).toMatchObject(rest);
            const since = (text: string | undefined): number =>
              (Date.parse(text ?? '') - replayed.zeroUnixMs) / 1_000;
            expect(Math.abs(since(found?.activeAt) - activeAt)).toBeLessThanOrEqual(1);
            // Where the recording has none, ours has none.
            const ours = found?.keepFiringSince;
            expect(ours === undefined).toBe(keepFiringSince === undefined);
            const distance = ours === undefined ? 0 : since(ours) - (keepFiringSince ?? 0);
            expect(Math.abs(distance)).toBeLessThanOrEqual(1);
          }
        }
      },
    );
  },
);

function keyOf(metric: Readonly<Record<string, string>>): string {
  return Labels.from(metric).toString();
}
