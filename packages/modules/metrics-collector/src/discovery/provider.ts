import { type Clock, type Log } from '@dwcp/core';

import { Cancellation } from '../scrape/cancellation.ts';
import { type Discoverer } from './discoverer.ts';
import { type DiscoveryConfig } from './discovery-config.ts';
import { type DiscoveryMetrics } from './discovery-metrics.ts';
import { type TargetGroup } from './target-group.ts';

export interface ProviderOptions {
  readonly kind: DiscoveryConfig['kind'];
  readonly discoverer: Discoverer;
  readonly clock: Clock;
  readonly metrics: DiscoveryMetrics;
  readonly log: Log;
  /** Told after the first look, and after each that found something else. */
  readonly onChange: () => void;
}

/** Runs one discovery at its interval; a look never overlaps with the one before. */
export class Provider implements Disposable {
  readonly #options: ProviderOptions;
  #groups: readonly TargetGroup[] = [];
  #fingerprint = '[]';
  #looked = false;
  #lastLookUnixMs: number | undefined;
  #timer: Disposable | undefined;
  #cancellation: Cancellation | undefined;
  #disposed = false;

  constructor(options: ProviderOptions) {
    this.#options = options;
  }

  get kind(): DiscoveryConfig['kind'] {
    return this.#options.kind;
  }

  get groups(): readonly TargetGroup[] {
    return this.#groups;
  }

  /** Whether the first look is over, whatever came of it. */
  get looked(): boolean {
    return this.#looked;
  }

  get lastLookUnixMs(): number | undefined {
    return this.#lastLookUnixMs;
  }

  get failure(): string | undefined {
    return this.#options.discoverer.failure;
  }

  start(): void {
    void this.#look();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#timer?.[Symbol.dispose]();
    this.#cancellation?.cancel(new Error('the discovery was stopped'));
  }

  async #look(): Promise<void> {
    const { kind, discoverer, clock, metrics, log, onChange } = this.#options;
    const mechanism = { mechanism: kind };
    const startMs = clock.monotonicMs();
    this.#cancellation = new Cancellation();
    let groups = this.#groups;
    try {
      groups = await discoverer.look(this.#cancellation);
    } catch (err) {
      // Discoverers keep their failures to themselves, so this is a bug of ours; the next look may go better.
      log.error({ ...mechanism, err }, 'discovery broke off');
    }
    if (this.#disposed) return;
    const endMs = clock.monotonicMs();
    metrics.refreshDuration.labels(mechanism).observe((endMs - startMs) / 1_000);
    // Files are looked at every second and counted by `fileReadErrors`, as Prometheus does.
    if (kind !== 'file' && discoverer.failure !== undefined) {
      metrics.refreshFailures.labels(mechanism).inc();
    }
    this.#lastLookUnixMs = clock.nowUnixMs();
    this.#take(groups, onChange);
    const delayMs = Math.max(0, startMs + discoverer.intervalMs - endMs);
    this.#timer = clock.schedule(delayMs, () => void this.#look());
  }

  #take(groups: readonly TargetGroup[], onChange: () => void): void {
    const first = !this.#looked;
    this.#looked = true;
    // A discoverer that found nothing new may say so by giving the very same list.
    const fingerprint = groups === this.#groups ? this.#fingerprint : JSON.stringify(groups);
    if (fingerprint !== this.#fingerprint) {
      this.#groups = groups;
      this.#fingerprint = fingerprint;
      this.#options.metrics.receivedUpdates.inc();
    } else if (!first) return;
    onChange();
  }
}
