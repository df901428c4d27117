import {
  isStale,
  Labels,
  type MetricQuery,
  type Notification,
  type Notifier,
  QueryError,
  type RangeQuery,
  type QueryResult,
  type QueryValue,
  SampleBatchBuilder,
} from '@dwcp/core';
import { type MemoryMetricStore } from '@dwcp/testing';

/** Answers each expression with what a test put there. */
export class FakeQuery implements MetricQuery {
  readonly answers = new Map<string, QueryValue | Error>();
  readonly asked: { readonly expression: string; readonly unixMs: number }[] = [];

  /** An instant vector of label sets with values. */
  set(
    expression: string,
    ...elements: readonly (readonly [Record<string, string>, number])[]
  ): void {
    const samples = elements.map(([labels, value]) => ({
      labels: Labels.from(labels),
      unixMs: 0,
      value,
    }));
    this.answers.set(expression, { kind: 'vector', samples });
  }

  async instant(query: {
    readonly expression: string;
    readonly unixMs: number;
  }): Promise<QueryResult> {
    this.asked.push(query);
    const value = this.answers.get(query.expression);
    if (value instanceof Error) throw value;
    if (value === undefined) throw new QueryError('execution', `no answer to ${query.expression}`);
    return { value, warnings: [], infos: [] };
  }

  range(_query: RangeQuery): Promise<QueryResult> {
    return Promise.reject(new Error('rules ask no ranges'));
  }
}

/** Keeps what it is told. */
export class FakeNotifier implements Notifier {
  readonly name: string;
  readonly received: Notification[] = [];
  /** Thrown by the next calls, one each. */
  readonly failures: Error[] = [];

  constructor(name = 'fake') {
    this.name = name;
  }

  async notify(notification: Notification): Promise<void> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    this.received.push(notification);
  }

  /** `firing A{i="1"}` of every alert received, in order. */
  get lines(): readonly string[] {
    return this.received.flatMap(({ alerts }) =>
      alerts.map(({ labels, state }) => `${state.kind} ${labels.toString()}`),
    );
  }
}

export async function write(
  store: MemoryMetricStore,
  rows: readonly (readonly [Record<string, string>, number, number | 'stale'])[],
): Promise<void> {
  const batch = new SampleBatchBuilder();
  for (const [labels, unixMs, value] of rows) {
    if (value === 'stale') batch.addStale(Labels.from(labels), unixMs);
    else batch.add(Labels.from(labels), unixMs, value);
  }
  await store.append(batch.build());
}

/** `{a="b"} 1 1 stale` of each series of a metric. */
export async function dump(
  store: MemoryMetricStore,
  metricName: string,
): Promise<readonly string[]> {
  const series = await store.select({
    matchers: [{ name: '__name__', operator: '=', value: metricName }],
    startUnixMs: -Infinity,
    endUnixMs: Infinity,
  });
  return series.map(({ labels, values }) => {
    const texts = Array.from(values, (value, index) => (isStale(values, index) ? 'stale' : value));
    return `${labels.withoutName().toString()} ${texts.join(' ')}`;
  });
}
