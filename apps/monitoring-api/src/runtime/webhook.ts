import { WebhookNotifier } from '@dwcp/alerting';
import { type Clock, type Notifier } from '@dwcp/core';

import { type WebhookConfig } from '../config/config.ts';

/** A webhook receiver; one that does not want to hear of what is over gets firing alerts only. */
export function webhookNotifier(config: WebhookConfig, clock: Clock): Notifier {
  const { name, url, secret, sendResolved, allowPrivateNetwork } = config;
  const notifier = new WebhookNotifier({
    name,
    url,
    allowPrivateNetwork,
    clock,
    ...(secret === undefined ? {} : { secret }),
  });
  if (sendResolved) return notifier;
  return {
    name,
    async notify(notification, options) {
      const alerts = notification.alerts.filter(({ state }) => state.kind !== 'resolved');
      if (alerts.length > 0) await notifier.notify({ ...notification, alerts }, options);
    },
  };
}
