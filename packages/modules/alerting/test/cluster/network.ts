import { type PeerAnswer, type PeerRequest, type PeerTransport } from '@dwcp/alerting';
import { type Clock } from '@dwcp/core';

type Receive = (request: PeerRequest) => Promise<PeerAnswer>;

/** Carries messages between simulated instances as JSON; late, not at all, or with the answer lost. */
export class SimulatedNetwork {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #receivers = new Map<string, Receive>();
  readonly #cuts = new Set<string>();
  /** In [0, 1]: of the requests, and again of the answers, so many are lost. */
  lossRatio = 0;
  maxDelayMs = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Undefined: nobody listens there any more. */
  listen(url: string, receive: Receive | undefined): void {
    if (receive === undefined) this.#receivers.delete(url);
    else this.#receivers.set(url, receive);
  }

  cut(a: string, b: string): void {
    this.#cuts.add(`${a} ${b}`).add(`${b} ${a}`);
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** The network as one instance sees it. */
  from(sender: string): PeerTransport {
    return {
      ask: async (url, request, { signal }) => {
        await this.#carry(sender, url, signal);
        const receive = this.#receivers.get(url);
        if (receive === undefined) throw new Error(`${url}: connection refused`);
        const answer = await receive(copyOf(request));
        await this.#carry(url, sender, signal);
        return copyOf(answer);
      },
    };
  }

  async #carry(from: string, to: string, signal: AbortSignal): Promise<void> {
    const isLost = this.#cuts.has(`${from} ${to}`) || this.#random() < this.lossRatio;
    // Nothing comes back until the sender has waited enough.
    if (isLost) await this.#clock.sleep(3_600_000, { signal });
    const delayMs = this.#random() * this.maxDelayMs;
    if (delayMs > 0) await this.#clock.sleep(delayMs, { signal });
  }
}

function copyOf<T>(message: T): T {
  return JSON.parse(JSON.stringify(message)) as T;
}
