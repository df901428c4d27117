import { type AlertmanagerConfig, parseAlertmanagerConfig, WebhookNotifier } from '@dwcp/alerting';
import { type Clock, type Notifier } from '@dwcp/core';

import { type WebhookConfig } from '../../config/config.ts';

/** The receiver of the root: there has to be one, and it tells nobody. No webhook can have this name. */
const NOBODY = '(nobody)';

/**
 * Alertmanager's configuration where none is given: each webhook is told of every alert, in groups
 * by name, at once.
 */
export function builtInConfig(webhooks: readonly WebhookConfig[]): AlertmanagerConfig {
  const config = {
    route: {
      receiver: NOBODY,
      group_by: ['alertname'],
      group_wait: '0s',
      group_interval: '1s',
      repeat_interval: '4h',
      routes: webhooks.map(({ name }) => ({ receiver: name, continue: true })),
    },
    receivers: [
      { name: NOBODY },
      ...webhooks.map(({ name, url, sendResolved }) => ({
        name,
        webhook_configs: [{ url, send_resolved: sendResolved }],
      })),
    ],
  };
  // JSON is YAML.
  return parseAlertmanagerConfig(JSON.stringify(config), '(built-in)');
}

/** What delivers to the webhooks, by the names of their integrations. */
export function webhookNotifiers(
  webhooks: readonly WebhookConfig[],
  clock: Clock,
): readonly Notifier[] {
  return webhooks.map(
    ({ name, url, secret, allowPrivateNetwork }) =>
      new WebhookNotifier({
        name: `${name}/webhook[0]`,
        url,
        allowPrivateNetwork,
        clock,
        ...(secret === undefined ? {} : { secret }),
      }),
  );
}
