import {
  AnchoredRegExp,
  CLOUD_REGION,
  type Clock,
  Labels,
  levelOf,
  type LogQuery,
  type LogRecord,
  type LogStore,
  type MetricStore,
  SampleBatchBuilder,
  SERVICE_NAME,
  severityNumberOf,
} from '@dwcp/core';

import { RuleEvaluationError } from '../rule-evaluation.ts';
import { labelOf } from './compile-condition.ts';
import { type CountedSearch, type LogSearch } from './condition.ts';

/** Most records that one count looks at. */
export const MAX_LOG_MATCHES = 50_000;
const MAX_GROUPS = 1_000;
const TIMEOUT_MS = 10_000;
/** How long a sample counts as current in PromQL. */
const LOOKBACK_MS = 5 * 60_000;

export interface LogCounterOptions {
  readonly counted: readonly CountedSearch[];
  readonly logs: Pick<LogStore, 'search'>;
  readonly store: Pick<MetricStore, 'append' | 'select'>;
  readonly clock: Clock;
  /** Labels as the rule's other series have them. */
  readonly storedLabels: (labels: Labels) => Labels;
}

/** Counts the log records that a rule asks about, and writes the counts as series. */
export class LogCounter {
  readonly #options: LogCounterOptions;
  readonly #patterns: ReadonlyMap<CountedSearch, AnchoredRegExp>;
  /** Series of the last count; undefined before the first. */
  #written: ReadonlyMap<string, Labels> | undefined;

  constructor(options: LogCounterOptions) {
    this.#options = options;
    this.#patterns = new Map(
      options.counted.flatMap((one) => {
        const { pattern } = one.search;
        return pattern === undefined
          ? []
          : [[one, new AnchoredRegExp(`.*(?:${pattern}).*`)] as const];
      }),
    );
  }

  /**
   * Counts and writes what there was in the windows that end at a moment, that moment included.
   * @throws BackendError, or RuleEvaluationError when a count takes too long or is too large
   */
  async write(unixMs: number, signal: AbortSignal): Promise<void> {
    const { counted, storedLabels, store } = this.#options;
    const before = this.#written ?? (await this.#ofEarlierProcess(unixMs, signal));
    const batch = new SampleBatchBuilder();
    const written = new Map<string, Labels>();
    for (const one of counted) {
      for (const { count, labels } of await this.#count(one, unixMs, signal)) {
        const stored = storedLabels(labels);
        written.set(stored.key, stored);
        batch.add(stored, unixMs, count);
      }
    }
    for (const [key, labels] of before) if (!written.has(key)) batch.addStale(labels, unixMs);
    const { rejected } = await store.append(batch.build(), { signal });
    this.#written = written;
    // The same count may be there already: another rule with the same search wrote it.
    const refused = Object.entries(rejected).find(
      ([reason, count]) => reason !== 'duplicate' && count > 0,
    );
    if (refused !== undefined) {
      throw new RuleEvaluationError(`the store refused log counts: ${refused[1]} ${refused[0]}`);
    }
  }

  /** Groups that an earlier process counted and that would be looked at for some minutes still. */
  async #ofEarlierProcess(
    unixMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Labels>> {
    const { counted, store } = this.#options;
    const found = new Map<string, Labels>();
    for (const { labels } of counted) {
      const matchers = Object.entries(labels).map(([name, value]) => ({
        name,
        operator: '=' as const,
        value,
      }));
      const query = { matchers, startUnixMs: unixMs - LOOKBACK_MS, endUnixMs: unixMs };
      const series = await store.select(query, { signal });
      for (const one of series) found.set(one.labels.key, one.labels);
    }
    return found;
  }

  async #count(
    counted: CountedSearch,
    unixMs: number,
    signal: AbortSignal,
  ): Promise<Iterable<{ readonly labels: Labels; readonly count: number }>> {
    const timeout = new AbortController();
    using _timer = this.#options.clock.schedule(TIMEOUT_MS, () => {
      const message = `log_count: the log store gave no answer within ${TIMEOUT_MS / 1_000} s; narrow the search or its window`;
      timeout.abort(new RuleEvaluationError(message));
    });
    const either = AbortSignal.any([signal, timeout.signal]);
    either.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(either.reason as Error);
    either.addEventListener('abort', abort);
    try {
      // A store that does not heed the signal must not hold up the rules behind this one.
      return await Promise.race([this.#walk(counted, unixMs, either), aborted.promise]);
    } finally {
      // With a listener it would be kept for as long as the group runs.
      either.removeEventListener('abort', abort);
    }
  }

  async #walk(
    counted: CountedSearch,
    unixMs: number,
    signal: AbortSignal,
  ): Promise<Iterable<{ readonly labels: Labels; readonly count: number }>> {
    const { search } = counted;
    const pattern = this.#patterns.get(counted);
    const series = Labels.from(counted.labels);
    const groups = new Map<string, { readonly labels: Labels; count: number }>();
    if (search.by.length === 0) groups.set(series.key, { labels: series, count: 0 });
    const query = logQuery(search, unixMs);
    let looked = 0;
    let cursor: string | undefined;
    do {
      const page = await this.#options.logs.search(
        { ...query, ...(cursor === undefined ? {} : { cursor }) },
        { signal },
      );
      signal.throwIfAborted();
      for (const record of page.records) {
        if (pattern?.test(record.body) === false) continue;
        const labels = groupLabels(series, record, search.by);
        const group = groups.get(labels.key);
        if (group === undefined) groups.set(labels.key, { labels, count: 1 });
        else group.count++;
      }
      if (groups.size > MAX_GROUPS) {
        throw new RuleEvaluationError(
          `log_count: by ${search.by.join(', ')} gives more than ${MAX_GROUPS} groups`,
        );
      }
      looked += page.records.length;
      cursor = page.nextCursor;
    } while (cursor !== undefined && looked < MAX_LOG_MATCHES);
    // Of a single count it is enough to know that it is above whatever it may be compared with.
    if (cursor !== undefined && (pattern !== undefined || search.by.length > 0)) {
      throw new RuleEvaluationError(
        `log_count: more than ${MAX_LOG_MATCHES} records to look at; narrow by query, level or service`,
      );
    }
    return groups.values();
  }
}

function logQuery(search: LogSearch, unixMs: number): LogQuery {
  const { labels, level, pattern, query, service, windowMs } = search;
  return {
    // Open on the left, as ranges of PromQL are.
    startUnixNano: nanoOf(unixMs - windowMs) + 1n,
    endUnixNano: nanoOf(unixMs) + 1n,
    ...(query === undefined ? {} : { text: query }),
    ...(level === undefined ? {} : { minSeverityNumber: severityNumberOf(level) }),
    ...(service === undefined ? {} : { service }),
    attributes: labels,
    // Patterns take time: other work gets its turn between pages.
    limit: pattern === undefined ? 10_000 : 1_000,
  };
}

function nanoOf(unixMs: number): bigint {
  return BigInt(Math.round(unixMs * 1_000)) * 1_000n;
}

function groupLabels(series: Labels, record: LogRecord, by: readonly string[]): Labels {
  if (by.length === 0) return series;
  const own = by.map((name) => [labelOf(name), attributeOf(record, name)] as const);
  return series.with(Object.fromEntries(own));
}

/** An attribute of the record, else of its resource; '' where neither has it. */
function attributeOf({ attributes, resource, severityNumber }: LogRecord, name: string): string {
  const own = attributes[name] ?? resource.attributes[name];
  if (own !== undefined) return String(own);
  if (name === 'service') return String(resource.attributes[SERVICE_NAME] ?? '');
  if (name === 'region') return String(resource.attributes[CLOUD_REGION] ?? '');
  return name === 'level' ? levelOf(severityNumber) : '';
}
