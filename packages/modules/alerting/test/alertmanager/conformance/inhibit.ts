import {
  AlertPipeline,
  apiAlerts,
  fingerprintOf,
  MemoryRecordStore,
  type PipelineRecord,
} from '@dwcp/alerting';
import { Labels } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';

import { configOf } from '../support.ts';
import { type CaseOutcome, compare, type FileOutcome } from './outcome.ts';

type LabelRecord = Readonly<Record<string, string>>;

interface RuleSuite {
  readonly rules: readonly Readonly<Record<string, unknown>>[];
  readonly active_alerts: readonly LabelRecord[];
  readonly cases: readonly { readonly target: LabelRecord; readonly inhibited: boolean }[];
}

export interface InhibitFile {
  readonly has_equal?: readonly {
    readonly name: string;
    readonly source_alerts: readonly { readonly labels: LabelRecord; readonly active: boolean }[];
    readonly equal: readonly string[];
    readonly target: LabelRecord;
    readonly inhibited: boolean;
  }[];
  readonly rule_matches?: RuleSuite;
  readonly rule_matchers?: RuleSuite;
}

export async function runInhibit(file: InhibitFile): Promise<FileOutcome> {
  const cases: CaseOutcome[] = [];
  for (const found of file.has_equal ?? []) {
    const sources = found.source_alerts.map(({ labels, active }) => ({ labels, active }));
    const got = await isInhibited([{ equal: found.equal }], sources, found.target);
    cases.push(compare(found.name, found.inhibited, got));
  }
  for (const key of ['rule_matches', 'rule_matchers'] as const) {
    const suite = file[key];
    for (const { target, inhibited } of suite?.cases ?? []) {
      const sources = (suite?.active_alerts ?? []).map((labels) => ({ labels, active: true }));
      const got = await isInhibited(suite?.rules ?? [], sources, target);
      cases.push(compare(`${key} ${JSON.stringify(target)}`, inhibited, got));
    }
  }
  return { cases, leftOut: [] };
}

/** Posts the sources, then asks the API whether the target is held back. */
async function isInhibited(
  rules: readonly Readonly<Record<string, unknown>>[],
  sources: readonly { readonly labels: LabelRecord; readonly active: boolean }[],
  target: LabelRecord,
): Promise<boolean> {
  // The cases have sources without labels and targets that are a source of their own; a mark
  // that no rule knows keeps each of them a label set of its own.
  const mark = (labels: LabelRecord, name: string): LabelRecord => ({ ...labels, mark: name });
  const marked = rules.map((rule) =>
    rule['source_match'] === undefined && rule['source_matchers'] === undefined
      ? { ...rule, source_matchers: ['mark=~"source.*"'], target_matchers: ['mark="target"'] }
      : rule,
  );
  const clock = new ManualClock();
  await using pipeline = await AlertPipeline.open({
    config: configOf({
      route: { receiver: 'r' },
      receivers: [{ name: 'r' }],
      inhibit_rules: marked,
    }),
    store: new MemoryRecordStore<PipelineRecord>(),
    outbox: { accept: async () => undefined },
    clock,
    externalUrl: 'http://localhost',
  });
  const wanted = mark(target, 'target');
  await pipeline.putAlerts(
    sources.map(({ labels, active }, index) => ({
      labels: mark(labels, `source${index}`),
      endsAtUnixMs: clock.nowUnixMs() + (active ? 3_600_000 : -1_000),
      startsAtUnixMs: clock.nowUnixMs() - 5_000,
    })),
  );
  await pipeline.putAlerts([{ labels: wanted }]);
  const fingerprint = fingerprintOf(Labels.from(wanted));
  const found = apiAlerts(pipeline).find((alert) => alert.fingerprint === fingerprint);
  return (found?.status.inhibitedBy.length ?? 0) > 0;
}
