import { type Log, type MetricMetadata } from '@dwcp/core';
import {
  type CheckAddress,
  MemoryPositionStore,
  type PositionStore,
  RemoteWriteForwarder,
  type RemoteWriteOptions,
} from '@dwcp/metrics-forwarder';
import { FakeInstruments, ManualClock } from '@dwcp/testing';

import { ArrayFeed } from './array-feed.ts';
import { Receiver } from './receiver.ts';

export interface LogLine {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface HarnessOptions extends Partial<RemoteWriteOptions> {
  readonly positions?: PositionStore;
  readonly feed?: ArrayFeed;
  readonly receiver?: Receiver;
  readonly metadata?: () => readonly MetricMetadata[];
  readonly checkAddress?: CheckAddress;
  readonly random?: () => number;
  /** How long each request takes on the clock. */
  readonly latencyMs?: number;
}

/**
 * A forwarder on a clock that stands still, with a real receiver. Time moves only while no request is
 * at work, or while all of them hang: so nothing depends on how fast the machine is.
 */
export class Harness implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly feed: ArrayFeed;
  readonly positions: PositionStore;
  readonly receiver: Receiver;
  readonly instruments = new FakeInstruments();
  readonly logs: LogLine[] = [];
  readonly forwarder: RemoteWriteForwarder;
  /** Posts at work, and the monotonic time at which each began. */
  readonly beganMs: number[] = [];
  #atWork = 0;

  private constructor(receiver: Receiver, options: HarnessOptions, clock: ManualClock) {
    const {
      feed,
      positions,
      receiver: _,
      metadata,
      checkAddress,
      random,
      latencyMs = 0,
      ...rest
    } = options;
    this.clock = clock;
    this.receiver = receiver;
    this.feed = feed ?? new ArrayFeed();
    this.positions = positions ?? new MemoryPositionStore();
    this.forwarder = new RemoteWriteForwarder(
      { name: 'there', url: receiver.url, batchDelayMs: 10, ...rest },
      {
        feed: this.feed,
        positions: this.positions,
        clock: this.clock,
        log: this.#log(),
        instruments: this.instruments,
        random: random ?? (() => 0.5),
        ...(metadata !== undefined && { metadata }),
        ...(checkAddress !== undefined && { checkAddress }),
        wrapTransport: (transport) => ({
          post: async (request) => {
            this.#atWork++;
            this.beganMs.push(this.clock.monotonicMs());
            try {
              return await transport.post(request);
            } finally {
              this.#atWork--;
              if (latencyMs > 0) await this.clock.sleep(latencyMs);
            }
          },
          [Symbol.dispose]: () => transport[Symbol.dispose](),
        }),
      },
    );
  }

  static async open(options: HarnessOptions = {}, clock = new ManualClock()): Promise<Harness> {
    const harness = new Harness(options.receiver ?? (await Receiver.open()), options, clock);
    await harness.forwarder.start();
    return harness;
  }

  get isSettled(): boolean {
    const { pending, position } = this.forwarder.status();
    return pending === 0 && position === this.feed.end();
  }

  /** Runs until a condition holds. @throws Error when it does not within an hour of the clock */
  async until(condition: () => boolean, what = 'the condition', stepMs = 10): Promise<void> {
    const endMs = this.clock.monotonicMs() + 3_600_000;
    while (!condition()) {
      if (this.clock.monotonicMs() > endMs) throw new Error(`never: ${what}`);
      await this.step(stepMs);
    }
  }

  /** One turn: of I/O while a request is at work, of the clock otherwise. */
  async step(stepMs = 10): Promise<void> {
    await this.clock.advance(0);
    if (this.#atWork === 0) await this.clock.advance(stepMs);
    else if (this.receiver.hanging === this.#atWork) await this.clock.advance(stepMs * 100);
    else await turn();
  }

  /** Until everything in the feed is settled. */
  async settled(): Promise<void> {
    await this.until(() => this.isSettled, 'everything is settled');
  }

  /** Lets a time go by on the clock, with all that happens in it. */
  async pass(durationMs: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + durationMs;
    await this.until(() => this.clock.monotonicMs() >= endMs, 'the time is over');
  }

  /** Closes with the clock moving, so that the limit can be reached. */
  async close(
    options: { readonly timeoutMs?: number; readonly forget?: boolean } = {},
  ): Promise<void> {
    let isClosed = false;
    const closing = this.forwarder.close(options).finally(() => {
      isClosed = true;
    });
    await this.until(() => isClosed, 'it is closed');
    await closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ timeoutMs: 0 });
    await this.receiver[Symbol.asyncDispose]();
  }

  #log(): Log {
    const at = (level: string) => (fields: LogLine['fields'], message: string) => {
      this.logs.push({ level, fields, message });
    };
    const log: Log = {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: () => log,
    };
    return log;
  }
}

/** A turn of the event loop in which sockets are looked at. */
async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
