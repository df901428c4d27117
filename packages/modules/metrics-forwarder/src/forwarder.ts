import {
  type Clock,
  type FeedEntry,
  type FeedPosition,
  InvalidInputError,
  type Log,
  silentLog,
  systemClock,
} from '@dwcp/core';

import { BatchDelivery } from './batch-delivery.ts';
import { Delivery } from './delivery.ts';
import { messageOf } from './errors.ts';
import { every } from './every.ts';
import { ForwardMetrics } from './forward-metrics.ts';
import { type ForwarderStatus } from './forwarder-status.ts';
import { MAX_METADATA_PER_SEND, MetadataLoad, MetadataSnapshot } from './metadata.ts';
import { type ForwarderPorts, type RemoteWriteOptions } from './options.ts';
import { SeriesCache } from './outgoing-series.ts';
import { Progress } from './progress.ts';
import { rowsOf } from './rows.ts';
import { maskUrl, type Settings, settingsOf } from './settings.ts';
import { desiredShards } from './shard-count.ts';
import { Shards } from './shards.ts';
import { ThrottledLog } from './throttled-log.ts';
import { HttpTransport, type Transport } from './transport.ts';

/** How long after a failure the feed is read again. */
const FEED_RETRY_MS = 1_000;
/** A failed request for metadata is tried as often; the next interval brings them anyway. */
const METADATA_ATTEMPTS = 3;

/** What there is once the position is known. */
interface Running {
  readonly progress: Progress;
  readonly batches: BatchDelivery;
  readonly shards: Shards;
}

/**
 * Forwards all samples of a feed to one remote write receiver. The feed is the queue: nothing is
 * written twice, and after a restart it goes on behind what the receiver had acknowledged when the
 * position was saved last.
 */
export class RemoteWriteForwarder implements AsyncDisposable {
  readonly name: string;
  readonly #settings: Settings;
  readonly #ports: ForwarderPorts;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #throttled: ThrottledLog;
  readonly #metrics: ForwardMetrics;
  readonly #transport: Transport;
  readonly #delivery: Delivery;
  readonly #cache: SeriesCache;
  readonly #metadata: MetadataSnapshot;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  readonly #timers = new DisposableStack();
  #running: Running | undefined;
  #reading: Promise<void> | undefined;
  #sendingMetadata: Promise<void> | undefined;
  #saving: Promise<void> | undefined;
  #saved: FeedPosition | undefined;
  #readTo: FeedPosition = '';
  #highestReadUnixMs = -Infinity;
  #desired: number;
  /** Of the feed, from the place of the start on: what an earlier process may have sent. */
  #doubtfulBytes = 0;
  #rowsRead = 0;
  #rowBytes = 0;
  #bytesRead = 0;
  #lastTally = { atMs: 0, bytesRead: 0, backlogBytes: 0, sent: 0, busyMs: 0 };

  /** @throws InvalidInputError naming the destination, the field, the value and the fix */
  constructor(options: RemoteWriteOptions, ports: ForwarderPorts) {
    this.name = options.name;
    this.#settings = settingsOf(options);
    this.#ports = ports;
    this.#clock = ports.clock ?? systemClock;
    this.#log = (ports.log ?? silentLog).child({ destination: options.name });
    this.#throttled = new ThrottledLog(this.#log, this.#clock);
    this.#metrics = new ForwardMetrics(ports.instruments, options.name);
    const http = new HttpTransport(this.#settings, this.#clock, ports.checkAddress);
    this.#transport = ports.wrapTransport?.(http) ?? http;
    this.#delivery = new Delivery({
      settings: this.#settings,
      transport: this.#transport,
      clock: this.#clock,
      log: this.#log,
      throttled: this.#throttled,
      metrics: this.#metrics,
      random: ports.random ?? Math.random,
      stop: this.#stop.signal,
      kill: this.#kill.signal,
    });
    this.#cache = new SeriesCache({
      relabel: this.#settings.relabel,
      externalLabels: this.#settings.externalLabels,
      maxSize: this.#settings.seriesCacheSize,
    });
    this.#metadata = new MetadataSnapshot(ports.metadata ?? (() => []), () =>
      this.#clock.monotonicMs(),
    );
    this.#desired = this.#settings.minShards;
  }

  /**
   * Begins behind the stored position; without one, at the end of the feed as it is now.
   * @throws what the position store throws
   */
  async start(): Promise<void> {
    if (this.#running !== undefined) throw new Error(`${this.name} was started before`);
    const { feed, positions } = this.#ports;
    const stored = await positions.load(this.name);
    const from = stored === undefined ? feed.end() : this.#knownPosition(stored);
    feed.hold(this.#reader, from);
    if (stored !== from) await positions.save(this.name, from);
    this.#saved = from;
    this.#readTo = from;
    const progress = new Progress(from);
    const batches = new BatchDelivery({
      delivery: this.#delivery,
      progress,
      metrics: this.#metrics,
      throttled: this.#throttled,
    });
    this.#doubtfulBytes = stored === undefined ? 0 : feed.backlog(from).sizeBytes;
    const { minShards, saveIntervalMs, reshardIntervalMs, metadataIntervalMs } = this.#settings;
    const shards = new Shards(minShards, {
      clock: this.#clock,
      batchOptions: {
        sendNativeHistograms: this.#settings.sendNativeHistograms,
        metadata: () => this.#metadata.byName,
      },
      maxSamplesPerSend: this.#settings.maxSamplesPerSend,
      batchDelayMs: this.#settings.batchDelayMs,
      capacity: this.#settings.capacity,
      deliver: async (batch) => await batches.deliver(batch),
      stop: this.#stop.signal,
    });
    this.#running = { progress, batches, shards };
    this.#lastTally.atMs = this.#clock.monotonicMs();
    this.#timers.use(every(this.#clock, saveIntervalMs, async () => await this.#save()));
    this.#timers.use(every(this.#clock, reshardIntervalMs, () => this.#thinkOverShards()));
    if (this.#ports.metadata !== undefined) {
      this.#beginMetadata();
      this.#timers.use(every(this.#clock, metadataIntervalMs, () => this.#beginMetadata()));
    }
    this.#reading = this.#read(this.#running);
  }

  /** Where to begin for a position that may be of another feed, or of what was there before a restore. */
  #knownPosition(stored: FeedPosition): FeedPosition {
    const { feed } = this.#ports;
    try {
      // Nothing is behind it: it is the end, or beyond it, where nothing would ever be read.
      return feed.backlog(stored).sizeBytes === 0 ? feed.end() : stored;
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      this.#metrics.gap();
      this.#log.error(
        { position: stored, problem: error.message },
        'the stored position is none of the feed, going on at its end',
      );
      return feed.end();
    }
  }

  status(): ForwarderStatus {
    const running = this.#running;
    const settings = this.#settings;
    const backlogBytes = this.#backlogBytes();
    const isClosed = this.#stop.signal.aborted;
    const isRetrying = this.#delivery.retryingCount > 0;
    const state = isClosed ? 'closed' : isRetrying ? 'retrying' : 'running';
    return {
      name: this.name,
      url: maskUrl(settings.url),
      state: running === undefined && !isClosed ? 'new' : state,
      version: this.#delivery.version,
      shards: {
        current: running?.shards.count ?? 0,
        desired: this.#desired,
        min: settings.minShards,
        max: settings.maxShards,
      },
      pending: running?.progress.pending ?? 0,
      capacity: settings.capacity,
      position: running?.progress.committed,
      savedPosition: this.#saved,
      backlogBytes,
      lagSeconds: this.#lagSeconds(backlogBytes),
      highestReadUnixMs: finite(this.#highestReadUnixMs),
      highestSentUnixMs: finite(running?.batches.highestSentUnixMs ?? -Infinity),
      sent: this.#metrics.sentCount,
      retried: this.#metrics.retriedCount,
      droppedByReason: this.#metrics.droppedByReason(),
      cachedSeries: this.#cache.size,
      lastError: this.#delivery.lastError,
    };
  }

  /**
   * Stops reading and lets requests at work end within the limit; what waits stays in the feed. Then
   * saves the position.
   * @param options.forget gives up the hold on the feed, for a destination that is not wanted any more
   */
  async close(
    options: { readonly timeoutMs?: number; readonly forget?: boolean } = {},
  ): Promise<void> {
    if (!this.#stop.signal.aborted) {
      this.#timers.dispose();
      this.#stop.abort(new Error('the forwarder is closed'));
      this.#running?.shards.stop();
      const ended = Promise.all([
        this.#reading,
        this.#running?.shards.idle(),
        this.#sendingMetadata,
        this.#saving,
      ]);
      const limit = Promise.withResolvers<void>();
      const timer = this.#clock.schedule(options.timeoutMs ?? 5_000, limit.resolve);
      await Promise.race([ended, limit.promise]);
      timer[Symbol.dispose]();
      this.#kill.abort(new Error('the forwarder is closed'));
      await ended;
      await this.#save();
      this.#transport[Symbol.dispose]();
    }
    if (options.forget === true) this.#ports.feed.release(this.#reader);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #reader(): string {
    return `remote-write/${this.name}`;
  }

  async #read(running: Running): Promise<void> {
    const { feed } = this.#ports;
    const { signal } = this.#stop;
    const { shards } = running;
    while (!signal.aborted) {
      await shards.room();
      if (this.#boundedDesired !== shards.count) {
        await shards.drained();
        if (signal.aborted) return;
        shards.resize(this.#boundedDesired);
      }
      try {
        const entry = await feed.read(this.#readTo, { signal });
        if (entry === undefined) await feed.more(this.#readTo, { signal });
        else this.#take(running, entry);
      } catch (error) {
        if (signal.aborted) return;
        await this.#feedFailed(error);
      }
    }
  }

  #take({ progress, shards }: Running, entry: FeedEntry): void {
    if (entry.isAfterGap) {
      this.#metrics.gap();
      this.#throttled.say('error', 'gap', {}, 'the feed lost samples before they were sent');
    }
    const source = rowsOf(entry.batch, this.#cache, {
      sendExemplars: this.#settings.sendExemplars,
      metrics: this.#metrics,
    });
    for (const unixMs of entry.batch.timestamps) {
      if (unixMs > this.#highestReadUnixMs) this.#highestReadUnixMs = unixMs;
    }
    const isDoubtful = this.#bytesRead < this.#doubtfulBytes;
    this.#tallyRead(entry);
    this.#readTo = entry.next;
    const pending = progress.add(entry.next, source.rows.length, isDoubtful);
    shards.push(pending, source);
  }

  /** Bytes per row are what the feed's backlog is turned into rows with. */
  #tallyRead({ batch, next }: FeedEntry): void {
    const { feed } = this.#ports;
    const size = feed.backlog(this.#readTo).sizeBytes - feed.backlog(next).sizeBytes;
    if (size <= 0) return;
    this.#bytesRead += size;
    this.#rowsRead += batch.labels.length;
    if (this.#rowsRead > 0) this.#rowBytes = this.#bytesRead / this.#rowsRead;
  }

  async #feedFailed(error: unknown): Promise<void> {
    this.#metrics.feedFailed();
    this.#throttled.say('error', 'feed', { problem: messageOf(error) }, 'the feed cannot be read');
    await this.#clock.sleep(FEED_RETRY_MS, { signal: this.#stop.signal }).catch(() => undefined);
  }

  get #boundedDesired(): number {
    const { minShards, maxShards } = this.#settings;
    return Math.min(maxShards, Math.max(minShards, this.#desired));
  }

  #thinkOverShards(): void {
    const running = this.#running;
    if (running === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const backlogBytes = this.#ports.feed.backlog(this.#readTo).sizeBytes;
    const tally = {
      atMs: nowMs,
      bytesRead: this.#bytesRead,
      backlogBytes,
      sent: this.#metrics.sentCount,
      busyMs: this.#delivery.busyMs,
    };
    const last = this.#lastTally;
    this.#lastTally = tally;
    const seconds = (nowMs - last.atMs) / 1_000;
    // While nothing gets through, no number of shards is better than another.
    const accepted = this.#delivery.lastAcceptedMs;
    if (seconds <= 0 || this.#rowBytes === 0 || accepted === undefined || accepted < last.atMs) {
      return;
    }
    const appended = tally.bytesRead + backlogBytes - last.bytesRead - last.backlogBytes;
    this.#desired = desiredShards({
      current: running.shards.count,
      inPerSecond: Math.max(0, appended) / this.#rowBytes / seconds,
      outPerSecond: (tally.sent - last.sent) / seconds,
      busyRatio: (tally.busyMs - last.busyMs) / 1_000 / seconds,
      backlog: running.progress.pending + backlogBytes / this.#rowBytes,
    });
  }

  async #save(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#tellState(running);
    const position = running.progress.committed;
    if (position === this.#saved || this.#saving !== undefined) return;
    this.#saving = this.#savePosition(position);
    await this.#saving;
    this.#saving = undefined;
  }

  async #savePosition(position: FeedPosition): Promise<void> {
    try {
      await this.#ports.positions.save(this.name, position);
      this.#saved = position;
      this.#ports.feed.hold(this.#reader, position);
    } catch (error) {
      this.#metrics.saveFailed();
      const problem = messageOf(error);
      this.#throttled.say('error', 'save', { problem }, 'the position cannot be saved');
    }
  }

  #tellState({ progress, batches, shards }: Running): void {
    const backlogBytes = this.#backlogBytes();
    this.#metrics.state({
      pending: progress.pending,
      shards: shards.count,
      desiredShards: this.#desired,
      backlogBytes,
      highestReadSeconds: (finite(this.#highestReadUnixMs) ?? 0) / 1_000,
      highestSentSeconds: (finite(batches.highestSentUnixMs) ?? 0) / 1_000,
      lagSeconds: this.#lagSeconds(backlogBytes),
    });
  }

  #backlogBytes(): number {
    const position = this.#running?.progress.committed;
    return position === undefined ? 0 : this.#ports.feed.backlog(position).sizeBytes;
  }

  #lagSeconds(backlogBytes: number): number {
    const running = this.#running;
    if (running === undefined || (backlogBytes === 0 && running.progress.pending === 0)) return 0;
    const { highestSentUnixMs } = running.batches;
    if (highestSentUnixMs === -Infinity) return 0;
    return Math.max(0, this.#clock.nowUnixMs() - highestSentUnixMs) / 1_000;
  }

  #beginMetadata(): void {
    if (this.#sendingMetadata !== undefined) return;
    this.#sendingMetadata = this.#sendMetadata().finally(() => {
      this.#sendingMetadata = undefined;
    });
  }

  async #sendMetadata(): Promise<void> {
    if (this.#delivery.version !== '1.0') return;
    const families = [...this.#metadata.byName.values()];
    for (let start = 0; start < families.length; start += MAX_METADATA_PER_SEND) {
      const part = families.slice(start, start + MAX_METADATA_PER_SEND);
      const result = await this.#delivery.deliver(new MetadataLoad(part), METADATA_ATTEMPTS);
      if (this.#stop.signal.aborted) return;
      if (result.kind === 'accepted') continue;
      const reason = result.kind === 'refused' ? `http_${result.status}` : 'retries';
      this.#metrics.dropped(reason, { metadata: part.length });
    }
  }
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
