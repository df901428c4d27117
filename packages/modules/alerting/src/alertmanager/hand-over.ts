import { type Clock, type Log } from '@dwcp/core';

import { notificationOf, type NotificationOutbox, type NotificationRecord } from './outbox.ts';

export interface HandOver extends Disposable {
  /** There may be something to hand over. */
  wake(): void;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Gives the outbox what was decided, in order, until it has taken all. */
export function startHandOver(options: {
  readonly clock: Clock;
  readonly outbox: NotificationOutbox;
  readonly log: Log;
  /** What the outbox may not have, oldest first. */
  readonly waiting: () => readonly NotificationRecord[];
  readonly accepted: (keys: readonly string[]) => Promise<unknown>;
}): HandOver {
  const { clock, outbox, log, waiting, accepted } = options;
  let running = false;
  let again = false;
  let stopped = false;
  let retryMs = FIRST_RETRY_MS;
  let timer: Disposable | undefined;

  async function run(): Promise<void> {
    for (;;) {
      again = false;
      const intents = stopped ? [] : waiting();
      if (intents.length === 0) return;
      await outbox.accept(intents.map(notificationOf));
      await accepted(intents.map(({ idempotencyKey }) => idempotencyKey));
      retryMs = FIRST_RETRY_MS;
    }
  }

  function wake(): void {
    if (stopped) return;
    again = true;
    if (running) return;
    running = true;
    timer?.[Symbol.dispose]();
    run()
      .catch((error: unknown) => {
        log.warn({ err: error }, 'outbox did not take notifications');
        again = false;
        if (stopped) return;
        timer = clock.schedule(retryMs, wake);
        retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
      })
      .finally(() => {
        running = false;
        if (again) wake();
      });
  }

  return {
    wake,
    [Symbol.dispose]() {
      stopped = true;
      timer?.[Symbol.dispose]();
    },
  };
}
