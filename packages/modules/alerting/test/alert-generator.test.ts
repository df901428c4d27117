// The cases of the alert generator test of prometheus/compliance, on the manual clock: its rule file is
// read in place.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  type AlertingRuleResponse,
  parseRuleFile,
  pipelineNotifier,
  type PostableAlert,
  type RuleGroup,
  RuleManager,
} from '@dwcp/alerting';
import { Labels } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { type Case, CASES, type Expected } from './alert-generator-cases.ts';
import { FakeQuery, write } from './fakes.ts';

const path = join(
  import.meta.dirname,
  '../../../../../shared/conformance/alerting/alert-generator/alert_generator/rules.yaml',
);
const SAMPLE_MS = 15_000;
const PASS_MS = 30_000;
const RESEND_MS = 60_000;
const START_UNIX_MS = 1_700_000_000_000;
/** An evaluation comes so long after a sample. */
const PHASE_MS = 100;

interface Pass {
  readonly rules: readonly AlertingRuleResponse[];
  readonly series: readonly Record<string, string>[];
  readonly sent: readonly PostableAlert[];
}

interface Played {
  readonly unixMsOf: (pass: number) => number;
  /** The first is pass 0. */
  readonly passes: readonly Pass[];
}

/** How far from a whole interval a group is evaluated. */
async function phaseOf(group: RuleGroup): Promise<number> {
  const clock = new ManualClock(START_UNIX_MS);
  const query = new FakeQuery();
  await using manager = new RuleManager({
    groups: [group],
    query,
    store: new MemoryMetricStore(),
    clock,
  });
  manager.start();
  await clock.advance(PASS_MS);
  return (query.asked[0]?.unixMs ?? 0) - START_UNIX_MS;
}

async function play({ group: name, series, passes: count }: Case): Promise<Played> {
  const group = parseRuleFile(readFileSync(path, 'utf8'), path).find(
    (found) => found.name === name,
  );
  if (group === undefined) throw new Error(`${path} has no group ${name}`);
  const zeroUnixMs = START_UNIX_MS + (await phaseOf(group)) - PHASE_MS;
  const clock = new ManualClock(zeroUnixMs);
  const store = new MemoryMetricStore();
  const engine = new PromqlEngine({ store, clock });
  const received: PostableAlert[] = [];
  const sink = {
    nowUnixMs: () => clock.nowUnixMs(),
    putAlerts: async (posted: readonly PostableAlert[]) => {
      received.push(...posted);
      return { accepted: posted.length, problems: [] };
    },
  };
  await using manager = new RuleManager({
    groups: [group],
    query: engine,
    store,
    clock,
    repeatIntervalMs: RESEND_MS,
    // How long an alert holds is the rules' to say.
    notifiers: [pipelineNotifier(sink, { name: 'alertmanager', validForMs: 0 })],
  });
  const lines = series.map(([labels, values]) => ({
    labels,
    values: values.flatMap(([value, times]) => Array.from({ length: times }, () => value)),
  }));
  const passes: Pass[] = [];
  for (let sample = 0; passes.length <= count; sample++) {
    await write(
      store,
      lines.flatMap(({ labels, values }) => {
        const value = values[sample];
        return value === undefined ? [] : [[labels, clock.nowUnixMs(), value] as const];
      }),
    );
    if (sample === 0) manager.start();
    await clock.advance(PHASE_MS);
    if (sample % 2 === 0) {
      const unixMs = clock.nowUnixMs();
      const { value } = await engine.instant({ expression: `ALERTS{rulegroup="${name}"}`, unixMs });
      if (value.kind !== 'vector') throw new Error(`ALERTS is a ${value.kind}`);
      passes.push({
        rules: manager.groups()[0]?.rules as readonly AlertingRuleResponse[],
        series: value.samples.map(({ labels }) => labels.withoutName().toObject()),
        sent: received.splice(0),
      });
    }
    await clock.advance(SAMPLE_MS - PHASE_MS);
  }
  return { unixMsOf: (pass) => zeroUnixMs + PHASE_MS + pass * PASS_MS, passes };
}

const byText = (items: readonly object[]): readonly object[] =>
  items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
const sorted = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Labels.from(labels).toObject();

const found = existsSync(path);

describe.skipIf(!found)(
  `the alert generator cases of prometheus/compliance${found ? '' : ' (skipped: ../shared/conformance is not there)'}`,
  () => {
    test('every group of the file is a case', () => {
      const names = parseRuleFile(readFileSync(path, 'utf8'), path).map(({ name }) => name);
      expect(CASES.map(({ group }) => group).toSorted()).toEqual(names.toSorted());
    });

    describe.each(CASES)('$group', async (expected) => {
      const { passes, unixMsOf } = await play(expected);
      const activeAt = (pass: number): readonly Expected[] =>
        expected.alerts.filter(({ passes: [first, last] }) => first <= pass && pass <= last);

      test('/api/v1/rules has the expected alerts at each evaluation, and all rules are in health', () => {
        for (const [pass, { rules }] of passes.entries()) {
          expect(rules.map(({ health }) => health)).toEqual(rules.map(() => 'ok'));
          for (const { name, alerts, state } of rules) {
            const wanted = activeAt(pass).filter(({ rule }) => rule === name);
            const shown = alerts.map((alert) => ({
              labels: sorted(alert.labels),
              annotations: sorted(alert.annotations),
              state: alert.state,
              value: Number(alert.value),
              activeAt: alert.activeAt,
            }));
            expect([pass, byText(shown)]).toEqual([
              pass,
              byText(
                wanted.map((alert) => ({
                  labels: sorted(alert.labels),
                  annotations: sorted(alert.annotations),
                  state: alert.state,
                  value: alert.value,
                  activeAt: new Date(unixMsOf(alert.activeAt)).toISOString(),
                })),
              ),
            ]);
            const states = wanted.map((alert) => alert.state);
            expect(state).toBe(states.includes('firing') ? 'firing' : (states[0] ?? 'inactive'));
          }
        }
      });

      test('ALERTS has the series of the active alerts, at once', () => {
        for (const [pass, { series }] of passes.entries()) {
          const wanted = activeAt(pass).map(({ labels, state }) =>
            sorted({ ...labels, alertstate: state }),
          );
          expect([pass, byText(series)]).toEqual([pass, byText(wanted)]);
        }
      });

      test('alerts are sent when they fire and end, and again after each resend delay', () => {
        const sent = passes.flatMap(({ sent: alerts }, pass) =>
          alerts.map(({ labels, annotations, startsAtUnixMs, endsAtUnixMs }) => ({
            pass,
            labels: sorted(labels),
            annotations: sorted(annotations ?? {}),
            startsAtUnixMs,
            endsAtUnixMs,
          })),
        );
        const wanted = Object.entries(expected.sent).flatMap(([key, times]) => {
          const [rule, variant] = key.split(' ');
          const own = expected.alerts.filter(
            ({ rule: name, labels }) =>
              name === rule && (variant === undefined || labels['variant'] === variant),
          );
          return times.flatMap(({ kind, passes: at, startsAt, endsAt }) =>
            at.map((pass) => {
              // What is over keeps its last annotations.
              const last = endsAt === undefined ? pass : endsAt - 1;
              const shown = own.find(({ passes: [first, end] }) => first <= last && last <= end);
              const validMs = 4 * Math.max(PASS_MS, RESEND_MS);
              return {
                pass,
                labels: sorted(shown?.labels ?? {}),
                annotations: sorted(shown?.annotations ?? {}),
                startsAtUnixMs: unixMsOf(startsAt),
                endsAtUnixMs: kind === 'firing' ? unixMsOf(pass) + validMs : unixMsOf(endsAt ?? 0),
              };
            }),
          );
        });
        expect(byText(sent)).toEqual(byText(wanted));
      });
    });
  },
);
