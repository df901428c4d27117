import {
  BatchQueue,
  type Clock,
  LOG_LEVELS,
  type Log,
  type LogLevel,
  type LogRecord,
  type LogStore,
  type Resource,
  severityNumberOf,
  silentLog,
  type SpanContext,
} from '@dwcp/core';

import {
  DEFAULT_FIELD_LIMITS,
  DEFAULT_REDACTED_NAMES,
  FieldFlattener,
  type FieldLimits,
  shorten,
} from './fields.ts';
import { type LogFields, type Logger, loggerOver } from './logger.ts';
import { parsePinoLine } from './pino-line.ts';
import { type TailFilter, tailMatcher } from './tail.ts';

export interface LogPipelineOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  /** What the records are of: `service.name`, `cloud.region`, `host.name`. */
  readonly resource: Resource;
  /** For the pipeline's own troubles. Must not lead back into this pipeline. */
  readonly log?: Log;
  /** The trace a record belongs to. */
  readonly activeContext?: () => SpanContext | undefined;
  /** Lowest level kept. Default `trace`; can be changed while running. */
  readonly minLevel?: LogLevel;
  /** Records waiting for the store at most. Default 20,000. */
  readonly queueCapacity?: number;
  readonly limits?: Partial<FieldLimits>;
  /** Field names whose values are replaced. Default: DEFAULT_REDACTED_NAMES. */
  readonly redactedNames?: readonly string[];
}

export interface LogPipelineStats {
  readonly name: 'logs';
  readonly waiting: number;
  readonly capacity: number;
  readonly written: number;
  /** Records lost because the queue was full or closed. */
  readonly dropped: number;
  readonly failedWrites: number;
  /** Bodies and fields that were cut or left out by the limits. */
  readonly cut: number;
}

interface Tail {
  readonly matches: (record: LogRecord) => boolean;
  readonly listener: (record: LogRecord) => void;
}

/**
 * Where log records come together: loggers of the host, lines of pino, records from outside. They
 * go to the store in batches and to live tails at once.
 */
export class LogPipeline implements AsyncDisposable {
  readonly #options: LogPipelineOptions;
  readonly #flattener: FieldFlattener;
  readonly #limits: FieldLimits;
  readonly #capacity: number;
  readonly #queue: BatchQueue<LogRecord>;
  readonly #tails = new Set<Tail>();
  #minSeverityNumber: number;
  #cut = 0;

  constructor(options: LogPipelineOptions) {
    const { store, clock, log = silentLog } = options;
    this.#options = options;
    this.#limits = { ...DEFAULT_FIELD_LIMITS, ...options.limits };
    this.#flattener = new FieldFlattener(
      this.#limits,
      options.redactedNames ?? DEFAULT_REDACTED_NAMES,
    );
    this.#capacity = options.queueCapacity ?? 20_000;
    this.#minSeverityNumber = severityNumberOf(options.minLevel ?? 'trace');
    this.#queue = new BatchQueue({
      clock,
      capacity: this.#capacity,
      batchSize: 1_000,
      delayMs: 200,
      write: (records) => store.append(records),
      onError: (err) => log.warn({ err }, 'log records could not be stored, trying again'),
    });
  }

  /** Lowest level kept; setting it takes effect at once. */
  get minLevel(): LogLevel {
    return LOG_LEVELS[(this.#minSeverityNumber - 1) / 4] ?? 'trace';
  }

  set minLevel(level: LogLevel) {
    this.#minSeverityNumber = severityNumberOf(level);
  }

  /** @param scopeName the part of the program that speaks */
  logger(scopeName: string, fields: LogFields = {}): Logger {
    return loggerOver(
      (level, message, fieldSets) => this.#emit(scopeName, level, message, fieldSets),
      [fields],
    );
  }

  /** Stores records made elsewhere and resolves once they are durable. @throws BackendError */
  async ingest(records: readonly LogRecord[]): Promise<void> {
    await this.#options.store.append(records);
    for (const record of records) this.#tell(record);
  }

  /** Calls the listener with each new record that fits, until disposed. It must not block. */
  tail(filter: TailFilter, listener: (record: LogRecord) => void): Disposable {
    const tail: Tail = { matches: tailMatcher(filter), listener };
    this.#tails.add(tail);
    return { [Symbol.dispose]: () => this.#tails.delete(tail) };
  }

  /** A destination for pino: its JSON lines become records. `write` takes one or more lines. */
  pinoDestination(scopeName = 'pino'): { write(lines: string): void } {
    return {
      write: (lines) => {
        for (const line of String(lines).split('\n')) {
          if (line !== '') this.#takePinoLine(scopeName, line);
        }
      },
    };
  }

  /** Resolves when every record taken before the call is stored. @throws BackendError */
  flush(): Promise<void> {
    return this.#queue.flush();
  }

  stats(): LogPipelineStats {
    return { name: 'logs', capacity: this.#capacity, ...this.#queue.stats(), cut: this.#cut };
  }

  /** Stores what waits within the limit, then refuses further records, counting them. */
  async close(options: { readonly timeoutMs: number }): Promise<void> {
    this.#tails.clear();
    await this.#queue.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ timeoutMs: 5_000 });
  }

  #emit(
    scopeName: string,
    level: LogLevel,
    message: string,
    fieldSets: readonly LogFields[],
  ): void {
    if (severityNumberOf(level) < this.#minSeverityNumber) return;
    const now = this.#options.clock.nowUnixNano();
    this.#take(scopeName, level, message, fieldSets, {
      timeUnixNano: now,
      observedTimeUnixNano: now,
      ...this.#traceIds(),
    });
  }

  #traceIds(): Pick<LogRecord, 'traceId' | 'spanId'> {
    try {
      const context = this.#options.activeContext?.();
      return context === undefined ? {} : { traceId: context.traceId, spanId: context.spanId };
    } catch {
      return {};
    }
  }

  #takePinoLine(scopeName: string, line: string): void {
    const { level, message, timeUnixMs, traceId, spanId, fields } = parsePinoLine(line);
    if (severityNumberOf(level) < this.#minSeverityNumber) return;
    const now = this.#options.clock.nowUnixNano();
    this.#take(scopeName, level, message, [fields], {
      timeUnixNano: timeUnixMs === undefined ? now : BigInt(Math.trunc(timeUnixMs)) * 1_000_000n,
      observedTimeUnixNano: now,
      ...(traceId === undefined ? {} : { traceId }),
      ...(spanId === undefined ? {} : { spanId }),
    });
  }

  #take(
    scopeName: string,
    level: LogLevel,
    message: string,
    fieldSets: readonly LogFields[],
    rest: Pick<LogRecord, 'timeUnixNano' | 'observedTimeUnixNano' | 'traceId' | 'spanId'>,
  ): void {
    const { attributes, cut } = this.#flattener.flatten(fieldSets);
    const text = typeof message === 'string' ? message : textOf(message);
    const body = shorten(text, this.#limits.bodyLength);
    this.#cut += cut + (body === text ? 0 : 1);
    const record: LogRecord = {
      ...rest,
      severityNumber: severityNumberOf(level),
      severityText: level.toUpperCase(),
      body,
      attributes,
      resource: this.#options.resource,
      scope: { name: scopeName },
    };
    this.#queue.push(record);
    this.#tell(record);
  }

  #tell(record: LogRecord): void {
    for (const { matches, listener } of this.#tails) {
      if (!matches(record)) continue;
      try {
        listener(record);
      } catch (err) {
        // A reader's fault is not the writer's.
        (this.#options.log ?? silentLog).warn({ err }, 'a log tail listener failed');
      }
    }
  }
}

/** Hosts without types hand in anything as a message. */
function textOf(message: unknown): string {
  try {
    return message instanceof Error ? message.message : String(message);
  } catch {
    return typeof message;
  }
}
