import { type Clock, QueryError } from '@dwcp/core';
import { type FastifyReply } from 'fastify';

/** Ends when the client goes away or the time is up. Dispose of it when the work is done. */
export interface RequestSignal extends Disposable {
  readonly signal: AbortSignal;
}

export function requestSignal(reply: FastifyReply, clock: Clock, timeoutMs: number): RequestSignal {
  const controller = new AbortController();
  const onClose = (): void => {
    if (!reply.raw.writableFinished) {
      controller.abort(new QueryError('canceled', 'the client went away'));
    }
  };
  reply.raw.once('close', onClose);
  const timeOut = (where: string): void =>
    controller.abort(new QueryError('timeout', `query timed out in ${where}`));
  // No time at all is up before anything begins.
  if (timeoutMs <= 0) timeOut('query queue');
  const timer = clock.schedule(timeoutMs, () => timeOut('expression evaluation'));
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      timer[Symbol.dispose]();
      reply.raw.off('close', onClose);
    },
  };
}
