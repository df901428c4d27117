import { join } from 'node:path';

import { type RuleManager } from '@dwcp/alerting';
import { type QueueStatus, type Status } from '@dwcp/api-schema';
import {
  type AppendResult,
  BackendError,
  CLOUD_REGION,
  type Clock,
  HOST_NAME,
  type Log,
  type MetricQuery,
  type Resource,
  SampleBatchBuilder,
  SERVICE_NAME,
  systemClock,
} from '@dwcp/core';
import { LogPipeline } from '@dwcp/log-aggregator';
import {
  CollectionLoop,
  HostCollector,
  InstrumentRegistry,
  joinExpositions,
  type MetricCollector,
  OtlpMetricsTranslator,
  ProcessCollector,
  Pushgateway,
  renderCollectors,
  Scraper,
} from '@dwcp/metrics-collector';
import { type ForwarderStatus, type RemoteWriteForwarder } from '@dwcp/metrics-forwarder';
import { CachedQuery, PromqlEngine } from '@dwcp/promql';
import { type DirectoryLock } from '@dwcp/segments';
import { Tracer } from '@dwcp/tracing';

import { type Config } from '../config/config.ts';
import { version } from '../version.ts';
import { alertingCollector } from './alerting/alerting-collector.ts';
import { AlertingRuntime } from './alerting/alerting.ts';
import { ClockWatch } from './clock-watch.ts';
import { ConfigReload } from './config-reload.ts';
import { Deadline } from './deadline.ts';
import { DeferredLogStore, DeferredMetricStore, DeferredTraceStore } from './deferred-stores.ts';
import { startForwarding } from './forwarding.ts';
import { countCacheOutcomes, MeasuredQuery } from './measured-query.ts';
import { openStores, withFix } from './open-stores.ts';
import { platformCollector } from './platform-collector.ts';
import { type LogDestination, makeLog } from './platform-log.ts';
import { FilePushStorage } from './push-storage.ts';
import { QueryWorkers } from './query-workers/query-workers.ts';
import { Retention } from './retention.ts';
import { forwardingQueues, statusOf } from './runtime-status.ts';
import { SampleQueue } from './sample-queue.ts';

export interface RuntimeOptions {
  readonly config: Config;
  readonly clock?: Clock;
  /** Reads the configuration anew; without it there is nothing to reload. */
  readonly readConfig?: () => Promise<Config>;
  /** Gets the platform's log beside the log store, such as stdout. */
  readonly logDestination?: LogDestination;
}

/** What a query may take on the main thread, about; where it needs more, a worker tries again. */
const LIGHT_QUERY_BYTES = 64 * 1024 ** 2;

type State = 'new' | 'starting' | 'running' | 'closing' | 'closed';

/**
 * All parts of the platform, joined. What records is there from the start and queues; what reads
 * needs `initialize`.
 */
export class Runtime {
  readonly config: Config;
  readonly clock: Clock;
  /** The platform's own log. */
  readonly log: Log;
  readonly instruments: InstrumentRegistry;
  readonly metricStore = new DeferredMetricStore();
  readonly logStore = new DeferredLogStore();
  readonly traceStore = new DeferredTraceStore();
  readonly query: MetricQuery;
  readonly tracer: Tracer;
  readonly logs: LogPipeline;
  readonly samples: SampleQueue;
  /** Turns OTLP metrics into series; knows the sums of deltas. */
  readonly otlpMetrics: OtlpMetricsTranslator;
  readonly reload: ConfigReload;
  /** On every series of this process. */
  readonly labels: { readonly region: string; readonly instance: string; readonly job: string };

  readonly #outerLog: Log;
  readonly #queryWorkers: QueryWorkers;
  readonly #startedUnixMs: number;
  readonly #startedMs: number;
  readonly #rejected = new Map<string, number>();
  readonly #closers: AsyncDisposable[] = [];
  #recordErrors = 0;
  #state: State = 'new';
  #initialized: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #lock: DirectoryLock | undefined;
  #loop: CollectionLoop | undefined;
  #process: ProcessCollector | undefined;
  #host: HostCollector | undefined;
  #scraper: Scraper | undefined;
  #alerting: AlertingRuntime | undefined;
  #pushgateway: Pushgateway | undefined;
  #forwarders: readonly RemoteWriteForwarder[] = [];
  #listening = '';
  #runningSinceUnixMs = 0;
  #lastIdleFlushMs = Number.NEGATIVE_INFINITY;

  constructor(options: RuntimeOptions) {
    const { config, clock = systemClock, logDestination } = options;
    this.config = config;
    this.clock = clock;
    this.#startedUnixMs = clock.nowUnixMs();
    this.#startedMs = clock.monotonicMs();
    this.labels = { region: config.region, instance: config.instance, job: config.service };
    const resource: Resource = {
      attributes: {
        [SERVICE_NAME]: config.service,
        [CLOUD_REGION]: config.region,
        [HOST_NAME]: config.instance,
      },
    };

    // What goes wrong while storing logs must not become more logs to store.
    const { level } = config.logging;
    const outer = logDestination === undefined ? [] : [logDestination];
    this.#outerLog = makeLog(level, outer, () => undefined);

    this.instruments = new InstrumentRegistry({ clock });
    this.otlpMetrics = new OtlpMetricsTranslator({
      clock,
      instruments: this.instruments,
      region: config.region,
    });
    this.tracer = new Tracer({ store: this.traceStore, clock, resource, log: this.#outerLog });
    const activeContext = () => this.tracer.activeContext();
    this.logs = new LogPipeline({
      store: this.logStore,
      clock,
      resource,
      log: this.#outerLog,
      activeContext,
    });
    this.log = makeLog(level, [this.logs.pinoDestination('dwcp'), ...outer], activeContext);
    this.reload = this.#makeReload(options.readConfig);
    this.samples = new SampleQueue({
      store: this.metricStore,
      clock,
      onResult: (result) => this.countRejected(result),
      onError: (err) => this.log.warn({ err }, 'samples could not be stored, trying again'),
    });
    const { maxSamples, timeoutMs, workers, maxConcurrent } = config.query;
    this.#queryWorkers = new QueryWorkers({
      engine: new PromqlEngine({ store: this.metricStore, clock, maxSamples, timeoutMs }),
      lightEngine: new PromqlEngine({
        store: this.metricStore,
        clock,
        maxSamples,
        maxMemoryBytes: LIGHT_QUERY_BYTES,
        timeoutMs,
      }),
      clock,
      log: this.log,
      instruments: this.instruments,
      workers,
      maxWaiting: maxConcurrent,
      maxSamples,
      timeoutMs,
    });
    const { cacheMaxBytes: maxBytes } = config.query;
    const cached =
      maxBytes === 0
        ? this.#queryWorkers
        : new CachedQuery({
            query: this.#queryWorkers,
            changes: this.metricStore,
            clock,
            maxBytes,
            onAnswer: countCacheOutcomes(this.instruments),
          });
    this.query = new MeasuredQuery(cached, clock, this.instruments);
  }

  #makeReload(readConfig: (() => Promise<Config>) | undefined): ConfigReload {
    return new ConfigReload({
      readConfig,
      apply: async (config) => {
        const files = await AlertingRuntime.readFiles(config, this);
        // What may fail still comes first.
        await this.#alerting?.reload(files);
        await this.#scraper?.reload(config.scrapeJobs);
      },
      clock: this.clock,
      instruments: this.instruments,
      log: this.log,
    });
  }

  /**
   * Opens the stores and starts to watch. Again: the same promise; after a failure it may be tried
   * anew.
   * @throws BackendError when the data directory is in use or a store cannot be opened
   * @throws RuleFileError when a rule file is wrong
   */
  initialize(): Promise<void> {
    if (this.#state === 'closing' || this.#state === 'closed') {
      return Promise.reject(new Error('this MonitoringAPI was closed'));
    }
    this.#initialized ??= this.#initialize().catch((error: unknown) => {
      this.#initialized = undefined;
      if (this.#state === 'starting') this.#state = 'new';
      throw error;
    });
    return this.#initialized;
  }

  async #initialize(): Promise<void> {
    this.#state = 'starting';
    const { config, clock } = this;
    const alertingFiles = await AlertingRuntime.readFiles(config, this);
    // They stay open when what follows fails, for another try or the close.
    if (this.#lock === undefined) await this.#openStores();
    await using opening = new AsyncDisposableStack();

    const { collection } = config;
    const loop = new CollectionLoop({
      store: this.metricStore,
      clock,
      intervalMs: collection.intervalMs,
      labels: this.labels,
      instruments: this.instruments,
      log: this.log,
    });
    for (const collector of this.#ownCollectors()) loop.register(collector);
    if (collection.process) {
      this.#process = opening.use(new ProcessCollector({ clock }));
      loop.register(this.#process);
    }
    if (collection.host) loop.register(new HostCollector({ clock }), { job: 'host' });
    this.#loop = loop;
    const { pushgateway } = config;
    if (pushgateway.enabled) {
      const opened = await Pushgateway.open({
        clock,
        instruments: this.instruments,
        log: this.log,
        storage: new FilePushStorage({
          dir: join(config.dataDir, 'pushgateway'),
          log: this.#outerLog,
        }),
        maxBodyBytes: config.server.bodyLimitBytes,
        maxGroups: pushgateway.maxGroups,
        maxSeries: pushgateway.maxSeries,
        ...(pushgateway.timeToLiveMs === undefined
          ? {}
          : { timeToLiveMs: pushgateway.timeToLiveMs }),
      });
      this.#pushgateway = opened;
      opening.defer(async () => {
        this.#pushgateway = undefined;
        await opened[Symbol.asyncDispose]();
      });
      // Job and instance are those of each push.
      loop.register(opened);
    }
    const forwarders = await startForwarding({
      config,
      feed: this.metricStore.feed,
      metadata: () => this.metricStore.metadata(),
      clock,
      log: this.log,
      instruments: this.instruments,
    });
    for (const forwarder of forwarders) opening.use(forwarder);
    this.#forwarders = forwarders;

    this.#scraper = new Scraper({
      jobs: config.scrapeJobs,
      store: this.metricStore,
      clock,
      instruments: this.instruments,
      log: this.log,
      externalLabels: { region: config.region },
    });
    this.#alerting = await AlertingRuntime.open(
      {
        config,
        query: this.query,
        store: this.metricStore,
        logs: this.logStore,
        clock,
        log: this.log,
        instruments: this.instruments,
        externalUrl: () => this.externalUrl,
      },
      alertingFiles,
    ).catch((error: unknown) => {
      throw withFix(error);
    });
    const retention = new Retention({
      logs: this.logStore,
      traces: this.traceStore,
      logsMs: config.retention.logsMs,
      tracesMs: config.retention.tracesMs,
      clock,
      log: this.log,
    });

    opening.move();
    loop.start({ atOnce: true });
    this.#scraper.start();
    this.#alerting.start();
    this.#closers.push(loop, this.#scraper, ...this.#forwarders);
    if (this.#pushgateway !== undefined) this.#closers.push(this.#pushgateway);
    const clockWatch = new ClockWatch({ clock, log: this.log });
    this.#closers.push({
      [Symbol.asyncDispose]: async () => {
        retention[Symbol.dispose]();
        clockWatch[Symbol.dispose]();
        this.#process?.[Symbol.dispose]();
      },
    });
    process.on('beforeExit', this.#onBeforeExit);
    this.#state = 'running';
    this.#runningSinceUnixMs = clock.nowUnixMs();

    const unconnected = config.backends.filter(({ configured }) => configured);
    if (unconnected.length > 0) {
      this.log.warn(
        { backends: unconnected.map(({ name }) => name) },
        'configured servers are not connected: this version keeps everything in the embedded stores',
      );
    }
    this.log.info(
      { version, region: config.region, dataDir: config.dataDir },
      'monitoring started',
    );
  }

  async #openStores(): Promise<void> {
    const { config, clock, log } = this;
    const opened = await openStores({ config, clock, log, storeLog: this.#outerLog });
    this.#lock = opened.lock;
    this.metricStore.open(opened.metrics);
    this.#queryWorkers.open(opened.metrics);
    this.logStore.open(opened.logs);
    this.traceStore.open(opened.traces);
  }

  /** The last chance before a process ends by itself: nothing here would keep it alive. */
  readonly #onBeforeExit = (): void => {
    const nowMs = this.clock.monotonicMs();
    // Flushing is work, after which the event comes again; a second time there is nothing to do.
    if (this.#waiting() === 0 && nowMs - this.#lastIdleFlushMs < 1_000) return;
    this.flush()
      .catch(() => undefined)
      .finally(() => {
        this.#lastIdleFlushMs = this.clock.monotonicMs();
      });
  };

  /**
   * Resolves when everything recorded before the call is durable.
   * @throws BackendError when it could not be stored
   */
  async flush(): Promise<void> {
    if (this.#state !== 'running') return;
    await Promise.all([
      this.#collectInstruments(),
      this.samples.flush(),
      this.logs.flush(),
      this.tracer.flush(),
    ]);
  }

  /** What instruments hold now, and not only at the next tick. */
  async #collectInstruments(): Promise<void> {
    const batch = new SampleBatchBuilder();
    this.instruments.collect(batch, this.clock.nowUnixMs(), this.labels);
    if (batch.size > 0) this.countRejected(await this.metricStore.append(batch.build()));
  }

  /** Stores what waits within the limit and lets go of everything. Again: the same promise. */
  close(options: { readonly timeoutMs: number }): Promise<void> {
    if (this.#closed === undefined) {
      // Timers of ours keep nobody alive, and a program that waits for this may have no others.
      const alive = setInterval(() => undefined, 60_000);
      this.#closed = this.#close(options.timeoutMs).finally(() => clearInterval(alive));
    }
    return this.#closed;
  }

  async #close(timeoutMs: number): Promise<void> {
    const deadline = new Deadline(this.clock, timeoutMs);
    process.off('beforeExit', this.#onBeforeExit);
    // What is opening has to be open before it can be closed.
    if (this.#initialized !== undefined) await deadline.wait(this.#initialized);
    const wasRunning = this.#state === 'running';
    if (wasRunning) await deadline.wait(this.#collectInstruments());
    this.#state = 'closing';
    await deadline.wait(
      Promise.all([
        this.#alerting?.close({ timeoutMs: deadline.remainingMs }),
        ...this.#closers.map((part) => part[Symbol.asyncDispose]()),
      ]),
    );
    if (wasRunning) this.log.info({}, 'monitoring stopped');
    const queues = { timeoutMs: wasRunning ? deadline.remainingMs : 0 };
    await Promise.all([
      this.samples.close(queues),
      this.tracer.close(queues),
      this.logs.close(queues),
    ]);
    await deadline.wait(this.#queryWorkers[Symbol.asyncDispose]());
    // However late it is: a store that is not closed loses its place, not its data.
    const stores = [this.metricStore, this.logStore, this.traceStore];
    await deadline.wait(Promise.all(stores.map((store) => store[Symbol.asyncDispose]())));
    await this.#lock?.release();
    this.#state = 'closed';
  }

  /** Counts what the store refused. */
  countRejected({ rejected }: AppendResult): void {
    for (const [reason, count] of Object.entries(rejected)) {
      this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + count);
    }
  }

  /** Counts a call that was wrong; the first of a kind is logged. */
  countRecordError(err: unknown): void {
    this.#recordErrors++;
    if (this.#recordErrors <= 10) this.log.warn({ err }, 'a value could not be recorded');
  }

  uptimeSeconds(): number {
    return Math.round(this.clock.monotonicMs() - this.#startedMs) / 1_000;
  }

  /** Where the server answers, '' while there is none. */
  setListening(url: string): void {
    this.#listening = url;
  }

  get externalUrl(): string {
    const { server } = this.config;
    // The port may be another one than was asked for, and 0.0.0.0 is no address to open.
    const here = this.#listening || `http://${server.host}:${server.port}`;
    return (server.externalUrl ?? here).replace(/\/+$/, '');
  }

  get scraper(): Scraper | undefined {
    return this.#scraper;
  }

  /** @throws BackendError while it is not open */
  requirePushgateway(): Pushgateway {
    if (this.#pushgateway !== undefined) return this.#pushgateway;
    throw new BackendError('pushgateway', 'is not open yet', { retryable: true });
  }

  /** How sending on to other servers goes, by destination. */
  forwarding(): readonly ForwarderStatus[] {
    return this.#forwarders.map((forwarder) => forwarder.status());
  }

  get startedUnixMs(): number {
    return this.#startedUnixMs;
  }

  get rules(): RuleManager | undefined {
    return this.#alerting?.rules;
  }

  get alerting(): AlertingRuntime | undefined {
    return this.#alerting;
  }

  /** @throws BackendError while it is not open */
  requireAlerting(): AlertingRuntime {
    if (this.#alerting !== undefined) return this.#alerting;
    throw new BackendError('alerting', 'is not open yet', { retryable: true });
  }

  /** Why the work cannot be done; empty when it can. */
  notReadyReasons(): readonly string[] {
    switch (this.#state) {
      case 'new':
        return ['initialize was not called or failed'];
      case 'starting':
        return ['the stores are being opened'];
      case 'closing':
        return ['the platform is closing'];
      case 'closed':
        return ['the platform is closed'];
      case 'running':
        return this.#stalled();
    }
  }

  #stalled(): readonly string[] {
    // A tick may wait for a slow disk; ten in a row mean that nothing is watched.
    const limitMs = Math.max(10_000, this.config.collection.intervalMs * 10);
    const nowUnixMs = this.clock.nowUnixMs();
    const last = Math.max(
      this.#runningSinceUnixMs,
      ...(this.#loop?.status() ?? []).map(({ lastRunUnixMs }) => lastRunUnixMs ?? 0),
    );
    const sinceMs = nowUnixMs - last;
    const failure = this.metricStore.appendFailure;
    return [
      ...(sinceMs > limitMs ? [`nothing was collected for ${Math.round(sinceMs / 1_000)} s`] : []),
      ...(failure === undefined ? [] : [`samples cannot be stored: ${withoutPath(failure)}`]),
    ];
  }

  status(): Status {
    const alerting = this.#alerting?.status();
    return { ...this.#ownStatus(), ...(alerting === undefined ? {} : { alerting }) };
  }

  /** Without what takes long to find, for every second. */
  #ownStatus(): Omit<Status, 'alerting'> {
    return statusOf(this, {
      queues: this.#queues(),
      listening: this.#listening,
      rejectedSamples: this.#rejected,
      recordErrors: this.#recordErrors,
    });
  }

  #queues(): readonly QueueStatus[] {
    return [
      this.samples.stats(),
      ...(this.#loop === undefined ? [] : [{ name: 'collections', ...this.#loop.queueStats() }]),
      this.logs.stats(),
      this.tracer.stats(),
      ...forwardingQueues(this.forwarding()),
      ...(this.#alerting?.queues() ?? []),
    ];
  }

  /** What `flush` would store. What is sent to others waits for them, however long, and for the next start. */
  #waiting(): number {
    const queues = [this.samples.stats(), this.logs.stats(), this.tracer.stats()];
    return queues.reduce((sum, { waiting }) => sum + waiting, 0);
  }

  #ownCollectors(): readonly MetricCollector[] {
    return [
      platformCollector(() => this.#ownStatus()),
      alertingCollector(() => this.#alerting?.stats()),
    ];
  }

  /** The platform's and the process' metrics, for who scrapes us. */
  async exposeProcess(format: 'text' | 'openmetrics'): Promise<string> {
    const { clock } = this;
    const collectors = [...this.#ownCollectors()];
    // The one that the loop reads too: counters begin when a collector is made.
    if (this.#process !== undefined) collectors.push(this.#process);
    return joinExpositions(
      [
        await this.instruments.expose(format),
        await renderCollectors(collectors, format, { clock }),
      ],
      format,
    );
  }

  /** The host's metrics, named as node_exporter names them. */
  exposeHost(format: 'text' | 'openmetrics'): Promise<string> {
    const { clock } = this;
    this.#host ??= new HostCollector({ clock });
    return renderCollectors([this.#host], format, { clock });
  }
}

/** What the system said, for those who may ask without a token; the log has the path. */
function withoutPath({ cause, backend }: BackendError): string {
  const reason = cause instanceof Error ? /^E[A-Z0-9]+: [^,]+/.exec(cause.message)?.[0] : undefined;
  return reason ?? `the ${backend} failed, see the log`;
}
