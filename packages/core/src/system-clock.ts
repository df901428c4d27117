import { type Clock } from './ports/clock.ts';

/** The clock of the machine. Its timers never keep the process alive. */
export const systemClock: Clock = {
  nowUnixMs: () => Date.now(),
  nowUnixNano: () => nanoAtStart + process.hrtime.bigint(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, Math.max(0, delayMs));
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
  sleep(delayMs, options = {}) {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      }, delayMs);
      timer.unref();
      signal?.addEventListener('abort', abort, { once: true });
    });
  },
};

// hrtime has nanoseconds but no epoch; Date has an epoch but only milliseconds.
const nanoAtStart = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
