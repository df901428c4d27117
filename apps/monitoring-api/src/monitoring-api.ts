import { hostname } from 'node:os';

import { type AlertExplanation, type ApiIncident, type IncidentsQuery } from '@dwcp/alerting';
import { type Alert, type Instruments, type LogLevel, type SpanContext } from '@dwcp/core';
import { type Logger } from '@dwcp/log-aggregator';
import { type ActiveSpan, type SpanOptions } from '@dwcp/tracing';

import { explainAlert } from './api/explain-alert.ts';
import { type AlertFilter, getAlerts } from './api/get-alerts.ts';
import { getIncidents } from './api/get-incidents.ts';
import { getMetrics, type MetricsRequest, type MetricsResult } from './api/get-metrics.ts';
import { getTraces, type TraceFilter, type TraceList } from './api/get-traces.ts';
import {
  acknowledgeAlert,
  type AlertAcknowledgement,
  type AlertResolve,
  type AlertTrigger,
  resolveAlert,
  triggerAlert,
} from './api/handle-alert.ts';
import { type Moment } from './api/moment.ts';
import { getRegionHealth, type RegionHealth } from './api/region-health.ts';
import { toSampleLabels } from './api/sample-labels.ts';
import { getSlaCompliance, type SlaCompliance } from './api/sla-compliance.ts';
import { parseConfig } from './config/parse-config.ts';
import { type MonitoringOptions } from './config/schema.ts';
import { codeSource } from './config/source.ts';
import { type AlertingRuntime } from './runtime/alerting/alerting.ts';
import { bindRuntime } from './runtime/runtime-of.ts';
import { Runtime } from './runtime/runtime.ts';
// Types only: the server is loaded when it is asked for.
import type { ListenOptions, RunningServer } from './server/start-server.ts';

/** What `recordTrace` gives: the context to hand on, and how to end it. */
export interface RecordedTrace {
  readonly context: SpanContext;
  readonly span: ActiveSpan;
  /** Ends the span; an error marks it as failed. */
  finish(error?: unknown): void;
}

export interface LogInput {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface Cancellable {
  /** Stops the query. */
  readonly signal?: AbortSignal;
}

const CLOSE_TIMEOUT_MS = 5_000;

/**
 * Monitoring inside a program: metrics, traces, logs and alerts in one object, stored on this
 * machine's disk.
 *
 * After construction and `initialize` nothing here throws into the host: what cannot be recorded is
 * counted in the status. Nothing here keeps the host's event loop alive either.
 */
export class MonitoringAPI implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #log: Logger;

  /** @throws ConfigError with every problem at once */
  constructor(options: MonitoringOptions) {
    const cwd = process.cwd();
    const config = parseConfig({
      sources: [codeSource(options, cwd)],
      cwd,
      hostname: hostname(),
    });
    this.#runtime = new Runtime({ config });
    this.#log = this.#runtime.logs.logger(config.service);
    bindRuntime(this, this.#runtime);
  }

  /**
   * Opens the stores and begins to watch. May be called again. What was recorded before waits in
   * bounded queues.
   * @throws BackendError when another process uses the data directory or it cannot be opened
   * @throws RuleFileError when a rule file is wrong
   */
  initialize(): Promise<void> {
    return this.#runtime.initialize();
  }

  /** Counters, gauges, histograms and summaries; collected every `collection.intervalMs`. */
  get instruments(): Instruments {
    return this.#runtime.instruments;
  }

  /** A structured logger whose records carry the active trace. */
  logger(scopeName: string, fields?: Readonly<Record<string, unknown>>): Logger {
    return this.#runtime.logs.logger(scopeName, fields);
  }

  /** Give it to pino as destination: its lines become log records. */
  pinoDestination(scopeName?: string): { write(lines: string): void } {
    return this.#runtime.logs.pinoDestination(scopeName);
  }

  /**
   * Records a sample of this moment, as of a gauge: the last value counts, and PromQL sees it for
   * five minutes. The labels region, instance and job are added. For counters and histograms use
   * `instruments`.
   */
  recordMetric(name: string, value: number, labels: Readonly<Record<string, string>> = {}): void {
    try {
      const sample = toSampleLabels(name, value, labels, this.#runtime.labels);
      this.#runtime.samples.push(sample, this.#runtime.clock.nowUnixMs(), value);
    } catch (error) {
      this.#runtime.countRecordError(error);
    }
  }

  /** Begins a span that the caller ends. A child of the active span, if there is one. */
  recordTrace(name: string, options: SpanOptions = {}): RecordedTrace {
    const span = this.#runtime.tracer.startSpan(String(name), options);
    return {
      context: span.context,
      span,
      finish: (error?: unknown) => {
        if (error !== undefined) span.recordException(error);
        span.end();
      },
    };
  }

  /**
   * Runs a function inside a span: what it records and logs belongs to the trace, and the span ends
   * with it. Its errors are recorded and passed on.
   */
  trace<T>(name: string, fn: (span: ActiveSpan) => T, options: SpanOptions = {}): T {
    return this.#runtime.tracer.withSpan(name, options, fn);
  }

  /** Runs a function with a context active, such as that of `recordTrace`. */
  runInContext<T>(context: SpanContext, fn: () => T): T {
    return this.#runtime.tracer.run(context, fn);
  }

  /** The trace the running call belongs to. */
  activeContext(): SpanContext | undefined {
    return this.#runtime.tracer.activeContext();
  }

  recordLog(record: LogInput): void;
  recordLog(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  recordLog(
    first: LogInput | LogLevel,
    message = '',
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    try {
      const record = typeof first === 'string' ? { level: first, message, fields } : first;
      this.#log.log(record.level, String(record.message), record.fields ?? {});
    } catch (error) {
      this.#runtime.countRecordError(error);
    }
  }

  /**
   * Series of a metric or of a PromQL expression, over a range of time.
   * @throws InvalidInputError for a request that is wrong
   * @throws QueryError when the expression is wrong, or was cancelled
   */
  getMetrics(request: MetricsRequest, options: Cancellable = {}): Promise<MetricsResult> {
    return getMetrics(this.#runtime, request, options);
  }

  /** Traces, newest first. @throws InvalidInputError for a filter that is wrong */
  getTraces(filter: TraceFilter = {}, options: Cancellable = {}): Promise<TraceList> {
    return getTraces(this.#runtime, filter, options);
  }

  /** Alerts that are pending or firing. */
  async getAlerts(filter: AlertFilter = {}, options: Cancellable = {}): Promise<readonly Alert[]> {
    options.signal?.throwIfAborted();
    return getAlerts(this.#runtime, filter);
  }

  /**
   * Raises an alert by hand; one with the same labels that fires is changed.
   * @returns the fingerprint under which receivers and the HTTP API know it
   * @throws InvalidInputError for what is no alert, BackendError while alerting is not open
   */
  triggerAlert(trigger: AlertTrigger): Promise<{ readonly fingerprint: string }> {
    return triggerAlert(this.#runtime, trigger);
  }

  /**
   * Ends an alert by hand. A rule's alert stays over until its condition ended and came again.
   * @throws AlertNotFoundError when no such alert fires, InvalidInputError where nobody is named
   */
  resolveAlert(resolve: AlertResolve): Promise<void> {
    return resolveAlert(this.#runtime, resolve);
  }

  /**
   * Somebody sees to an alert or an incident: escalation and repeats stop until the time is over, or
   * the alerts are.
   * @throws IncidentNotFoundError when it does not fire, InvalidInputError where nobody is named
   */
  acknowledgeAlert(acknowledgement: AlertAcknowledgement): Promise<void> {
    return acknowledgeAlert(this.#runtime, acknowledgement);
  }

  /** Incidents, the last that opened first: of the state `open` or `acknowledged` unless it is named. */
  async getIncidents(
    filter: IncidentsQuery = {},
    options: Cancellable = {},
  ): Promise<{ readonly items: readonly ApiIncident[]; readonly nextCursor: string | null }> {
    options.signal?.throwIfAborted();
    return getIncidents(this.#runtime, filter);
  }

  /** The state of the whole in one word, with every rule that holds, the worst first. */
  getAlertLevel(): ReturnType<AlertingRuntime['level']> {
    return this.#runtime.requireAlerting().level();
  }

  /**
   * Why an alert fired or did not at a moment, and was sent or was not.
   * @param alert a name, labels such as `{alertname="HostDown"}`, both, or a fingerprint
   * @throws InvalidInputError for an alert or a moment that cannot be read
   */
  async explainAlert(
    alert: string,
    options: { readonly at?: Moment } & Cancellable = {},
  ): Promise<AlertExplanation> {
    options.signal?.throwIfAborted();
    return await explainAlert(this.#runtime, alert, options.at);
  }

  /** How a region is doing, judged by what is known of it; the inputs say what that is. */
  getRegionHealth(
    region: string = this.#runtime.config.region,
    options: Cancellable = {},
  ): Promise<RegionHealth> {
    return getRegionHealth(this.#runtime, region, options);
  }

  /** How an objective of `slos` stands. @throws InvalidInputError naming the known ids */
  getSlaCompliance(id: string, options: Cancellable = {}): Promise<SlaCompliance> {
    return getSlaCompliance(this.#runtime, id, options);
  }

  /** How the platform itself is doing, as `/api/v1/status` shows it. */
  status(): ReturnType<Runtime['status']> {
    return this.#runtime.status();
  }

  /**
   * Serves the REST API and the console. Unlike a server of your own it does not keep the process
   * alive. Default: `server.host` and `server.port` of the configuration, or the next free port.
   * @throws BackendError when it cannot listen
   */
  async listen(options: ListenOptions = {}): Promise<RunningServer> {
    const { startServer } = await import('./server/start-server.ts');
    return startServer(this.#runtime, options);
  }

  /** Resolves when everything recorded so far is durable. @throws BackendError when that failed */
  flush(): Promise<void> {
    return this.#runtime.flush();
  }

  /** Stores what waits within the limit (default 5 s), and lets go of everything. May be called again. */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#runtime.close({ timeoutMs: options.timeoutMs ?? CLOSE_TIMEOUT_MS });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
