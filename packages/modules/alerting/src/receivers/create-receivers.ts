import { InvalidInputError, type Notification, type Notifier } from '@dwcp/core';

import { webhookBody } from '../notify/webhook-body.ts';
import { signature } from '../notify/webhook-notifier.ts';
import { common, isSet, oneOf, timeoutOf } from './common-settings.ts';
import { EmailReceiver } from './email-receiver.ts';
import { HttpReceiver, type HttpReceiverOptions } from './http-receiver.ts';
import { teamsRequest } from './msteams.ts';
import { OPSGENIE_URL, opsgenieMessages } from './opsgenie.ts';
import { PAGERDUTY_URL, PAGERDUTY_V1_URL, pagerdutyMessage } from './pagerduty.ts';
import { ReceiverEnvironment, type ReceiverOptions } from './receiver-environment.ts';
import {
  type EmailSettings,
  type GlobalSettings,
  type MsteamsV2Settings,
  type OpsgenieSettings,
  type PagerdutySettings,
  type ReceiverSettings,
  type SlackSettings,
  type WebhookSettings,
} from './settings.ts';
import { SLACK_API_URL, slackProblem, slackRequest } from './slack.ts';

const INTEGRATION_KINDS = [
  'pagerduty',
  'slack',
  'email',
  'webhook',
  'opsgenie',
  'msteamsv2',
] as const;

export type IntegrationKind = (typeof INTEGRATION_KINDS)[number];

/** One way of a receiver to be told, such as its second Slack channel. */
export interface Integration {
  /** Unique among all: `team-a/slack[1]`. */
  readonly name: string;
  readonly receiver: string;
  readonly kind: IntegrationKind;
  /** Where false, it gets no notification of alerts that are all over, and none of them in others. */
  readonly sendResolved: boolean;
  readonly notifier: Notifier;
}

/**
 * Makes the integrations of a receiver.
 * @throws InvalidInputError for settings that cannot work: no key, two keys, an address that is none
 * or in a network that is not allowed
 */
export function createIntegrations(
  receiver: ReceiverSettings,
  global: GlobalSettings = {},
  options: ReceiverOptions = {},
  nameOf = (kind: IntegrationKind, index: number): string => `${receiver.name}/${kind}[${index}]`,
): readonly Integration[] {
  const environment = new ReceiverEnvironment(options);
  const make = <T extends { readonly send_resolved?: boolean }>(
    kind: IntegrationKind,
    configs: readonly T[] | undefined,
    sendsResolved: boolean,
    notifierOf: (settings: T, name: string) => Notifier,
  ): readonly Integration[] =>
    (configs ?? []).map((settings, index) => {
      const name = nameOf(kind, index);
      return {
        name,
        receiver: receiver.name,
        kind,
        sendResolved: settings.send_resolved ?? sendsResolved,
        notifier: notifierOf(settings, name),
      };
    });
  const http = (receiverOptions: HttpReceiverOptions): Notifier =>
    new HttpReceiver(receiverOptions, environment);
  return [
    ...make('pagerduty', receiver.pagerduty_configs, true, (settings, name) =>
      http(pagerduty(name, settings, global)),
    ),
    ...make('slack', receiver.slack_configs, false, (settings, name) =>
      http(slack(name, settings, global)),
    ),
    ...make('email', receiver.email_configs, false, (settings, name) =>
      email(name, settings, global, environment),
    ),
    ...make('webhook', receiver.webhook_configs, true, (settings, name) =>
      webhook(name, settings, global, environment),
    ),
    ...make('opsgenie', receiver.opsgenie_configs, true, (settings, name) =>
      http(opsgenie(name, settings, global)),
    ),
    ...make('msteamsv2', receiver.msteamsv2_configs, true, (settings, name) =>
      http(msteams(name, settings, global)),
    ),
  ];
}

/** An entry of a configuration that was read already, with what `global` sets filled in. */
export interface IntegrationSettings {
  /** `team-a/slack[1]`. */
  readonly name: string;
  readonly receiver: string;
  /** As `slack`. */
  readonly type: string;
  readonly sendResolved: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * Makes one integration.
 * @returns undefined for a type that there is no notifier for, such as `telegram`
 * @throws InvalidInputError, as createIntegrations
 */
export function createIntegration(
  { name, receiver, type, sendResolved, settings }: IntegrationSettings,
  options: ReceiverOptions = {},
): Integration | undefined {
  const kind = INTEGRATION_KINDS.find((known) => known === type);
  if (kind === undefined) return undefined;
  const isBot =
    type === 'slack' && [settings['app_token'], settings['app_token_file']].some(Boolean);
  const { api_url: _url, api_url_file: _file, ...withoutWebhook } = settings;
  const entry = isBot ? withoutWebhook : settings;
  // The reader of the configuration checked names and types.
  const asReceiver = { name: receiver, [`${kind}_configs`]: [entry] } as ReceiverSettings;
  const [made] = createIntegrations(asReceiver, {}, options, () => name);
  return made === undefined ? undefined : { ...made, sendResolved };
}

function pagerduty(
  name: string,
  settings: PagerdutySettings,
  global: GlobalSettings,
): HttpReceiverOptions {
  const isV1 = !isSet(settings.routing_key) && !isSet(settings.routing_key_file);
  const key = isV1
    ? oneOf(`${name}: pagerduty_configs.routing_key`, [
        settings.service_key,
        settings.service_key_file,
      ])
    : oneOf(`${name}: pagerduty_configs.routing_key`, [
        settings.routing_key,
        settings.routing_key_file,
      ]);
  const url = isV1 ? PAGERDUTY_V1_URL : (settings.url ?? global.pagerduty_url ?? PAGERDUTY_URL);
  return {
    ...common(name, 'pagerduty_configs', settings, global),
    url: { inline: isV1 ? (settings.url ?? url) : url, isSecret: false },
    key,
    messages: (rendering, target) => [pagerdutyMessage(settings, rendering, { ...target, isV1 })],
  };
}

function slack(name: string, settings: SlackSettings, global: GlobalSettings): HttpReceiverOptions {
  const ownUrl = isSet(settings.api_url) || isSet(settings.api_url_file);
  const ownToken = isSet(settings.app_token) || isSet(settings.app_token_file);
  const where = `${name}: slack_configs.api_url`;
  if (ownUrl && ownToken) {
    throw new InvalidInputError(where, 'and app_token are both set; leave one out');
  }
  const globalToken = isSet(global.slack_app_token) || isSet(global.slack_app_token_file);
  const base = common(name, 'slack_configs', settings, global);
  if (ownToken || (!ownUrl && globalToken)) {
    const token = oneOf(
      `${name}: slack_configs.app_token`,
      [settings.app_token, settings.app_token_file],
      { inline: global.slack_app_token, file: global.slack_app_token_file },
    );
    if (!isSet(settings.channel)) {
      throw new InvalidInputError(`${name}: slack_configs.channel`, 'is not set; a bot needs one');
    }
    return {
      ...base,
      url: { inline: settings.app_url ?? global.slack_app_url ?? SLACK_API_URL, isSecret: false },
      key: token,
      messages: (rendering, { url, key }) => [
        slackRequest(settings, rendering, { url, token: key }),
      ],
      problemIn: slackProblem,
    };
  }
  const address = oneOf(where, [settings.api_url, settings.api_url_file], {
    inline: global.slack_api_url,
    file: global.slack_api_url_file,
  });
  return {
    ...base,
    url: { ...address, isSecret: true },
    messages: (rendering, { url }) => [slackRequest(settings, rendering, { url })],
    problemIn: slackProblem,
  };
}

function email(
  name: string,
  settings: EmailSettings,
  global: GlobalSettings,
  environment: ReceiverEnvironment,
): Notifier {
  const timeoutMs = timeoutOf(name, 'email_configs', settings.timeout);
  const given = Object.fromEntries(
    Object.entries({
      from: global.smtp_from,
      hello: global.smtp_hello,
      smarthost: global.smtp_smarthost,
      auth_username: global.smtp_auth_username,
      auth_identity: global.smtp_auth_identity,
      require_tls: global.smtp_require_tls,
      force_implicit_tls: global.smtp_force_implicit_tls,
      tls_config: global.smtp_tls_config,
      ...globalPassword(settings, global),
    }).filter(([, value]) => value !== undefined),
  );
  return new EmailReceiver(
    {
      name,
      settings: { ...given, ...settings },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    },
    environment,
  );
}

/** An own password, inline or in a file, puts both global ones out of use. */
function globalPassword(settings: EmailSettings, global: GlobalSettings): Partial<EmailSettings> {
  const own = [
    settings.auth_password,
    settings.auth_password_file,
    settings.auth_secret,
    settings.auth_secret_file,
  ].some(isSet);
  if (own) return {};
  return Object.fromEntries(
    Object.entries({
      auth_password: global.smtp_auth_password,
      auth_password_file: global.smtp_auth_password_file,
      auth_secret: global.smtp_auth_secret,
      auth_secret_file: global.smtp_auth_secret_file,
    }).filter(([, value]) => value !== undefined),
  );
}

function webhook(
  name: string,
  settings: WebhookSettings,
  global: GlobalSettings,
  environment: ReceiverEnvironment,
): Notifier {
  const where = `${name}: webhook_configs`;
  const isSigned = isSet(settings.secret) || isSet(settings.secret_file);
  return new HttpReceiver(
    {
      ...common(name, 'webhook_configs', settings, global),
      url: { ...oneOf(`${where}.url`, [settings.url, settings.url_file]), isSecret: true },
      ...(isSigned
        ? { key: oneOf(`${where}.secret`, [settings.secret, settings.secret_file]) }
        : {}),
      messages: (rendering, { url, key }) => {
        const { notification, unixMs, routeLabels } = rendering;
        const body = JSON.stringify(
          settings.payload === undefined
            ? {
                ...webhookBody(notification, settings.max_alerts ?? 0),
                ...(Object.keys(routeLabels).length === 0 ? {} : { routeLabels }),
              }
            : rendering.deep('webhook_configs.payload', settings.payload),
        );
        const signed = key === '' ? {} : signature(key, body, unixMs);
        return [{ url, body, headers: { 'content-type': 'application/json', ...signed } }];
      },
    },
    environment,
  );
}

function opsgenie(
  name: string,
  settings: OpsgenieSettings,
  global: GlobalSettings,
): HttpReceiverOptions {
  const address = settings.api_url ?? global.opsgenie_api_url ?? OPSGENIE_URL;
  return {
    ...common(name, 'opsgenie_configs', settings, global),
    url: { inline: address.endsWith('/') ? address : `${address}/`, isSecret: false },
    key: oneOf(`${name}: opsgenie_configs.api_key`, [settings.api_key, settings.api_key_file], {
      inline: global.opsgenie_api_key,
      file: global.opsgenie_api_key_file,
    }),
    messages: (rendering, target) => opsgenieMessages(settings, rendering, target),
  };
}

function msteams(
  name: string,
  settings: MsteamsV2Settings,
  global: GlobalSettings,
): HttpReceiverOptions {
  const address = oneOf(`${name}: msteamsv2_configs.webhook_url`, [
    settings.webhook_url,
    settings.webhook_url_file,
  ]);
  return {
    ...common(name, 'msteamsv2_configs', settings, global),
    url: { ...address, isSecret: true },
    messages: (rendering, { url }) => [teamsRequest(settings, rendering, url)],
  };
}

/**
 * What an integration is told of a notification: without the alerts that are over where it does not
 * hear of those.
 * @returns undefined when nothing is left
 */
export function notificationFor(
  { sendResolved }: Pick<Integration, 'sendResolved'>,
  notification: Notification,
): Notification | undefined {
  if (sendResolved) return notification;
  const alerts = notification.alerts.filter(({ state }) => state.kind === 'firing');
  return alerts.length === 0 ? undefined : { ...notification, alerts };
}
