import { type Clock, type Log } from '@dwcp/core';
import { remoteWriteHeaders, type RemoteWriteVersion } from '@dwcp/protocol-prometheus';

import { AddressRefusedError } from './address-check.ts';
import { backoffMs, type Counts, judge, NONE, type Verdict } from './answer.ts';
import { type Credentials, readCredentials, redact } from './credentials.ts';
import { messageOf, SettingsFileError } from './errors.ts';
import { type ForwardMetrics } from './forward-metrics.ts';
import { maskUrl, type Settings } from './settings.ts';
import { type ThrottledLog } from './throttled-log.ts';
import { type Transport } from './transport.ts';

/** A request's body and what is in it. */
export interface EncodedLoad {
  readonly body: Uint8Array;
  readonly counts: Counts;
}

/** Something to deliver. */
export interface Load {
  /** Undefined when nothing of it can be sent in that version. */
  encode(version: RemoteWriteVersion): EncodedLoad | undefined;
}

/** `isRepeat`: an earlier try got no answer, so the receiver may well have it. */
export type DeliveryResult =
  | {
      readonly kind: 'accepted';
      readonly isRepeat: boolean;
      readonly written: Counts;
      readonly missing: Counts;
    }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly message: string;
      readonly isRepeat: boolean;
      readonly counts: Counts;
      readonly written: Counts;
    }
  /** The tries were stopped before there was an answer. */
  | { readonly kind: 'stopped' };

export interface LastError {
  readonly unixMs: number;
  readonly message: string;
}

export interface DeliveryOptions {
  readonly settings: Settings;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly throttled: ThrottledLog;
  readonly metrics: ForwardMetrics;
  readonly random: () => number;
  /** No further try begins after it, and waits end. */
  readonly stop: AbortSignal;
  /** Ends tries at work. */
  readonly kill: AbortSignal;
}

type Attempt =
  | {
      readonly kind: 'answered';
      readonly verdict: Verdict;
      readonly status: number;
      readonly message: string;
    }
  /** `isSent`: the request may have arrived. */
  | { readonly kind: 'failed'; readonly isSent: boolean; readonly message: string };

const USER_AGENT = 'dwcp-monitoring/0.0.0';
/** Of a receiver's message, as much is told. */
const MAX_MESSAGE = 200;

/** Tries until the receiver has decided, and remembers which version it understands. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #url: string;
  #version: RemoteWriteVersion;
  #lastError: LastError | undefined;
  #lastAcceptedMs: number | undefined;
  #retrying = 0;
  #busyMs = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#version = options.settings.version;
    this.#url = maskUrl(options.settings.url);
  }

  /** In use now. */
  get version(): RemoteWriteVersion {
    return this.#version;
  }

  get lastError(): LastError | undefined {
    return this.#lastError;
  }

  /** Monotonic. */
  get lastAcceptedMs(): number | undefined {
    return this.#lastAcceptedMs;
  }

  /** How many loads are between two tries, or in a try that is not the first. */
  get retryingCount(): number {
    return this.#retrying;
  }

  /** Time spent with requests so far. */
  get busyMs(): number {
    return this.#busyMs;
  }

  /** @param maxAttempts without it, tries go on until there is an answer that ends them */
  async deliver(load: Load, maxAttempts: number = Infinity): Promise<DeliveryResult> {
    const { settings, clock, metrics, random, stop } = this.#options;
    let isRepeat = false;
    let isRetrying = false;
    try {
      for (let attempts = 1; attempts <= maxAttempts; attempts++) {
        if (stop.aborted) break;
        const version = this.#version;
        const encoded = load.encode(version);
        if (encoded === undefined) {
          return { kind: 'accepted', isRepeat, written: NONE, missing: NONE };
        }
        if (attempts > 1) metrics.retried(encoded.counts);
        const attempt = await this.#attempt(encoded, version);
        let retryAfterMs = 0;
        if (attempt.kind === 'failed') {
          isRepeat ||= attempt.isSent;
        } else {
          const { verdict } = attempt;
          if (verdict.kind === 'downgrade') {
            this.#downgrade(attempt.status);
            // The next try is of another kind, so there is nothing to wait for.
            attempts = 0;
            continue;
          }
          if (verdict.kind === 'accepted') {
            this.#accepted();
            const { counts } = encoded;
            const written = verdict.written === undefined ? counts : least(counts, verdict.written);
            return { kind: 'accepted', isRepeat, written, missing: minus(counts, written) };
          }
          if (verdict.kind === 'refused') {
            const { status, message } = attempt;
            const { counts } = encoded;
            return { kind: 'refused', status, message, isRepeat, counts, written: verdict.written };
          }
          retryAfterMs = Math.min(verdict.retryAfterMs ?? 0, settings.maxRetryAfterMs);
        }
        if (attempts === maxAttempts) break;
        if (!isRetrying) this.#retrying++;
        isRetrying = true;
        const waitMs = Math.max(retryAfterMs, backoffMs(attempts, { ...settings, random }));
        this.#tellRetry(attempt.message, waitMs);
        await clock.sleep(waitMs, { signal: stop }).catch(() => undefined);
      }
      return { kind: 'stopped' };
    } finally {
      if (isRetrying) this.#retrying--;
    }
  }

  async #attempt({ body }: EncodedLoad, version: RemoteWriteVersion): Promise<Attempt> {
    const { settings, transport, clock, kill } = this.#options;
    let credentials: Credentials | undefined;
    try {
      if (settings.authorization !== undefined) {
        credentials = await readCredentials(settings.authorization);
      }
    } catch (error) {
      return this.#failed(messageOf(error), false);
    }
    const secrets = [...(credentials?.secrets ?? []), ...secretHeaders(settings.headers)];
    const timeout = new AbortController();
    const startMs = clock.monotonicMs();
    const timer = clock.schedule(settings.timeoutMs, () => {
      timeout.abort(new Error(`no answer within ${settings.timeoutMs} ms`));
    });
    try {
      const answer = await transport.post({
        headers: {
          'User-Agent': USER_AGENT,
          ...settings.headers,
          ...remoteWriteHeaders(version),
          ...(credentials !== undefined && { Authorization: credentials.header }),
        },
        body,
        signal: AbortSignal.any([timeout.signal, kill]),
      });
      const verdict = judge(answer, version, clock.nowUnixMs());
      this.#tallied(verdict.kind, startMs, body.length);
      const message = `answered ${answer.status}${redirectOf(answer.status)}${shown(answer.text, secrets)}`;
      if (verdict.kind !== 'accepted') this.#remember(message);
      return { kind: 'answered', verdict, status: answer.status, message };
    } catch (error) {
      this.#tallied('unanswered', startMs, body.length);
      const cause: unknown = timeout.signal.aborted ? timeout.signal.reason : error;
      return this.#failed(redact(messageOf(cause), secrets), mayHaveArrived(cause));
    } finally {
      timer[Symbol.dispose]();
    }
  }

  #tallied(outcome: Parameters<ForwardMetrics['request']>[0], startMs: number, size: number): void {
    const durationMs = this.#options.clock.monotonicMs() - startMs;
    this.#busyMs += durationMs;
    this.#options.metrics.request(outcome, durationMs, size);
  }

  #failed(message: string, isSent: boolean): Attempt {
    this.#remember(message);
    return { kind: 'failed', isSent, message };
  }

  #remember(message: string): void {
    this.#lastError = { unixMs: this.#options.clock.nowUnixMs(), message };
  }

  #tellRetry(problem: string, waitMs: number): void {
    this.#options.throttled.say(
      'warn',
      'retry',
      { url: this.#url, problem, waitMs: Math.round(waitMs) },
      'remote write failed, trying again',
    );
  }

  #accepted(): void {
    const { clock, log, throttled } = this.#options;
    this.#lastAcceptedMs = clock.monotonicMs();
    if (throttled.forget('retry')) log.info({ url: this.#url }, 'remote write goes on');
  }

  #downgrade(status: number): void {
    if (this.#version === '1.0') return;
    this.#version = '1.0';
    this.#options.log.info(
      { url: this.#url, status },
      'the receiver does not know remote write 2.0, going on with 1.0',
    );
  }
}

export function least(a: Counts, b: Counts): Counts {
  return {
    samples: Math.min(a.samples, b.samples),
    histograms: Math.min(a.histograms, b.histograms),
    exemplars: Math.min(a.exemplars, b.exemplars),
  };
}

export function minus(a: Counts, b: Counts): Counts {
  return {
    samples: a.samples - b.samples,
    histograms: a.histograms - b.histograms,
    exemplars: a.exemplars - b.exemplars,
  };
}

/** Where no connection came about. */
const UNSENT: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
]);

function mayHaveArrived(error: unknown): boolean {
  if (error instanceof AddressRefusedError || error instanceof SettingsFileError) return false;
  return !(error instanceof Error && 'code' in error && UNSENT.has(error.code));
}

function shown(text: string, secrets: readonly string[]): string {
  const clean = redact(text, secrets).trim().slice(0, MAX_MESSAGE);
  return clean === '' ? '' : `: ${clean}`;
}

/** Which headers are secret is not said, so their names are gone by. */
function secretHeaders(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers)
    .filter(([name]) => /key|token|secret|auth|cookie|pass/i.test(name))
    .map(([, value]) => value);
}

function redirectOf(status: number): string {
  const isRedirect = status >= 300 && status < 400;
  return isRedirect ? ', a redirect, which is not followed: set the final address' : '';
}
