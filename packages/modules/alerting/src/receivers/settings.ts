/*
 * Settings of receivers, with the names and defaults of Alertmanager's configuration file. Texts
 * marked "template" go through the Go template engine. A `*_file` is read for each notification, so
 * that a secret can be changed without a reload.
 * @see https://prometheus.io/docs/alerting/latest/configuration/
 */

/** Of each kind of receiver. */
export interface CommonSettings {
  /** Whether it hears that alerts are over. Default true, for Slack and email false. */
  readonly send_resolved?: boolean;
}

export interface TlsSettings {
  readonly ca?: string;
  readonly ca_file?: string;
  readonly cert?: string;
  readonly cert_file?: string;
  readonly key?: string;
  readonly key_file?: string;
  readonly server_name?: string;
  readonly insecure_skip_verify?: boolean;
  readonly min_version?: string;
  readonly max_version?: string;
}

export interface HttpSettings {
  readonly authorization?: {
    /** Default `Bearer`. */
    readonly type?: string;
    readonly credentials?: string;
    readonly credentials_file?: string;
  };
  readonly basic_auth?: {
    readonly username?: string;
    readonly username_file?: string;
    readonly password?: string;
    readonly password_file?: string;
  };
  readonly http_headers?: Readonly<
    Record<string, { readonly values?: readonly string[]; readonly secrets?: readonly string[] }>
  >;
  readonly tls_config?: TlsSettings;
  /** Redirects are never followed; `true` is accepted and changes nothing. */
  readonly follow_redirects?: boolean;
  readonly enable_http2?: boolean;
}

interface HttpReceiverSettings extends CommonSettings {
  readonly http_config?: HttpSettings;
  /** As `10s`. Default 10 s. */
  readonly timeout?: string;
}

export interface PagerdutySettings extends HttpReceiverSettings {
  /** Of an Events v2 integration. */
  readonly routing_key?: string;
  readonly routing_key_file?: string;
  /** Of a "Prometheus" integration, which speaks Events v1. */
  readonly service_key?: string;
  readonly service_key_file?: string;
  /** Default: `pagerduty_url` of the global settings. */
  readonly url?: string;
  /** Template. */
  readonly client?: string;
  /** Template. */
  readonly client_url?: string;
  /** Template; becomes the summary. */
  readonly description?: string;
  /** Template; words that PagerDuty does not know are mapped to the nearest. Default `error`. */
  readonly severity?: string;
  /** Template; default: the client. */
  readonly source?: string;
  /** Templates, as deep as they are. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Templates. */
  readonly images?: readonly {
    readonly src?: string;
    readonly alt?: string;
    readonly href?: string;
  }[];
  /** Templates. */
  readonly links?: readonly { readonly href?: string; readonly text?: string }[];
  /** Template. */
  readonly class?: string;
  /** Template. */
  readonly component?: string;
  /** Template. */
  readonly group?: string;
}

export interface SlackFieldSettings {
  readonly title: string;
  readonly value: string;
  readonly short?: boolean;
}

export interface SlackActionSettings {
  readonly type: string;
  readonly text: string;
  readonly url?: string;
  readonly style?: string;
  readonly name?: string;
  readonly value?: string;
}

export interface SlackSettings extends HttpReceiverSettings {
  /** An incoming webhook; its address is a secret. */
  readonly api_url?: string;
  readonly api_url_file?: string;
  /** A bot's token; then `chat.postMessage` is used. */
  readonly app_token?: string;
  readonly app_token_file?: string;
  /** Default: `slack_app_url` of the global settings. */
  readonly app_url?: string;
  /** Template; needed with a bot. */
  readonly channel?: string;
  /** Template. */
  readonly username?: string;
  /** Template: `good`, `warning`, `danger` or `#rrggbb`. */
  readonly color?: string;
  /** Template. */
  readonly title?: string;
  /** Template. */
  readonly title_link?: string;
  /** Template. */
  readonly pretext?: string;
  /** Template, in Slack's mrkdwn. */
  readonly text?: string;
  /** Templates. */
  readonly fields?: readonly SlackFieldSettings[];
  readonly short_fields?: boolean;
  /** Template. */
  readonly footer?: string;
  /** Template; the text of the notice on a phone. */
  readonly fallback?: string;
  /** Template. Blocks have no such thing: read and not sent. */
  readonly callback_id?: string;
  /** Template. */
  readonly icon_emoji?: string;
  /** Template. */
  readonly icon_url?: string;
  /** Template. */
  readonly image_url?: string;
  /** Template. */
  readonly thumb_url?: string;
  readonly link_names?: boolean;
  /** Blocks say themselves what is mrkdwn: read and not sent. */
  readonly mrkdwn_in?: readonly string[];
  /** Templates; those with an address become buttons. */
  readonly actions?: readonly SlackActionSettings[];
}

export interface EmailSettings extends CommonSettings {
  /** Template; addresses with commas between them. */
  readonly to: string;
  /** Template. Default: `smtp_from` of the global settings. */
  readonly from?: string;
  /** `host:port`. Default: `smtp_smarthost` of the global settings. */
  readonly smarthost?: string;
  /** How the sender calls itself. Default `localhost`. */
  readonly hello?: string;
  readonly auth_username?: string;
  readonly auth_password?: string;
  readonly auth_password_file?: string;
  /** For CRAM-MD5. */
  readonly auth_secret?: string;
  readonly auth_secret_file?: string;
  /** Accepted; SMTP servers take it from the user name. */
  readonly auth_identity?: string;
  /** Default true: without STARTTLS nothing is sent. */
  readonly require_tls?: boolean;
  /** TLS from the first byte. Default: with port 465. */
  readonly force_implicit_tls?: boolean;
  readonly tls_config?: TlsSettings;
  /** Templates; `Subject` among them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Template, escaped as HTML. */
  readonly html?: string;
  /** Template. Default: our text; '' sends none. */
  readonly text?: string;
  readonly threading?: {
    readonly enabled?: boolean;
    /** `daily` begins a thread of its own each day, `none` one per alert group. */
    readonly thread_by_date?: string;
  };
  /** As `10s`. Default 30 s. */
  readonly timeout?: string;
}

export interface WebhookSettings extends HttpReceiverSettings {
  /** Template; a secret, as it may hold a token. */
  readonly url?: string;
  readonly url_file?: string;
  /** Templates, as deep as they are, in the place of the body of version 4. */
  readonly payload?: unknown;
  /** Default 0: no limit. */
  readonly max_alerts?: number;
  /** Ours: signs each request with HMAC-SHA256. */
  readonly secret?: string;
  readonly secret_file?: string;
}

export interface OpsgenieResponderSettings {
  readonly id?: string;
  readonly name?: string;
  readonly username?: string;
  readonly type?: string;
}

export interface OpsgenieSettings extends HttpReceiverSettings {
  /** Default: `opsgenie_api_key` of the global settings. */
  readonly api_key?: string;
  readonly api_key_file?: string;
  /** Default: `opsgenie_api_url` of the global settings. */
  readonly api_url?: string;
  /** Template. */
  readonly message?: string;
  /** Template. */
  readonly description?: string;
  /** Template. */
  readonly source?: string;
  /** Templates. */
  readonly details?: Readonly<Record<string, string>>;
  /** Template. */
  readonly entity?: string;
  /** Templates. */
  readonly responders?: readonly OpsgenieResponderSettings[];
  /** Template; names with commas between them. */
  readonly actions?: string;
  /** Template; tags with commas between them. */
  readonly tags?: string;
  /** Template. */
  readonly note?: string;
  /** Template: P1 to P5. */
  readonly priority?: string;
  /** Whether message and description of an open alert follow. Default false. */
  readonly update_alerts?: boolean;
}

export interface MsteamsV2Settings extends HttpReceiverSettings {
  /** Of a Teams workflow; a secret. */
  readonly webhook_url?: string;
  readonly webhook_url_file?: string;
  /** Template. */
  readonly title?: string;
  /** Template, in Markdown. */
  readonly text?: string;
}

/** What receivers take from the `global` section. */
export interface GlobalSettings {
  readonly smtp_from?: string;
  readonly smtp_hello?: string;
  readonly smtp_smarthost?: string;
  readonly smtp_auth_username?: string;
  readonly smtp_auth_password?: string;
  readonly smtp_auth_password_file?: string;
  readonly smtp_auth_secret?: string;
  readonly smtp_auth_secret_file?: string;
  readonly smtp_auth_identity?: string;
  readonly smtp_require_tls?: boolean;
  readonly smtp_force_implicit_tls?: boolean;
  readonly smtp_tls_config?: TlsSettings;
  readonly slack_api_url?: string;
  readonly slack_api_url_file?: string;
  readonly slack_app_token?: string;
  readonly slack_app_token_file?: string;
  readonly slack_app_url?: string;
  readonly pagerduty_url?: string;
  readonly opsgenie_api_url?: string;
  readonly opsgenie_api_key?: string;
  readonly opsgenie_api_key_file?: string;
  readonly http_config?: HttpSettings;
}

/** One receiver of the configuration file. */
export interface ReceiverSettings {
  readonly name: string;
  readonly pagerduty_configs?: readonly PagerdutySettings[];
  readonly slack_configs?: readonly SlackSettings[];
  readonly email_configs?: readonly EmailSettings[];
  readonly webhook_configs?: readonly WebhookSettings[];
  readonly opsgenie_configs?: readonly OpsgenieSettings[];
  readonly msteamsv2_configs?: readonly MsteamsV2Settings[];
}
