import { type InstantQuery } from '@dwcp/core';

/** For so long a query counts as light; meanwhile it will not grow fourfold. */
const KEPT_MS = 5 * 60_000;
/** A query is near enough to now when it asks for a moment so close to it. */
const NEAR_MS = 5 * 60_000;
const MAX_QUERIES = 10_000;

/**
 * Instant queries of the present that were weighed and are far from heavy. Rules ask the same every
 * few seconds, and weighing costs about as much as a small query itself.
 */
export class LightQueries {
  /** By expression, until when; those that were added first come first. */
  readonly #untilMs = new Map<string, number>();

  has({ expression, unixMs }: InstantQuery, now: Now): boolean {
    return (
      Math.abs(unixMs - now.unixMs) <= NEAR_MS &&
      (this.#untilMs.get(expression) ?? 0) > now.monotonicMs
    );
  }

  add({ expression, unixMs }: InstantQuery, now: Now): void {
    if (Math.abs(unixMs - now.unixMs) > NEAR_MS) return;
    this.#untilMs.delete(expression);
    this.#untilMs.set(expression, now.monotonicMs + KEPT_MS);
    if (this.#untilMs.size <= MAX_QUERIES) return;
    const [oldest] = this.#untilMs.keys();
    if (oldest !== undefined) this.#untilMs.delete(oldest);
  }
}

export interface Now {
  readonly unixMs: number;
  readonly monotonicMs: number;
}
