import { type Decision, type DecisionRecord } from '@dwcp/core';

/** What a decision is about, and the decision. */
export interface NotedDecision {
  /** As in `DecisionRecord`. */
  readonly subject: string;
  /** Decisions of one topic about one subject take each other's place. */
  readonly topic: string;
  readonly unixMs: number;
  readonly alertName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** A function is called when it is written, so that repeats cost little. */
  readonly decision: Decision | (() => Decision);
  /** Two decisions with the same word here are one that was made again. Default: its JSON. */
  readonly same?: string;
}

/** A decision that stands, and what of it is written. */
export class OpenDecision {
  readonly key: string;
  readonly same: string;
  readonly unixMs: number;
  readonly #noted: NotedDecision;
  #decision: NotedDecision['decision'];
  #lastUnixMs: number;
  #count = 1;
  #writtenCount = 0;

  constructor(noted: NotedDecision, options: { readonly same: string; readonly unixMs: number }) {
    this.key = keyOf(noted.subject, noted.topic);
    this.same = options.same;
    this.unixMs = options.unixMs;
    this.#noted = noted;
    this.#decision = noted.decision;
    this.#lastUnixMs = options.unixMs;
  }

  get count(): number {
    return this.#count;
  }

  get lastUnixMs(): number {
    return this.#lastUnixMs;
  }

  /** Whether it was made again since it was last written. */
  get isUnwritten(): boolean {
    return this.#count > this.#writtenCount;
  }

  again(unixMs: number, decision: NotedDecision['decision'] | undefined): void {
    this.#count++;
    this.#lastUnixMs = Math.max(this.#lastUnixMs, Math.round(unixMs));
    if (decision !== undefined) this.#decision = decision;
  }

  record(): DecisionRecord {
    const { subject, topic, alertName = '', labels = {} } = this.#noted;
    return {
      subject,
      topic,
      unixMs: this.unixMs,
      lastUnixMs: this.#lastUnixMs,
      count: this.#count,
      alertName,
      labels,
      decision: typeof this.#decision === 'function' ? this.#decision() : this.#decision,
    };
  }

  written({ count }: DecisionRecord): void {
    this.#writtenCount = Math.max(this.#writtenCount, count);
  }
}

export function keyOf(subject: string, topic: string): string {
  return `${subject}\n${topic}`;
}
