import { BackendError } from '@dwcp/core';

import { type NotificationOutbox } from '../alertmanager/outbox.ts';
import { type Outbox } from './outbox.ts';

/**
 * The outbox as the pipeline sees it. What is refused, or could not be written, fails the call: the
 * pipeline keeps all of it and offers it again, and what was taken over is known by its key.
 */
export function pipelineOutbox(outbox: Pick<Outbox, 'accept'>): NotificationOutbox {
  return {
    accept: async (notifications) => {
      const { refused, durable } = await outbox.accept(
        notifications.map((notification) => ({
          integration: notification.integration,
          notification,
        })),
      );
      const [first] = refused;
      if (first === undefined && durable) return;
      if (first === undefined) {
        const message =
          'notifications are delivered from memory alone, for they could not be written';
        throw new BackendError('outbox', message, { retryable: true });
      }
      throw new BackendError(
        'outbox',
        `${refused.length} of ${notifications.length} notifications were refused, the first for ${first.integration}: too many wait, or the process ends`,
        { retryable: true },
      );
    },
  };
}
