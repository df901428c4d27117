import {
  type AlertIntake,
  type IntakeAlert,
  type PostableAlert,
  type PutAlertsResult,
} from '@dwcp/alerting';
import { type ManualClock } from '@dwcp/testing';

export const MINUTE_MS = 60_000;

/** Takes alerts and remembers them, in the order they came. */
export class RecordingSink {
  readonly taken: (PostableAlert & { readonly atUnixMs: number })[] = [];
  readonly #now: () => number;
  /** Set: the next call fails. */
  failure: Error | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  async putAlerts(posted: readonly PostableAlert[]): Promise<PutAlertsResult> {
    if (this.failure !== undefined) throw this.failure;
    for (const alert of posted) this.taken.push({ ...alert, atUnixMs: this.#now() });
    return { accepted: posted.length, problems: [] };
  }

  /** As `DiskFull/a firing`, without repeats of the same. */
  told(): readonly string[] {
    const lines = this.taken.map(({ labels, endsAtUnixMs = Infinity, atUnixMs }) => {
      const state = endsAtUnixMs <= atUnixMs ? 'resolved' : 'firing';
      return `${labels['alertname']}/${labels['instance'] ?? ''} ${state}`;
    });
    return lines.filter((line, index) => line !== lines[index - 1]);
  }
}

/** A rule that repeats its alerts every minute, each valid for four. */
export class RepeatingRule {
  readonly #clock: ManualClock;
  /** Asked at every post: a restart puts another in place. */
  readonly #intake: () => AlertIntake;
  readonly #firing = new Map<string, IntakeAlert & { readonly startsAtUnixMs: number }>();

  constructor(clock: ManualClock, intake: () => AlertIntake) {
    this.#clock = clock;
    this.#intake = intake;
  }

  async fire(alert: IntakeAlert): Promise<void> {
    const startsAtUnixMs = this.#clock.nowUnixMs();
    this.#firing.set(JSON.stringify(alert.labels), { ...alert, startsAtUnixMs });
    await this.repeat();
  }

  async end(labels: Readonly<Record<string, string>>): Promise<void> {
    const key = JSON.stringify(labels);
    const alert = this.#firing.get(key);
    if (alert === undefined) return;
    this.#firing.delete(key);
    const endsAtUnixMs = this.#clock.nowUnixMs();
    await this.#intake().putAlerts([{ ...alert, endsAtUnixMs }], 'rule');
  }

  async repeat(): Promise<void> {
    const endsAtUnixMs = this.#clock.nowUnixMs() + 4 * MINUTE_MS;
    const alerts = Array.from(this.#firing.values(), (alert) => ({ ...alert, endsAtUnixMs }));
    if (alerts.length > 0) await this.#intake().putAlerts(alerts, 'rule');
  }

  /** Lets time pass minute by minute, repeating. */
  async pass(minutes: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute++) {
      await this.#clock.advance(MINUTE_MS);
      await this.repeat();
    }
  }
}
