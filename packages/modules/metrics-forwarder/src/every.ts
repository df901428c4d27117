import { type Clock } from '@dwcp/core';

/** Calls again and again, each time the interval after the last call has ended. Disposing ends it. */
export function every(
  clock: Clock,
  intervalMs: number,
  work: () => void | Promise<void>,
): Disposable {
  let timer: Disposable | undefined;
  let isDisposed = false;
  const run = async (): Promise<void> => {
    await work();
    if (!isDisposed) arm();
  };
  const arm = (): void => {
    timer = clock.schedule(intervalMs, () => {
      void run();
    });
  };
  arm();
  return {
    [Symbol.dispose]: () => {
      isDisposed = true;
      timer?.[Symbol.dispose]();
    },
  };
}
