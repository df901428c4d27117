import { isDeepStrictEqual } from 'node:util';

import {
  BackendError,
  type Clock,
  compareUtf8,
  type Instruments,
  InvalidInputError,
  type Log,
  type MetricMetadata,
  silentLog,
} from '@dwcp/core';

import { type MetricCollector, type MetricSink } from '../collectors/metric-collector.ts';
import { type ExpositionFormat, ExpositionWriter } from '../exposition/exposition-writer.ts';
import { InstrumentRegistry } from '../instruments/instrument-registry.ts';
import { type ReadFamily } from './family-builder.ts';
import { GroupIndex, seriesCountOf } from './group-index.ts';
import { GroupSaver } from './group-saver.ts';
import { type GroupingKey, groupingKeyOf } from './grouping-key.ts';
import { PushError, type PushRefusal } from './push-error.ts';
import {
  type LabelPair,
  metadataOf,
  ownFamilies,
  PUSH_FAILURE_TIME,
  PUSH_TIME,
  type PushFamily,
  type PushGroup,
  type PushMetric,
  samplesOf,
  withInstance,
} from './push-group.ts';
import { makePushMetrics, type PushMetrics } from './push-metrics.ts';
import { noPushStorage, type PushStorage } from './push-storage.ts';
import { readPush } from './read-push.ts';

export interface PushgatewayOptions {
  readonly clock: Clock;
  /** Where groups survive the process. Default: nowhere. */
  readonly storage?: PushStorage;
  /** Where the gateway counts its own doings. Default: a registry of its own. */
  readonly instruments?: Instruments;
  readonly log?: Log;
  /**
   * A group whose last push is older is dropped, and its series end with a staleness marker.
   * Default: never, as in Pushgateway.
   */
  readonly timeToLiveMs?: number;
  /** Default 10,000. */
  readonly maxGroups?: number;
  /** Over all groups, buckets and the two times of each group included. Default 200,000. */
  readonly maxSeries?: number;
  /** Of one push, unpacked. Default 16 MiB. */
  readonly maxBodyBytes?: number;
  /** Pushes that may wait for the disk. Default 1,000, as in Pushgateway. */
  readonly maxWaiting?: number;
}

export interface Push {
  readonly grouping: GroupingKey;
  readonly body: Uint8Array;
  /** The `Content-Type` header. */
  readonly contentType?: string;
  /** PUT replaces the whole group; POST replaces the metrics of the names it brings. */
  readonly method: 'PUT' | 'POST';
}

export interface PushgatewayStats {
  readonly groupCount: number;
  readonly seriesCount: number;
  /** Pushes waiting for the disk. */
  readonly waiting: number;
}

/** Refusals that show in `push_failure_time_seconds`. */
const NOTED: ReadonlySet<PushRefusal> = new Set(['inconsistent', 'group-limit', 'series-limit']);

/**
 * Keeps what short-lived jobs push, as Prometheus' Pushgateway does: the same paths, rules, words
 * and metrics. A push that was answered is durable, every group is there again after a restart, and
 * what is held is bounded.
 *
 * To the collection loop it is a target scraped with `honor_labels`: `job` and `instance` are those
 * of the push, an absent `instance` stays absent, timestamps are those of the collection. When a
 * group is deleted or expires the loop ends its series with staleness markers.
 * @see https://github.com/prometheus/pushgateway
 */
export class Pushgateway implements MetricCollector, AsyncDisposable {
  readonly name = 'pushgateway';
  readonly #clock: Clock;
  readonly #storage: PushStorage;
  readonly #metrics: PushMetrics;
  readonly #log: Log;
  readonly #timeToLiveMs: number;
  readonly #maxGroups: number;
  readonly #maxSeries: number;
  readonly #maxBodyBytes: number;
  readonly #maxWaiting: number;
  readonly #groups = new Map<string, PushGroup>();
  readonly #index = new GroupIndex();
  readonly #saver: GroupSaver;
  #metadata: readonly MetricMetadata[] = [];
  #isMetadataOld = true;
  #waiting = 0;

  private constructor(options: PushgatewayOptions) {
    this.#clock = options.clock;
    this.#storage = options.storage ?? noPushStorage;
    const instruments = options.instruments ?? new InstrumentRegistry({ clock: options.clock });
    this.#metrics = makePushMetrics(instruments);
    this.#log = (options.log ?? silentLog).child({ module: 'pushgateway' });
    this.#timeToLiveMs = positive('timeToLiveMs', options.timeToLiveMs, Infinity);
    this.#maxGroups = positive('maxGroups', options.maxGroups, 10_000);
    this.#maxSeries = positive('maxSeries', options.maxSeries, 200_000);
    this.#maxBodyBytes = positive('maxBodyBytes', options.maxBodyBytes, 16 * 1_024 * 1_024);
    this.#maxWaiting = positive('maxWaiting', options.maxWaiting, 1_000);
    this.#saver = new GroupSaver(this.#storage, (key) => this.#groups.get(key));
  }

  /**
   * Opens a gateway with the groups its storage holds.
   * @throws InvalidInputError for a limit that is not above 0
   * @throws BackendError when the storage cannot be read
   */
  static async open(options: PushgatewayOptions): Promise<Pushgateway> {
    const gateway = new Pushgateway(options);
    gateway.#restore(await gateway.#storage.load());
    return gateway;
  }

  /**
   * Takes a push; resolves once it is durable. Timestamps, conflicts and limits are answered by
   * refusing all of it, and told in `push_failure_time_seconds` of the group.
   * @throws PushError when it is refused
   * @throws BackendError when it could not be made durable; whether it shows then is open
   */
  async push({ grouping, body, contentType, method }: Push): Promise<void> {
    try {
      if (body.length > this.#maxBodyBytes) {
        const limit = `maxBodyBytes = ${this.#maxBodyBytes}`;
        throw new PushError('body-limit', `the body has ${body.length} bytes, more than ${limit}`);
      }
      if (this.#waiting >= this.#maxWaiting) {
        throw new PushError('busy', `${this.#waiting} pushes wait for the disk; try again later`);
      }
      this.#expire(this.#clock.nowUnixMs());
      this.#apply(grouping, method, () => {
        const { families, nativeHistograms } = readPush(body, contentType);
        this.#metrics.nativeHistograms.inc(nativeHistograms);
        return families;
      });
    } catch (error) {
      if (error instanceof PushError) this.#metrics.refused.labels({ reason: error.reason }).inc();
      throw error;
    }
    await this.#save(grouping);
    this.#metrics.accepted.labels({ kind: method === 'PUT' ? 'replace' : 'add' }).inc();
  }

  /**
   * Removes a group; resolves once that is durable. Nothing happens when there is none.
   * @throws BackendError when it could not be made durable
   */
  async delete(grouping: GroupingKey): Promise<void> {
    this.#replace(grouping.key, undefined);
    await this.#save(grouping);
    this.#metrics.accepted.labels({ kind: 'delete' }).inc();
  }

  /**
   * Removes all groups.
   * @returns how many there were
   * @throws BackendError when that could not be made durable
   */
  async wipe(): Promise<number> {
    const groupings = [...this.#groups.values()].map(({ labels }) => groupingKeyOf(labels));
    for (const { key } of groupings) this.#replace(key, undefined);
    await Promise.all(groupings.map((grouping) => this.#save(grouping)));
    this.#metrics.accepted.labels({ kind: 'wipe' }).inc();
    return groupings.length;
  }

  /** All groups, the one pushed to first in front. */
  groups(): readonly PushGroup[] {
    this.#expire(this.#clock.nowUnixMs());
    return [...this.#groups.values()];
  }

  describe(): readonly MetricMetadata[] {
    if (this.#isMetadataOld) {
      const made = this.#makeMetadata();
      // Most pushes bring what was there before; the same array says that there is nothing new.
      if (!isDeepStrictEqual(made, this.#metadata)) this.#metadata = made;
      this.#isMetadataOld = false;
    }
    return this.#metadata;
  }

  collect(sink: MetricSink, unixMs: number): void {
    this.#expire(unixMs);
    for (const group of this.#groups.values()) {
      for (const family of [...ownFamilies(group), ...group.families]) {
        for (const { name, labels, value } of samplesOf(family)) sink.add(name, labels, value);
      }
    }
  }

  /** All groups as Pushgateway shows them to who scrapes it, for `honor_labels: true`. */
  expose(format: ExpositionFormat): string {
    const writer = new ExpositionWriter(format);
    this.#expire(this.#clock.nowUnixMs());
    for (const metadata of this.describe()) writer.describe(metadata);
    this.collect({ add: (...sample) => writer.add(...sample) }, this.#clock.nowUnixMs());
    return writer.finish();
  }

  stats(): PushgatewayStats {
    return {
      groupCount: this.#groups.size,
      seriesCount: this.#index.seriesCount,
      waiting: this.#waiting,
    };
  }

  /** Waits for what is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#saver.idle();
  }

  #apply(grouping: GroupingKey, method: Push['method'], read: () => readonly ReadFamily[]): void {
    const nowUnixMs = this.#clock.nowUnixMs();
    const { key, labels } = grouping;
    const before = this.#groups.get(key);
    try {
      const pushed = read()
        // Each group has these two anyway, and their word is the gateway's.
        .filter(({ name }) => name !== PUSH_TIME && name !== PUSH_FAILURE_TIME)
        .map((family) => placed(family, labels, nowUnixMs));
      const names = new Set(pushed.map(({ name }) => name));
      const kept =
        method === 'PUT' ? [] : (before?.families ?? []).filter(({ name }) => !names.has(name));
      const failedUnixMs = before?.failedUnixMs ?? 0;
      const next = {
        labels,
        pushedUnixMs: nowUnixMs,
        failedUnixMs,
        families: [...kept, ...pushed],
      };
      this.#checkLimits(key, before, next);
      this.#index.check(key, next);
      this.#replace(key, next);
    } catch (error) {
      // What cannot be read is no attempt at the group, as in Pushgateway.
      if (error instanceof PushError && NOTED.has(error.reason)) {
        this.#noteFailure(grouping, before, nowUnixMs);
      }
      throw error;
    }
  }

  #checkLimits(key: string, before: PushGroup | undefined, next: PushGroup): void {
    if (before === undefined && this.#groups.size >= this.#maxGroups) {
      throw new PushError(
        'group-limit',
        `there are maxGroups = ${this.#maxGroups} groups; delete some, or set a time to live`,
      );
    }
    const others = this.#index.seriesCount - (before === undefined ? 0 : seriesCountOf(before));
    const own = seriesCountOf(next);
    if (others + own <= this.#maxSeries) return;
    throw new PushError(
      'series-limit',
      `group ${key} would have ${own} series beside ${others} of others, more than maxSeries = ${this.#maxSeries}`,
    );
  }

  /** A refused push shows in its group, which comes into being for it if that is possible. */
  #noteFailure(grouping: GroupingKey, before: PushGroup | undefined, failedUnixMs: number): void {
    const { key, labels } = grouping;
    const next = { ...(before ?? { labels, pushedUnixMs: 0, families: [] }), failedUnixMs };
    try {
      this.#checkLimits(key, before, next);
      this.#index.check(key, next);
    } catch (error) {
      if (error instanceof PushError) return;
      throw error;
    }
    this.#replace(key, next);
    this.#save(grouping).catch(() => undefined);
  }

  #replace(key: string, next: PushGroup | undefined): void {
    this.#index.replace(key, this.#groups.get(key), next);
    if (next === undefined) this.#groups.delete(key);
    else this.#groups.set(key, next);
    this.#isMetadataOld = true;
    this.#metrics.groups.set(this.#groups.size);
    this.#metrics.series.set(this.#index.seriesCount);
  }

  async #save(grouping: GroupingKey): Promise<void> {
    this.#waiting++;
    try {
      await this.#saver.save(grouping);
    } catch (err) {
      this.#metrics.saveFailures.inc();
      this.#log.error({ err, group: grouping.key }, 'a pushed group could not be stored');
      throw err instanceof BackendError
        ? err
        : new BackendError('pushgateway', 'the group could not be stored', {
            cause: err,
            retryable: true,
          });
    } finally {
      this.#waiting--;
    }
  }

  #expire(nowUnixMs: number): void {
    if (this.#timeToLiveMs === Infinity) return;
    const oldest = nowUnixMs - this.#timeToLiveMs;
    for (const [key, group] of this.#groups) {
      if ((group.pushedUnixMs || group.failedUnixMs) >= oldest) continue;
      this.#replace(key, undefined);
      this.#metrics.expired.inc();
      this.#log.info({ group: key }, 'a pushed group expired');
      this.#save(groupingKeyOf(group.labels)).catch(() => undefined);
    }
  }

  #restore(groups: readonly PushGroup[]): void {
    // Groups are stored one by one. Where a crash came between two that exchanged a series, the
    // newer push has it.
    for (const group of groups.toSorted((a, b) => b.pushedUnixMs - a.pushedUnixMs)) {
      const { key } = groupingKeyOf(group.labels);
      if (this.#fits(key, group)) this.#replace(key, group);
      else this.#restorePart(key, group);
    }
  }

  #restorePart(key: string, group: PushGroup): void {
    const leftOut = (family: string): void => {
      this.#metrics.dropped.inc();
      this.#log.warn({ group: key, family }, 'a restored family is at odds with a newer push');
    };
    let fitting: PushGroup = { ...group, families: [] };
    if (!this.#fits(key, fitting)) {
      for (const { name } of [...ownFamilies(group), ...group.families]) leftOut(name);
      return;
    }
    for (const family of group.families) {
      const next = { ...group, families: [...fitting.families, family] };
      if (this.#fits(key, next)) fitting = next;
      else leftOut(family.name);
    }
    this.#replace(key, fitting);
  }

  #fits(key: string, group: PushGroup): boolean {
    try {
      this.#index.check(key, group);
      return true;
    } catch (error) {
      if (error instanceof PushError) return false;
      throw error;
    }
  }

  /** By name. Of several groups' words on a metric the first group's counts. */
  #makeMetadata(): readonly MetricMetadata[] {
    const byName = new Map<string, MetricMetadata>();
    for (const group of this.#groups.values()) {
      for (const family of [...ownFamilies(group), ...group.families]) {
        if (!byName.has(family.name)) byName.set(family.name, metadataOf(family));
      }
    }
    return [...byName.values()].sort((a, b) => compareUtf8(a.name, b.name));
  }
}

/** A family as part of a group, whose labels have the last word. */
function placed(
  { name, type, help, metrics }: ReadFamily,
  grouping: readonly LabelPair[],
  pushedUnixMs: number,
): PushFamily {
  const withGrouping = (metric: PushMetric): PushMetric => {
    const labels = new Map([...metric.labels, ...grouping]);
    const sorted = [...labels].sort(([a], [b]) => compareUtf8(a, b));
    return { ...metric, labels: withInstance(sorted) };
  };
  return { name, type, help, pushedUnixMs, metrics: metrics.map(withGrouping) };
}

function positive(field: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (value > 0) return value;
  throw new InvalidInputError(field, `must be above 0, got ${value}; leave it out for the default`);
}
