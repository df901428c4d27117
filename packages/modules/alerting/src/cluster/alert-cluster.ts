import { BackendError, type Clock, type Log, type Notifier, silentLog } from '@dwcp/core';

import { type PipelinePeers } from '../alertmanager/pipeline-options.ts';
import { type PipelineRecord } from '../alertmanager/pipeline-store.ts';
import { type PipelineSharing } from '../alertmanager/sharing.ts';
import { type Peer, type PeerAnswer, type PeerRequest, type PeerTransport } from './message.ts';
import { PeerLink } from './peer-link.ts';
import { NOTHING_SHARED, pageOf, type SharedState } from './shared-state.ts';

export interface AlertClusterOptions {
  readonly self: Peer;
  /** Addresses of the others; one that leads to this instance is passed over. */
  readonly peers: readonly string[];
  readonly transport: PeerTransport;
  /** Each instance leaves those before it so long to tell. */
  readonly peerTimeoutMs: number;
  /** Everything is exchanged so often; after so long it begins, whoever answered. */
  readonly pushPullMs: number;
  /** News that wait for a peer, at most. Default 10,000. */
  readonly capacity?: number;
  readonly clock: Clock;
  readonly log?: Log;
}

/** What of the pipeline the instances share. */
export type SharedPipeline = Pick<
  PipelineSharing,
  'shared' | 'takeOver' | 'noteTold' | 'isToldByAny'
>;

export interface AlertClusterStatus {
  readonly status: 'settling' | 'ready';
  readonly self: Peer;
  /** Those that are there. */
  readonly peers: readonly { readonly id: string; readonly url: string }[];
}

export interface AlertClusterStats {
  /** Others that are there. */
  readonly peers: number;
  /** Others that are configured and are not. */
  readonly failedPeers: number;
  readonly sent: number;
  readonly received: number;
  /** News that a peer could not be told at once; the next exchange made up for them. */
  readonly dropped: number;
  /** What peers told that was not taken: too many silences or entries, or a bad matcher. */
  readonly refused: number;
}

/**
 * Several instances that get the same alerts and tell each notification once. They share silences and
 * what was told; alerts they do not share. Those that are there stand in a line, by their ids: the first
 * tells at once, each other leaves those before it time to tell, and tells only what is left then.
 */
export class AlertCluster implements PipelinePeers, AsyncDisposable {
  readonly #options: AlertClusterOptions;
  readonly #log: Log;
  readonly #links: readonly PeerLink[];
  readonly #ready = Promise.withResolvers<void>();
  #pipeline: SharedPipeline | undefined;
  #isReady = false;
  #bound: Disposable | undefined;
  #received = 0;
  #refused = 0;
  #toldOfCopy = false;

  constructor(options: AlertClusterOptions) {
    const { peers, log = silentLog } = options;
    this.#options = options;
    this.#log = log;
    this.#links = peers.map(
      (url) =>
        new PeerLink({
          ...options,
          url,
          log,
          shared: () => this.#pipeline?.shared() ?? NOTHING_SHARED,
          takeOver: (news) => this.#takeOver(news),
          onTurn: () => this.#look(),
        }),
    );
  }

  /** Begins to talk to the peers. Before that, nothing is told. */
  start(pipeline: SharedPipeline): void {
    const { clock, pushPullMs } = this.#options;
    this.#pipeline = pipeline;
    this.#bound = clock.schedule(pushPullMs, () => this.#settled());
    if (this.#links.length === 0) this.#settled();
    for (const link of this.#links) link.start();
  }

  headStartMs(): number | undefined {
    return this.#isReady ? this.position * this.#options.peerTimeoutMs : undefined;
  }

  /** 0 for the first of those that are there. */
  get position(): number {
    const { self } = this.#options;
    const before = new Set(
      this.#alive().flatMap(({ peer }) =>
        peer !== undefined && isBefore(peer, self) ? [`${peer.id} ${peer.startId}`] : [],
      ),
    );
    return before.size;
  }

  /** For `onCommit` of AlertPipeline: what changed goes to all peers at once. */
  readonly committed = (records: readonly PipelineRecord[]): void => {
    const silences = records.flatMap((record) =>
      record.kind === 'silences' ? record.silences : [],
    );
    const log = records.flatMap((record) => (record.kind === 'told' ? record.entries : []));
    if (silences.length + log.length === 0) return;
    for (const link of this.#links) link.offer({ silences, log });
  };

  /**
   * The same notifier, which tells nothing that a peer has told meanwhile, and lets the peers know what
   * it told once that has arrived.
   */
  notifier(notifier: Notifier): Notifier {
    return {
      name: notifier.name,
      notify: async (notification, options = {}) => {
        const pipeline = await this.#whenReady(options.signal);
        if (await pipeline.isToldByAny(notifier.name, notification)) {
          const { groupKey } = notification;
          this.#log.info({ notifier: notifier.name, groupKey }, 'a peer has told it already');
          return;
        }
        await notifier.notify(notification, options);
        await pipeline.noteTold(notifier.name, notification);
      },
    };
  }

  /** @throws BackendError when what was pushed cannot be stored */
  async receive({ from, kind, state, start = 0 }: PeerRequest): Promise<PeerAnswer> {
    const { self } = this.#options;
    this.#received++;
    if (from.id === self.id && from.startId !== self.startId) this.#tellOfCopy();
    for (const link of this.#links) if (link.peer?.id === from.id) link.heard();
    if (kind === 'push' && state !== undefined) await this.#takeOver(state);
    if (kind !== 'pull') return { from: self };
    const { page, next } = pageOf(this.#pipeline?.shared() ?? NOTHING_SHARED, start);
    return { from: self, state: page, ...(next === undefined ? {} : { next }) };
  }

  status(): AlertClusterStatus {
    return {
      status: this.#isReady ? 'ready' : 'settling',
      self: this.#options.self,
      peers: this.#alive().flatMap(({ peer, url }) =>
        peer === undefined ? [] : [{ id: peer.id, url }],
      ),
    };
  }

  stats(): AlertClusterStats {
    const others = this.#links.filter(({ isSelf }) => !isSelf);
    const peers = this.#alive().length;
    return {
      peers,
      failedPeers: others.length - peers,
      sent: sum(others.map(({ sent }) => sent)),
      received: this.#received,
      dropped: sum(others.map(({ dropped }) => dropped)),
      refused: this.#refused,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bound?.[Symbol.dispose]();
    await Promise.all(this.#links.map((link) => link[Symbol.asyncDispose]()));
  }

  #alive(): readonly PeerLink[] {
    return this.#links.filter(({ isAlive }) => isAlive);
  }

  async #takeOver(news: SharedState): Promise<void> {
    if (this.#pipeline === undefined) {
      throw new BackendError('alert cluster', 'is not open yet', { retryable: true });
    }
    this.#refused += await this.#pipeline.takeOver(news);
  }

  /** At who is there. */
  #look(): void {
    if (!this.#isReady && this.#links.every(({ isSettled }) => isSettled)) this.#settled();
    const { self } = this.#options;
    if (this.#links.some(({ peer, isSelf }) => peer?.id === self.id && !isSelf)) this.#tellOfCopy();
  }

  #settled(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#bound?.[Symbol.dispose]();
    this.#ready.resolve();
    const { position } = this;
    this.#log.info({ position, peers: this.#alive().length }, 'alert cluster is ready');
  }

  async #whenReady(signal: AbortSignal | undefined): Promise<SharedPipeline> {
    signal?.throwIfAborted();
    if (!this.#isReady) {
      const aborted = Promise.withResolvers<never>();
      const abort = (): void => aborted.reject(signal?.reason as Error);
      signal?.addEventListener('abort', abort, { once: true });
      await Promise.race([this.#ready.promise, aborted.promise]);
      signal?.removeEventListener('abort', abort);
    }
    if (this.#pipeline === undefined) throw new Error('the alert cluster was not started');
    return this.#pipeline;
  }

  #tellOfCopy(): void {
    if (this.#toldOfCopy) return;
    this.#toldOfCopy = true;
    const { id } = this.#options.self;
    this.#log.error(
      { id },
      'another instance has the same cluster id: remove alerting/cluster-id from a copied data directory',
    );
  }
}

function isBefore(a: Peer, b: Peer): boolean {
  return a.id === b.id ? a.startId < b.startId : a.id < b.id;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
