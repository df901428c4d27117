import { type Clock, type Log } from '@dwcp/core';

import { type NotificationLogEntry } from '../alertmanager/notification-log.ts';
import { type Silence } from '../alertmanager/silences.ts';
import { type Peer, type PeerAnswer, type PeerRequest, type PeerTransport } from './message.ts';
import { pageOf, type SharedState, sharedKeyOf } from './shared-state.ts';

export interface PeerLinkOptions {
  readonly url: string;
  readonly self: Peer;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly log: Log;
  readonly peerTimeoutMs: number;
  readonly pushPullMs: number;
  /** News that wait for the peer, at most. Default 10,000. */
  readonly capacity?: number;
  readonly shared: () => SharedState;
  /** Takes over what the peer knows; resolves once it is durable. */
  readonly takeOver: (news: SharedState) => Promise<void>;
  /** Told after each talk: the peer may have come or gone. */
  readonly onTurn: () => void;
}

/** So many failed requests in a row say that nobody is there. */
const GONE_AFTER_FAILURES = 3;
const MAX_PROBE_MS = 1_000;
const MAX_SETTLE_MS = 6_000;
const CLOSED = new Error('the process ends');

/**
 * One instance's talk with one peer: asks every second whether it is there, tells it news at once, and
 * exchanges everything at first, now and then, and whenever something may have been missed.
 */
export class PeerLink implements AsyncDisposable {
  readonly #options: PeerLinkOptions;
  readonly #probeMs: number;
  readonly #requestMs: number;
  readonly #startedMs: number;
  #closed = false;
  #request: AbortController | undefined;
  /** By key, so that of several changes of one thing the last is told. */
  readonly #pending = new Map<string, Silence | NotificationLogEntry>();
  #peer: Peer | undefined;
  #failures = 0;
  #heardMs = 0;
  #needsExchange = true;
  #exchanged = false;
  #nextExchangeMs = 0;
  #nextProbeMs = 0;
  #timer: Disposable | undefined;
  #running: Promise<void> | undefined;
  #sent = 0;
  #dropped = 0;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    const { peerTimeoutMs, clock } = options;
    this.#probeMs = Math.min(MAX_PROBE_MS, Math.max(100, peerTimeoutMs / 15));
    // A request that is lost leaves time for another before the next in line tells.
    this.#requestMs = Math.max(500, peerTimeoutMs / 5);
    this.#startedMs = clock.monotonicMs();
  }

  get url(): string {
    return this.#options.url;
  }

  /** Who was there when it last answered. */
  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** The address leads to this very process. */
  get isSelf(): boolean {
    const { self } = this.#options;
    return this.#peer?.id === self.id && this.#peer.startId === self.startId;
  }

  get isAlive(): boolean {
    return this.#peer !== undefined && !this.isSelf && !this.#isGone;
  }

  /** Everything was exchanged, or nobody is there. */
  get isSettled(): boolean {
    if (this.#exchanged || this.isSelf) return true;
    const { clock, peerTimeoutMs } = this.#options;
    const waitedMs = clock.monotonicMs() - this.#startedMs;
    const enough = waitedMs >= Math.min(MAX_SETTLE_MS, 3 * peerTimeoutMs);
    return enough && this.#failures >= GONE_AFTER_FAILURES;
  }

  get sent(): number {
    return this.#sent;
  }

  /** News that the peer was not told as such; the next exchange makes up for them. */
  get dropped(): number {
    return this.#dropped;
  }

  start(): void {
    this.#wake();
  }

  /** Tells the peer news, unless it cannot be told now. */
  offer({ silences, log }: SharedState): void {
    if (this.isSelf) return;
    const { capacity = 10_000 } = this.#options;
    for (const item of [...silences, ...log]) {
      const key = sharedKeyOf(item);
      if (this.#failures === 0 && (this.#pending.size < capacity || this.#pending.has(key))) {
        this.#pending.set(key, item);
      } else {
        this.#dropped++;
        this.#needsExchange = true;
      }
    }
    if (this.#failures === 0) this.#wake();
  }

  /** The peer asked something of this instance. */
  heard(): void {
    this.#heardMs = this.#options.clock.monotonicMs();
    // It is there again: no need to wait for the next probe.
    if (this.#failures > 0) this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#request?.abort(CLOSED);
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  get #isGone(): boolean {
    const { clock, peerTimeoutMs } = this.#options;
    const silentMs = clock.monotonicMs() - this.#heardMs;
    return this.#failures >= GONE_AFTER_FAILURES && silentMs >= peerTimeoutMs;
  }

  #wake(): void {
    if (this.#running !== undefined || this.#closed) return;
    this.#timer?.[Symbol.dispose]();
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.#arm();
    });
  }

  #arm(): void {
    if (this.#closed || this.isSelf) return;
    const { clock } = this.#options;
    if (this.#failures === 0 && this.#pending.size > 0) {
      this.#wake();
      return;
    }
    this.#timer?.[Symbol.dispose]();
    this.#timer = clock.schedule(this.#nextProbeMs - clock.monotonicMs(), () => this.#wake());
  }

  /** Says all there is to say; after a failure the rest waits for the next probe. */
  async #run(): Promise<void> {
    const { clock, log, url, onTurn } = this.#options;
    try {
      do {
        await this.#next();
      } while (!this.isSelf && (this.#needsExchange || this.#pending.size > 0));
      if (this.#failures > 0) log.info({ peer: url }, 'alert cluster peer is there again');
      this.#failures = 0;
    } catch (err) {
      if (this.#closed) return;
      this.#failures++;
      this.#dropped += this.#pending.size;
      this.#pending.clear();
      this.#needsExchange = true;
      if (this.#failures === GONE_AFTER_FAILURES) {
        log.warn({ peer: url, err }, 'alert cluster peer does not answer');
      }
    }
    this.#nextProbeMs = clock.monotonicMs() + this.#probeMs;
    onTurn();
  }

  async #next(): Promise<void> {
    const { clock, pushPullMs } = this.#options;
    if (this.#needsExchange || (this.#exchanged && clock.monotonicMs() >= this.#nextExchangeMs)) {
      this.#needsExchange = false;
      await this.#exchange();
      this.#exchanged = true;
      this.#nextExchangeMs = clock.monotonicMs() + pushPullMs;
    } else if (this.#pending.size > 0) {
      const items = [...this.#pending.values()];
      this.#pending.clear();
      try {
        await this.#push(splitItems(items));
      } catch (error) {
        this.#dropped += items.length;
        throw error;
      }
    } else await this.#ask({ kind: 'probe' });
  }

  async #exchange(): Promise<void> {
    const { shared, takeOver } = this.#options;
    await this.#ask({ kind: 'probe' });
    if (this.isSelf) return;
    await this.#push(shared());
    for (let start: number | undefined = 0; start !== undefined;) {
      const { state, next }: PeerAnswer = await this.#ask({ kind: 'pull', start });
      if (state !== undefined) await takeOver(state);
      // A peer that sends us back would never come to an end.
      start = next !== undefined && next > start ? next : undefined;
    }
  }

  async #push(state: SharedState): Promise<void> {
    for (let start: number | undefined = 0; start !== undefined;) {
      const { page, next }: ReturnType<typeof pageOf> = pageOf(state, start);
      if (page.silences.length + page.log.length > 0) {
        await this.#ask({ kind: 'push', state: page });
      }
      start = next;
    }
  }

  async #ask(request: Omit<PeerRequest, 'from'>): Promise<PeerAnswer> {
    const { transport, clock, self, url } = this.#options;
    if (this.#closed) throw CLOSED;
    const timeout = new AbortController();
    using _ = clock.schedule(this.#requestMs, () => {
      timeout.abort(new Error(`no answer within ${this.#requestMs} ms`));
    });
    this.#sent++;
    this.#request = timeout;
    const { signal } = timeout;
    const answer = await transport.ask(url, { ...request, from: self }, { signal });
    this.#heardMs = clock.monotonicMs();
    this.#peer = answer.from;
    return answer;
  }
}

function splitItems(items: readonly (Silence | NotificationLogEntry)[]): SharedState {
  const silences: Silence[] = [];
  const log: NotificationLogEntry[] = [];
  for (const item of items) {
    if ('id' in item) silences.push(item);
    else log.push(item);
  }
  return { silences, log };
}
