import {
  parseRuleFile,
  type RuleGroup,
  RuleManager,
  type RuleManagerOptions,
} from '@dwcp/alerting';
import {
  type Alert,
  type CallOptions,
  type LogPage,
  type LogQuery,
  type LogRecord,
  type MetricQuery,
  SERVICE_NAME,
  wordsOf,
} from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';

import { FakeNotifier, write } from '../fakes.ts';

/** The groups of one group `g` that is evaluated every second. */
export function groupsOf(rules: string, head = 'interval: 1s'): readonly RuleGroup[] {
  return parseRuleFile(
    `groups:\n  - name: g\n    ${head}\n    rules:\n${rules.replaceAll(/^/gm, '      ')}\n`,
    'rules.yml',
  );
}

/** A platform in miniature: a real engine over a store in memory, and a clock that stands still. */
export class Bench {
  readonly clock: ManualClock;
  readonly store: MemoryMetricStore;
  readonly notifier = new FakeNotifier();
  readonly logs = new FakeLogs();
  readonly manager: RuleManager;
  /** Thrown by queries while set. */
  queryFailure: Error | undefined;

  constructor(
    rules: string | readonly RuleGroup[],
    options: Partial<RuleManagerOptions> & {
      readonly after?: Bench;
      readonly withoutLogs?: boolean;
    } = {},
  ) {
    const { after, withoutLogs, ...rest } = options;
    this.clock = after?.clock ?? new ManualClock();
    this.store = after?.store ?? new MemoryMetricStore();
    const engine = new PromqlEngine({ store: this.store, clock: this.clock });
    const query: MetricQuery = {
      instant: async (asked, how) => {
        if (this.queryFailure !== undefined) throw this.queryFailure;
        return await engine.instant(asked, how);
      },
      range: async (asked, how) => await engine.range(asked, how),
    };
    this.manager = new RuleManager({
      groups: typeof rules === 'string' ? groupsOf(rules) : rules,
      query,
      store: this.store,
      ...(withoutLogs === true ? {} : { logs: this.logs }),
      clock: this.clock,
      notifiers: [this.notifier],
      ...rest,
    });
    this.manager.start();
  }

  /** Writes values of series at this moment, then lets one evaluation pass. */
  async step(
    ...rows: readonly (readonly [Record<string, string>, number | 'stale'])[]
  ): Promise<void> {
    const unixMs = this.clock.nowUnixMs();
    await write(
      this.store,
      rows.map(([labels, value]) => [labels, unixMs, value] as const),
    );
    await this.clock.advance(1_000);
  }

  get alerts(): readonly Alert[] {
    return this.manager.alerts();
  }

  /** `firing {alertname="A"}` of every active alert. */
  get active(): readonly string[] {
    return this.alerts.map(({ labels, state }) => `${state.kind} ${labels.toString()}`);
  }

  get lastError(): string | undefined {
    return this.manager.groups()[0]?.rules[0]?.lastError;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager[Symbol.asyncDispose]();
  }
}

/** A log store in memory that pages as the real one does. */
export class FakeLogs {
  readonly records: LogRecord[] = [];
  readonly asked: LogQuery[] = [];
  /** One for each question that can be ended. */
  readonly signals: AbortSignal[] = [];
  failure: Error | undefined;
  hangs = false;

  add(unixMs: number, body: string, fields: Partial<LogRecord> & { service?: string } = {}): void {
    const { service = 'shop', ...rest } = fields;
    const nano = BigInt(Math.round(unixMs * 1_000)) * 1_000n;
    this.records.push({
      timeUnixNano: nano,
      observedTimeUnixNano: nano,
      severityNumber: 17,
      severityText: 'ERROR',
      body,
      attributes: {},
      resource: { attributes: { [SERVICE_NAME]: service } },
      scope: { name: 'test' },
      ...rest,
    });
  }

  async search(query: LogQuery, { signal }: CallOptions = {}): Promise<LogPage> {
    this.asked.push(query);
    if (signal !== undefined) this.signals.push(signal);
    if (this.failure !== undefined) throw this.failure;
    if (this.hangs) await new Promise(() => undefined);
    const words = [...wordsOf(query.text ?? '')];
    const found = this.records.filter(
      (record) =>
        record.timeUnixNano >= query.startUnixNano &&
        record.timeUnixNano < query.endUnixNano &&
        record.severityNumber >= (query.minSeverityNumber ?? 0) &&
        (query.service === undefined ||
          record.resource.attributes[SERVICE_NAME] === query.service) &&
        Object.entries(query.attributes ?? {}).every(
          ([name, value]) => String(record.attributes[name]) === value,
        ) &&
        words.every((word) => wordsOf(record.body).has(word)),
    );
    const start = Number(query.cursor ?? 0);
    const end = start + query.limit;
    return {
      records: found.slice(start, end),
      nextCursor: end < found.length ? String(end) : undefined,
    };
  }
}
