import { BackendError } from '@dwcp/core';

import { type NotificationOutbox } from '../alertmanager/outbox.ts';
import { type Outbox } from './outbox.ts';

/**
 * The outbox as the pipeline sees it. What is refused fails the call: the pipeline offers all of it
 * again, and what was taken over is known by its key.
 */
export function pipelineOutbox(outbox: Pick<Outbox, 'accept'>): NotificationOutbox {
  return {
    accept: async (notifications) => {
      const { refused } = await outbox.accept(
        notifications.map((notification) => ({
          integration: notification.integration,
          notification,
        })),
      );
      const [first] = refused;
      if (first === undefined) return;
      throw new BackendError(
        'outbox',
        `${refused.length} of ${notifications.length} notifications were refused, the first for ${first.integration}: too many wait, or the process ends`,
        { retryable: true },
      );
    },
  };
}
