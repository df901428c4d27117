import {
  type Clock,
  InvalidInputError,
  isLegacyLabelName,
  type LabelValues,
  type Log,
  silentLog,
} from '@dwcp/core';

export interface PushClientOptions {
  /** Base URLs of gateways, the preferred one first; the others are for when it does not take a push. */
  readonly gateways: readonly string[];
  readonly job: string;
  /** Put before the job with an underscore, as `pilot_` in `pilot_worker`. */
  readonly jobPrefix?: string;
  /** Further labels of the grouping key, such as `instance`. */
  readonly grouping?: LabelValues;
  /** What to push, as Prometheus text. */
  readonly expose: () => string | Promise<string>;
  readonly clock: Clock;
  /** Default 15 s. */
  readonly intervalMs?: number;
  /** For one request. Default 5 s. */
  readonly timeoutMs?: number;
  /** Such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
  readonly log?: Log;
}

export interface PushClientStatus {
  /** Which gateway took the last push; undefined before one did. */
  readonly gateway: string | undefined;
  readonly lastPushUnixMs: number | undefined;
  readonly pushes: number;
  /** Pushes that no gateway took. */
  readonly failures: number;
  /** How often another gateway than before took a push. */
  readonly switches: number;
  /** Intervals without a push, because the one before had not ended. */
  readonly skipped: number;
  readonly error: string | undefined;
}

/** A push that every gateway would refuse: trying the next one is of no use. */
const REFUSED = new Set([400, 413, 415]);

/**
 * Pushes to the first gateway that takes it, at an interval: the primary again as soon as it is back.
 * Groups left at other gateways are deleted when those can be reached, so that who scrapes all of
 * them does not see old values beside new ones.
 */
export class PushClient implements AsyncDisposable {
  readonly #options: PushClientOptions;
  readonly #log: Log;
  readonly #urls: readonly string[];
  /** Gateways that hold a group of ours. */
  readonly #holders = new Set<string>();
  #timer: Disposable | undefined;
  #running: Promise<boolean> | undefined;
  #status: PushClientStatus = {
    gateway: undefined,
    lastPushUnixMs: undefined,
    pushes: 0,
    failures: 0,
    switches: 0,
    skipped: 0,
    error: undefined,
  };

  /** @throws InvalidInputError naming the option at fault */
  constructor(options: PushClientOptions) {
    this.#options = options;
    this.#log = (options.log ?? silentLog).child({ module: 'push-client' });
    const { gateways, job, jobPrefix = '', grouping = {}, intervalMs = 15_000 } = options;
    if (gateways.length === 0)
      throw new InvalidInputError('gateways', 'give at least one base URL');
    if (job === '') throw new InvalidInputError('job', 'must not be empty');
    if (!(intervalMs >= 100)) {
      throw new InvalidInputError('intervalMs', `must be at least 100, got ${intervalMs}`);
    }
    for (const name of Object.keys(grouping)) {
      if (isLegacyLabelName(name) && !name.startsWith('__') && name !== 'job') continue;
      throw new InvalidInputError(
        'grouping',
        `${JSON.stringify(name)} is no name for a label here`,
      );
    }
    const path = groupingPath(jobPrefix === '' ? job : `${jobPrefix}_${job}`, grouping);
    this.#urls = gateways.map((base) => {
      if (!/^https?:/.test(base) || !URL.canParse(base)) {
        throw new InvalidInputError('gateways', `${JSON.stringify(base)} is no http or https URL`);
      }
      return `${base.replace(/\/+$/, '')}/metrics/${path}`;
    });
  }

  /** Pushes now and then at each interval. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#tick();
  }

  status(): PushClientStatus {
    return this.#status;
  }

  /**
   * Pushes once; joins a push that is under way.
   * @returns whether a gateway took it; why not is in the status
   */
  push(): Promise<boolean> {
    this.#running ??= this.#push().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends the pushing; what was pushed stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  #tick(): void {
    this.#timer = this.#options.clock.schedule(this.#options.intervalMs ?? 15_000, () =>
      this.#tick(),
    );
    if (this.#running === undefined) void this.push();
    else this.#status = { ...this.#status, skipped: this.#status.skipped + 1 };
  }

  async #push(): Promise<boolean> {
    const errors: string[] = [];
    try {
      const body = await this.#options.expose();
      for (const url of this.#urls) {
        const problem = await this.#send(url, 'PUT', body);
        if (problem === undefined) {
          this.#succeeded(url);
          await this.#removeLeftOver(url);
          return true;
        }
        errors.push(`${hostOf(url)}: ${problem.message}`);
        if (REFUSED.has(problem.status)) break;
      }
    } catch (err) {
      errors.push(`no metrics to push: ${err instanceof Error ? err.message : String(err)}`);
    }
    const error = errors.join('; ');
    if (this.#status.error === undefined) this.#log.warn({ error }, 'no gateway took a push');
    this.#status = { ...this.#status, failures: this.#status.failures + 1, error };
    return false;
  }

  #succeeded(url: string): void {
    const gateway = hostOf(url);
    const { gateway: before, pushes, switches } = this.#status;
    const isSwitch = before !== undefined && before !== gateway;
    if (isSwitch) this.#log.warn({ from: before, to: gateway }, 'another gateway takes the pushes');
    this.#holders.add(url);
    this.#status = {
      ...this.#status,
      gateway,
      lastPushUnixMs: this.#options.clock.nowUnixMs(),
      pushes: pushes + 1,
      switches: switches + (isSwitch ? 1 : 0),
      error: undefined,
    };
  }

  async #removeLeftOver(current: string): Promise<void> {
    for (const url of this.#holders) {
      if (url === current) continue;
      // Behind the current one in order, or it would have taken the push: it may still be down.
      if ((await this.#send(url, 'DELETE')) === undefined) this.#holders.delete(url);
    }
  }

  /** @returns undefined when it was taken; status 0 when there was no answer */
  async #send(
    url: string,
    method: 'PUT' | 'DELETE',
    body?: string,
  ): Promise<{ readonly status: number; readonly message: string } | undefined> {
    const { clock, headers, timeoutMs = 5_000, fetch: send = fetch } = this.#options;
    const controller = new AbortController();
    using _ = clock.schedule(timeoutMs, () =>
      controller.abort(new Error(`no answer within ${timeoutMs} ms`)),
    );
    try {
      const answer = await send(url, {
        method,
        headers: { ...headers, 'content-type': 'text/plain; version=0.0.4' },
        signal: controller.signal,
        redirect: 'error',
        ...(body === undefined ? {} : { body }),
      });
      const text = (await answer.text()).trim().slice(0, 300);
      if (answer.ok) return undefined;
      return { status: answer.status, message: `status ${answer.status}, ${text}` };
    } catch (err) {
      return { status: 0, message: messageOf(err) };
    }
  }
}

/** `job/<job>/<label>/<value>...`, in base64 where a value could not stand as it is. */
export function groupingPath(job: string, grouping: LabelValues): string {
  return Object.entries({ job, ...grouping })
    .map(([name, value]) => {
      // Slashes would split the value, dots would be taken as steps in the path.
      if (!/[/]|^\.*$/.test(value)) return `${name}/${encodeURIComponent(value)}`;
      return `${name}@base64/${Buffer.from(value).toString('base64url') || '='}`;
    })
    .join('/');
}

/** Without user, password and query. */
function hostOf(url: string): string {
  return new URL(url).host;
}

/** fetch tells the reason in the cause. */
function messageOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  return err.cause instanceof Error ? err.cause.message : err.message;
}
