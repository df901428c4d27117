/** Where time comes from. Code under test gets the manual clock of the testing package. */
export interface Clock {
  /** Unix milliseconds. May jump when the machine's time is set. */
  nowUnixMs(): number;
  /** Unix nanoseconds, for span and log times. */
  nowUnixNano(): bigint;
  /** Milliseconds that never run backwards, for durations. */
  monotonicMs(): number;
  /** Calls back once after the delay; disposing cancels. Never keeps the process alive. */
  schedule(delayMs: number, callback: () => void): Disposable;
  /** Resolves after the delay; rejects with the signal's reason when aborted. */
  sleep(delayMs: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}
