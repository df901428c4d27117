import { join } from 'node:path';
import { type MessagePort } from 'node:worker_threads';

import {
  type AppendResult,
  BackendError,
  type CallOptions,
  type CardinalityReport,
  type ChangeTracker,
  type Clock,
  compareUtf8,
  CorruptionError,
  type ExemplarSeries,
  type ExemplarStore,
  type Labels,
  type Log,
  type MetricAppender,
  type MetricMetadata,
  type MetricStore,
  type MetricStoreAdmin,
  type MetricTransaction,
  type RejectReason,
  type SampleBatch,
  type Series,
  type SeriesQuery,
  type SeriesScanner,
  silentLog,
} from '@dwcp/core';
import { DirectoryLock, nodeFileSystem, WriteAheadLog } from '@dwcp/segments';

import { BlockList } from './block-list.ts';
import { ChangeLog } from './change-log.ts';
import { readExemplars, saveExemplars } from './exemplar-file.ts';
import { ExemplarTable } from './exemplar-table.ts';
import { Feed } from './feed.ts';
import { GroupCache } from './group-cache.ts';
import { Head, HeadMemory } from './head.ts';
import { MetadataTable } from './metadata-table.ts';
import { type EmbeddedMetricStoreOptions, type EmbeddedMetricStoreStats } from './options.ts';
import { Replay } from './replay.ts';
import { addBatch } from './sample-batch.ts';
import { writeHead } from './seal.ts';
import { Selection } from './selection.ts';
import { SeriesNames } from './series-names.ts';
import { COMPARISONS_PER_TURN } from './series-order.ts';
import { type SeriesEntry, SeriesTable } from './series-table.ts';
import { estimateSelection, type SelectionEstimate } from './shared-estimate.ts';
import { SharedReads, type ShareSelection } from './shared-reads.ts';
import { SharedPins, shareSelection } from './shared-selection.ts';
import { Readers } from './slots.ts';
import { removeUnfinishedSnapshots } from './snapshot.ts';
import { type AdmissionLimits, Transaction, type TransactionOutcome } from './transaction.ts';
import { Turns } from './turns.ts';
import { FIVE_MINUTES_MS, HOUR_MS, isCounter, Upkeep } from './upkeep.ts';
import {
  encodeExemplars,
  encodeMetadata,
  type ExemplarRow,
  PayloadPool,
  type SampleRecord,
} from './wal-record.ts';

const DAY_MS = 24 * HOUR_MS;
const SNAPSHOTS = 'snapshots';
const MINUTE_MS = 60_000;
/** A replayed head of fewer samples counts as new, so that many restarts make no many blocks. */
const MIN_AGED_SAMPLES = 100_000;
/** What a head gathers at least of each, on average. */
const SAMPLES_PER_SERIES = 240;

/** A head that became immutable, until its block is published. */
interface Sealing {
  readonly head: Head;
  readonly walFrom: number;
}

/** What `open` put together. */
interface Parts {
  readonly options: EmbeddedMetricStoreOptions;
  readonly lock: DirectoryLock;
  readonly table: SeriesTable;
  readonly exemplars: ExemplarTable;
  readonly readers: Readers;
  /** On other threads. */
  readonly sharedReaders: Readers;
  readonly memory: HeadMemory;
  readonly head: Head;
  readonly replay: Replay;
  readonly metadata: MetadataTable;
  readonly blocks: BlockList;
  readonly wal: WriteAheadLog;
  readonly corruption: { count: number };
}

/**
 * Metrics on the local disk, without a server: a write-ahead log, a head in memory, and immutable
 * blocks. Samples of a series must come in the order of time, or within the out-of-order window.
 */
export class EmbeddedMetricStore
  implements
    MetricStore,
    MetricStoreAdmin,
    MetricAppender,
    ExemplarStore,
    SeriesScanner,
    ChangeTracker
{
  readonly #parts: Parts;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: AdmissionLimits;
  readonly #names: SeriesNames;
  readonly #payloads = new PayloadPool();
  /** Everything that is appended, for those who send it on. */
  readonly feed: Feed;
  readonly #upkeep: Upkeep;
  readonly #changes = new ChangeLog();
  readonly #stop = new AbortController();
  readonly #rejected: Partial<Record<RejectReason, number>> = {};
  #head: Head;
  #headSinceMs: number;
  #sealing: Sealing | undefined;
  /** Settles as the last record handed to the log does. */
  #lastCommit: Promise<void> = Promise.resolve();
  readonly #served = new Set<SharedReads>();
  /** Sealing and deleting, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #sealScheduled = false;
  #timer: Disposable | undefined;
  #retryTimer: Disposable | undefined;
  #closed: Promise<void> | undefined;
  #appendedSamples = 0;
  #failedSeals = 0;

  private constructor(parts: Parts) {
    const { options } = parts;
    this.#parts = parts;
    this.#clock = options.clock;
    this.#log = options.log ?? silentLog;
    this.#names = new SeriesNames(parts.table.state);
    this.feed = new Feed(parts.wal, {
      log: this.#log,
      maxHeldBytes: options.maxHeldLogBytes ?? 4 * 1024 ** 3,
    });
    this.#limits = {
      maxAheadMs: options.maxAheadMs ?? 10 * MINUTE_MS,
      maxAgeMs: options.maxAgeMs ?? Number.POSITIVE_INFINITY,
      outOfOrderMs: options.outOfOrderMs ?? 0,
      maxSeries: options.maxSeries ?? 1_000_000,
      maxLabels: options.maxLabels ?? 64,
      maxLabelsLength: 16_384,
    };
    this.#upkeep = new Upkeep({
      blocks: parts.blocks,
      table: parts.table,
      clock: options.clock,
      log: this.#log,
      retention: {
        rawMs: options.retentionMs ?? 15 * DAY_MS,
        fiveMinutesMs: options.downsampledRetention?.fiveMinutesMs,
        hourMs: options.downsampledRetention?.hourMs,
        maxBytes: options.maxBytes,
      },
      isInHead: ({ id }) => this.#heads().some((head) => head.has(id)),
      onRemoved: () => this.#changes.note(Number.NEGATIVE_INFINITY),
      signal: this.#stop.signal,
    });
    this.#head = parts.head;
    this.#headSinceMs = this.#clock.monotonicMs() - ageOf(parts.head);
    this.#scheduleMaintenance();
    this.#sealIfDue();
    // So that the first queries need not sort all series themselves.
    parts.table.order
      .update(new Turns(COMPARISONS_PER_TURN, this.#stop.signal))
      .catch((err: unknown) => {
        if (!this.#stop.signal.aborted) this.#log.error({ err }, 'could not sort the series');
      });
  }

  /**
   * Locks the directory, opens the blocks and replays the log. Damage is logged, counted in `stats`
   * and passed over; damaged files stay in the directory as `*.damaged`.
   * @throws BackendError when another process uses the directory or it cannot be read or written
   */
  static async open(options: EmbeddedMetricStoreOptions): Promise<EmbeddedMetricStore> {
    const { dir, fileSystem = nodeFileSystem, log = silentLog } = options;
    const lock = await DirectoryLock.acquire(dir);
    let blocks: BlockList | undefined;
    try {
      const table = new SeriesTable();
      const metadata = new MetadataTable(20_000);
      const corruption = { count: 0 };
      const opened = await BlockList.open({
        dir: join(dir, 'blocks'),
        fileSystem,
        table,
        log,
        cache: new GroupCache(options.cacheBytes ?? 64 * 1024 * 1024),
        clock: options.clock,
        maxMergedMs: Math.min(DAY_MS, (options.retentionMs ?? 15 * DAY_MS) / 4),
        metadata: () => metadata.all(),
        ...(options.downsampledRetention === undefined
          ? {}
          : { resolutionsMs: [FIVE_MINUTES_MS, HOUR_MS] }),
        isCounter: (labels) => isCounter(metadata, labels),
        onCorruption: (err: CorruptionError) => {
          corruption.count++;
          log.error({ err, path: err.path, offset: err.offset }, 'stored metrics are damaged');
        },
      });
      blocks = opened.list;
      await removeUnfinishedSnapshots(fileSystem, join(dir, SNAPSHOTS));
      metadata.put(opened.metadata);
      const readers = new Readers();
      const sharedReaders = new Readers();
      const memory = new HeadMemory(readers, sharedReaders);
      const head = new Head(memory);
      const exemplars = new ExemplarTable(table.state, options.maxExemplars ?? 50_000);
      await readExemplars(fileSystem, dir, table, exemplars).catch((error: unknown) => {
        if (!(error instanceof CorruptionError)) throw error;
        corruption.count++;
        log.error({ err: error, path: error.path }, 'stored exemplars are damaged');
      });
      const replay = new Replay(table, head, exemplars, (entry) => void metadata.put([entry]));
      const wal = await WriteAheadLog.open({
        dir: join(dir, 'wal'),
        firstSegment: blocks.walFrom,
        onRecord: (payload, segment) => replay.record(payload, segment),
        fileSystem,
        log,
        ...(options.durability === undefined ? {} : { durability: options.durability }),
      });
      corruption.count += wal.recovery.gaps.length;
      if (replay.lost > 0) {
        log.error(
          { lostSamples: replay.lost },
          'samples have lost their series with a damaged log',
        );
      }
      const stored = { table, exemplars, metadata, blocks, wal };
      const reading = { readers, sharedReaders };
      const parts = { options, lock, ...stored, ...reading, memory, head, replay, corruption };
      return new EmbeddedMetricStore(parts);
    } catch (cause) {
      await blocks?.close();
      await lock.release();
      if (cause instanceof BackendError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new BackendError('metric store', `cannot open ${dir}: ${reason}`, {
        retryable: false,
        cause,
      });
    }
  }

  /**
   * @inheritdoc A batch of over 65,536 rows is written in parts; when a later one fails, earlier ones
   *   may be stored although the call rejects.
   * @throws InvalidInputError when columns differ in length or a timestamp is no whole number
   */
  async append(batch: SampleBatch, { signal }: CallOptions = {}): Promise<AppendResult> {
    signal?.throwIfAborted();
    const transaction = this.#begin();
    addBatch(transaction, batch);
    return await transaction.commit();
  }

  /** @throws BackendError when too much waits to be written */
  begin(): MetricTransaction {
    return this.#begin();
  }

  async select(query: SeriesQuery, { signal }: CallOptions = {}): Promise<readonly Series[]> {
    return this.#reading(query, signal, (selection) =>
      selection.series(this.#parts.options.maxSelectedSamples ?? 50_000_000),
    );
  }

  async scan(
    query: SeriesQuery,
    visit: (series: Series) => void | Promise<void>,
    { signal }: CallOptions = {},
  ): Promise<void> {
    await this.#reading(query, signal, (selection) => selection.scan(visit));
  }

  /** Lets a SharedStoreReader on another thread read, which has the other end of the port. */
  serve(port: MessagePort): SharedReads {
    this.#assertOpen();
    const onClose = (reads: SharedReads): void => void this.#served.delete(reads);
    const reads = new SharedReads(port, { share: this.#share, log: this.#log, onClose });
    this.#served.add(reads);
    return reads;
  }

  /** About how much `select` would read. */
  estimate(query: SeriesQuery): SelectionEstimate {
    this.#assertOpen();
    const { table, blocks } = this.#parts;
    const sources = { blocks: blocks.readable, heads: this.#heads() };
    return estimateSelection(table.match(query.matchers), sources, query);
  }

  async series(query: SeriesQuery, options: CallOptions = {}): Promise<readonly Labels[]> {
    return this.#labelSets(query, options);
  }

  async labelNames(query: SeriesQuery, options: CallOptions = {}): Promise<readonly string[]> {
    const names = new Set<string>();
    for (const labels of await this.#labelSets(query, options)) {
      for (const [name] of labels) names.add(name);
    }
    return [...names].sort(compareUtf8);
  }

  async labelValues(
    name: string,
    query: SeriesQuery,
    options: CallOptions = {},
  ): Promise<readonly string[]> {
    const labelSets = await this.#labelSets(query, options);
    const values = new Set(labelSets.map((labels) => labels.get(name)));
    values.delete('');
    return [...values].sort(compareUtf8);
  }

  async exemplars(
    query: SeriesQuery,
    { signal }: CallOptions = {},
  ): Promise<readonly ExemplarSeries[]> {
    this.#assertOpen();
    signal?.throwIfAborted();
    const { table, exemplars } = this.#parts;
    const entries = table.match(query.matchers);
    const found = exemplars.find(new Set(entries.map(({ id }) => id)), query);
    return entries
      .flatMap(({ id, labels }) => {
        const own = found.get(id);
        return own === undefined ? [] : [{ labels, exemplars: own }];
      })
      .toSorted((a, b) => a.labels.compare(b.labels));
  }

  get changeMark(): number {
    return this.#changes.changeMark;
  }

  oldestChangeSince(mark: number): number {
    return this.#changes.oldestChangeSince(mark);
  }

  putMetadata(metadata: readonly MetricMetadata[]): void {
    this.#assertOpen();
    const news = this.#parts.metadata.put(metadata);
    if (news.length === 0) return;
    this.#parts.wal.enqueue(encodeMetadata(news), (err) => {
      // It stays known, and the next manifest has it.
      if (err !== undefined) this.#log.warn({ err }, 'metric metadata is not durable yet');
    });
  }

  metadata(): readonly MetricMetadata[] {
    return this.#parts.metadata.all();
  }

  stats(): EmbeddedMetricStoreStats {
    const { blocks, wal, table, corruption, replay, metadata, exemplars, memory } = this.#parts;
    const heads = this.#heads();
    const spans = [...heads, ...blocks.blocks.map(({ footer }) => footer)];
    const oldest = Math.min(...spans.map(({ minUnixMs }) => minUnixMs));
    const newest = Math.max(...spans.map(({ maxUnixMs }) => maxUnixMs));
    const walStats = wal.stats();
    return {
      seriesCount: table.size,
      headSampleCount: heads.reduce((sum, { sampleCount }) => sum + sampleCount, 0),
      headChunkCount: heads.reduce((sum, { chunkCount }) => sum + chunkCount, 0),
      blockCount: blocks.blocks.length,
      sizeBytes: blocks.sizeBytes + walStats.sizeBytes,
      oldestUnixMs: Number.isFinite(oldest) ? oldest : undefined,
      newestUnixMs: Number.isFinite(newest) ? newest : undefined,
      blockBytes: blocks.sizeBytes,
      walBytes: walStats.sizeBytes,
      failedWalWrites: walStats.failedWrites,
      failedSeals: this.#failedSeals,
      appendedSamples: this.#appendedSamples,
      rejectedSamples: { ...this.#rejected },
      rejectedMetadata: metadata.refused,
      exemplarCount: exemplars.count,
      headMemoryBytes: memory.sizeBytes + this.#names.sizeBytes,
      corruptionCount: corruption.count,
      replayedSamples: replay.replayed,
      lostSamples: replay.lost,
    };
  }

  /** Moves what is in the head to a block now. It is done by itself in time. */
  seal(): Promise<void> {
    this.#assertOpen();
    return this.#exclusively(() => this.#sealAll());
  }

  /** Removes what is past its retention and merges small blocks. It is done by itself hourly. */
  async maintain(): Promise<void> {
    this.#assertOpen();
    await this.#work;
    await this.#upkeep.run();
  }

  async deleteSeries(query: SeriesQuery, { signal }: CallOptions = {}): Promise<number> {
    this.#assertOpen();
    signal?.throwIfAborted();
    const { blocks } = this.#parts;
    let count = 0;
    await this.#exclusively(async () => {
      // Everything is in blocks then, and what comes later is not concerned.
      await this.#sealAll();
      count = (await this.series(query)).length;
      const range = { from: query.startUnixMs, to: query.endUnixMs };
      for (const entry of await blocks.delete(query.matchers, range)) {
        const isInHead = this.#heads().some((head) => head.has(entry.id));
        if (!entry.isPending && !isInHead) entry.setNewest(Number.NEGATIVE_INFINITY, 0, 0, false);
      }
      this.#changes.note(Number.NEGATIVE_INFINITY);
    });
    return count;
  }

  cleanTombstones(): Promise<void> {
    this.#assertOpen();
    return this.#upkeep.clean();
  }

  async snapshot(): Promise<string> {
    await this.seal();
    const { blocks, options } = this.#parts;
    return blocks.snapshot({
      root: join(options.dir, SNAPSHOTS),
      unixMs: this.#clock.nowUnixMs(),
      alsoFiles: ['exemplars'],
    });
  }

  cardinality(limit: number): Promise<CardinalityReport> {
    return this.#parts.table.cardinality(limit);
  }

  /** Writes what waits and gives the directory free. What is in the head stays in the log. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(): Transaction {
    this.#assertOpen();
    const { wal, table, exemplars } = this.#parts;
    if (wal.isFull) {
      throw new BackendError('metric store', 'the disk is too slow, too much waits to be written', {
        retryable: true,
      });
    }
    this.#names.tidy(table.size);
    const commits: Promise<void>[] = [];
    return new Transaction({
      table,
      names: this.#names,
      exemplars,
      limits: this.#limits,
      nowUnixMs: this.#clock.nowUnixMs(),
      segment: () => wal.segment,
      isHeld: (id, unixMs, low, high) =>
        this.#heads().some((head) => head.holds(id, unixMs, low, high)),
      write: (record) => commits.push(this.#commit(record)),
      writeExemplars: (rows) => commits.push(this.#commitExemplars(rows)),
      finish: (outcome) => this.#finish(outcome, commits),
    });
  }

  async #finish(
    { accepted, rejected, repeatsPending }: TransactionOutcome,
    commits: Promise<void>[],
  ): Promise<void> {
    for (const [reason, count] of Object.entries(rejected) as [RejectReason, number][]) {
      this.#rejected[reason] = (this.#rejected[reason] ?? 0) + count;
    }
    // What repeats a sample that is being written is durable when that one is.
    if (repeatsPending) commits.push(this.#lastCommit);
    await Promise.all(commits);
    this.#appendedSamples += accepted;
    this.#sealIfDue();
  }

  /** Hands a record to the log and, once it is durable, its samples to the head. */
  #commit(record: SampleRecord): Promise<void> {
    const { table } = this.#parts;
    const commit = new Promise<void>((resolve, reject) => {
      const payload = record.encode(this.#payloads);
      this.#parts.wal.enqueue(payload, (error) => {
        this.#payloads.give(payload);
        if (error === undefined) {
          record.commit(this.#head);
          this.#changes.note(record.oldestUnixMs);
          resolve();
          this.feed.wake();
        } else {
          const unused = record.rollBack().flatMap((id) => table.entryOf(id) ?? []);
          table.remove(unused.filter((entry) => !this.#isStored(entry)));
          reject(error);
        }
      });
    });
    this.#lastCommit = commit;
    return commit;
  }

  #commitExemplars(rows: readonly ExemplarRow[]): Promise<void> {
    const { wal, table, exemplars } = this.#parts;
    return new Promise((resolve, reject) => {
      wal.enqueue(encodeExemplars(table, wal.segment, rows), (error) => {
        if (error !== undefined) {
          reject(error);
          return;
        }
        for (const { id, exemplar } of rows) exemplars.add(id, exemplar);
        resolve();
      });
    });
  }

  async #labelSets(query: SeriesQuery, { signal }: CallOptions): Promise<readonly Labels[]> {
    const entries = await this.#reading(query, signal, (selection) => selection.entries());
    return entries.map(({ labels }) => labels);
  }

  async #reading<T>(
    query: SeriesQuery,
    signal: AbortSignal | undefined,
    read: (selection: Selection) => Promise<T>,
  ): Promise<T> {
    this.#assertOpen();
    signal?.throwIfAborted();
    const { table, blocks } = this.#parts;
    const entries = table.matchInOrder(query.matchers);
    const sources = { blocks: blocks.readable, heads: this.#heads(), readers: this.#parts.readers };
    const selection = new Selection(entries, sources, query, signal);
    try {
      return await read(selection);
    } finally {
      await selection.release();
    }
  }

  readonly #share: ShareSelection = async (query, known) => {
    this.#assertOpen();
    const { table, blocks, sharedReaders } = this.#parts;
    const entries = table.match(query.matchers);
    const pins = new SharedPins({ blocks: blocks.readable, readers: sharedReaders }, query);
    try {
      const sources = { heads: this.#heads(), range: query, pins, known };
      return { pins, selection: await shareSelection(entries, sources) };
    } catch (error) {
      await pins.release();
      throw error;
    }
  };

  /** A series of which the newest sample was deleted may still have others. */
  #isStored(entry: SeriesEntry): boolean {
    return this.#heads().some((head) => head.has(entry.id)) || this.#parts.blocks.has(entry);
  }

  /** Older samples first. */
  #heads(): readonly Head[] {
    return this.#sealing === undefined ? [this.#head] : [this.#sealing.head, this.#head];
  }

  #sealIfDue(): void {
    const { sampleCount, seriesCount } = this.#head;
    // Of very many series few samples each would make a block of little but labels.
    const fullAt = Math.max(4_000_000, seriesCount * SAMPLES_PER_SERIES);
    const { blockMs = 30 * MINUTE_MS, maxHeadSamples = fullAt } = this.#parts.options;
    if (sampleCount === 0 || this.#sealScheduled || this.#stop.signal.aborted) return;
    const isDue =
      sampleCount >= maxHeadSamples || this.#clock.monotonicMs() - this.#headSinceMs >= blockMs;
    if (isDue) this.#sealSoon();
  }

  #sealSoon(): void {
    this.#sealScheduled = true;
    this.#exclusively(async () => {
      await this.#seal();
      // The next seal must not wait for a long merge, so nobody does. One that failed is tried again
      // after the next seal, and hourly.
      this.#upkeep.merge().catch((err: unknown) => {
        if (!this.#stop.signal.aborted) this.#log.error({ err }, 'could not merge metric blocks');
      });
    }).then(
      () => {
        this.#sealScheduled = false;
      },
      (err: unknown) => {
        if (this.#stop.signal.aborted) return;
        this.#failedSeals++;
        this.#log.error({ err }, 'could not write a metric block; trying again in a minute');
        this.#retryTimer = this.#clock.schedule(MINUTE_MS, () => this.#sealSoon());
      },
    );
  }

  /** Also what came after a head that could not be written. */
  async #sealAll(): Promise<void> {
    if (this.#sealing !== undefined) await this.#seal();
    await this.#seal();
  }

  async #seal(): Promise<void> {
    const { blocks, table, exemplars, options } = this.#parts;
    this.#sealing ??= await this.#cutHead();
    const sealing = this.#sealing;
    if (sealing === undefined) return;
    const { head } = sealing;
    await saveExemplars(options.fileSystem ?? nodeFileSystem, options.dir, table, exemplars);
    await blocks.seal(
      sealing.walFrom,
      (writer) => writeHead(writer, { head, table }, this.#stop.signal),
      () => {
        this.#sealing = undefined;
        head.dispose();
      },
    );
    await this.feed.dropBefore(sealing.walFrom);
  }

  /** Ends the head at a border of log segments: what is in it, and only that, is in those before. */
  #cutHead(): Promise<Sealing | undefined> {
    return new Promise((resolve) => {
      this.#parts.wal.cut((walFrom) => {
        const head = this.#head;
        if (head.sampleCount === 0) {
          resolve(undefined);
          return;
        }
        this.#sealing = { head, walFrom };
        this.#head = new Head(this.#parts.memory);
        this.#headSinceMs = this.#clock.monotonicMs();
        resolve(this.#sealing);
      });
    });
  }

  #scheduleMaintenance(): void {
    this.#timer = this.#clock.schedule(HOUR_MS, () => {
      this.#sealIfDue();
      this.#upkeep.run().catch((err: unknown) => {
        if (!this.#stop.signal.aborted) this.#log.error({ err }, 'metric store maintenance failed');
      });
      this.#scheduleMaintenance();
    });
  }

  #exclusively(task: () => Promise<void>): Promise<void> {
    const run = this.#work.then(task);
    this.#work = run.catch(() => undefined);
    return run;
  }

  async #close(): Promise<void> {
    const { wal, blocks, lock } = this.#parts;
    this.#stop.abort();
    this.feed.close();
    for (const reads of this.#served) await reads[Symbol.asyncDispose]();
    this.#timer?.[Symbol.dispose]();
    this.#retryTimer?.[Symbol.dispose]();
    await this.#work;
    await this.#upkeep.idle();
    try {
      await wal.close();
    } finally {
      await blocks.close();
      await lock.release();
    }
  }

  #assertOpen(): void {
    if (!this.#stop.signal.aborted) return;
    throw new BackendError('metric store', `${this.#parts.options.dir} is closed`, {
      retryable: false,
    });
  }
}

/**
 * How old a replayed head is taken to be: nobody wrote it down, so it is the time it spans. Later on
 * the span says nothing, for one series that comes late or is imported makes it long.
 */
function ageOf({ sampleCount, minUnixMs, maxUnixMs }: Head): number {
  return sampleCount >= MIN_AGED_SAMPLES ? maxUnixMs - minUnixMs : 0;
}
