import { type HttpMessage } from '../notify/http-sender.ts';
import { compact, cut, type Rendering } from './rendering.ts';
import { type OpsgenieSettings } from './settings.ts';

export const OPSGENIE_URL = 'https://api.opsgenie.com/';

/** @see https://docs.opsgenie.com/docs/alert-api#create-alert */
export interface OpsgenieAlert {
  readonly alias: string;
  readonly message: string;
  readonly description?: string;
  readonly details?: Readonly<Record<string, string>>;
  readonly source?: string;
  readonly responders?: readonly {
    readonly id?: string;
    readonly name?: string;
    readonly username?: string;
    readonly type: string;
  }[];
  readonly tags?: readonly string[];
  readonly note?: string;
  readonly priority?: string;
  readonly entity?: string;
  readonly actions?: readonly string[];
}

const DEFAULTS = {
  message: '{{ template "opsgenie.default.message" . }}',
  description: '{{ template "opsgenie.default.description" . }}',
  source: '{{ template "opsgenie.default.source" . }}',
};

/** What Opsgenie takes of each field, in characters. */
export const OPSGENIE_LIMITS = {
  message: 130,
  description: 15_000,
  source: 100,
  entity: 512,
  note: 25_000,
  details: 8_000,
  tags: 20,
  tag: 50,
  actions: 10,
  action: 50,
  responders: 50,
} as const;

export interface OpsgenieTarget {
  /** With a slash at the end. */
  readonly url: URL;
  readonly key: string;
}

/** The requests of a notification: one, or with `update_alerts` three, which can all be repeated. */
export function opsgenieMessages(
  settings: OpsgenieSettings,
  rendering: Rendering,
  target: OpsgenieTarget,
): readonly HttpMessage[] {
  const alias = rendering.dedupKey;
  const send = (path: string, body: object, method: 'POST' | 'PUT' = 'POST'): HttpMessage => ({
    method,
    url: new URL(`v2/alerts${path}`, target.url),
    headers: {
      'content-type': 'application/json',
      authorization: `GenieKey ${target.key}`,
    },
    body: JSON.stringify(body),
  });
  const text = textsOf(settings, rendering);
  if (rendering.notification.status === 'resolved') {
    const closing = compact({ source: text('source', OPSGENIE_LIMITS.source) });
    return [send(`/${alias}/close?identifierType=alias`, closing)];
  }
  const alert = opsgenieAlert(settings, rendering);
  const { message, description = '' } = alert;
  if (settings.update_alerts !== true) return [send('', alert)];
  return [
    send('', alert),
    send(`/${alias}/message?identifierType=alias`, { message }, 'PUT'),
    send(`/${alias}/description?identifierType=alias`, { description }, 'PUT'),
  ];
}

type TextField = 'message' | 'description' | 'source' | 'entity' | 'note' | 'priority';

function textsOf(
  settings: OpsgenieSettings,
  rendering: Rendering,
): (name: TextField, max: number) => string {
  const defaults: Readonly<Record<string, string>> = DEFAULTS;
  return (name, max) =>
    cut(rendering.text(`opsgenie_configs.${name}`, settings[name], defaults[name]), max);
}

export function opsgenieAlert(settings: OpsgenieSettings, rendering: Rendering): OpsgenieAlert {
  const text = textsOf(settings, rendering);
  const { commonLabels, status } = commonOf(rendering);
  const priority = text('priority', 20).toUpperCase();
  const message = text('message', OPSGENIE_LIMITS.message);
  return {
    alias: rendering.dedupKey,
    message: message.trim() === '' ? `Alerts are ${status}` : message,
    ...compact({
      description: text('description', OPSGENIE_LIMITS.description),
      details: detailsWithin({
        ...commonLabels,
        ...textsOfRecord(rendering.record('opsgenie_configs.details', settings.details ?? {})),
      }),
      source: text('source', OPSGENIE_LIMITS.source),
      responders: responders(settings, rendering),
      tags: list(rendering.text('opsgenie_configs.tags', settings.tags), {
        count: OPSGENIE_LIMITS.tags,
        length: OPSGENIE_LIMITS.tag,
      }),
      note: text('note', OPSGENIE_LIMITS.note),
      priority: /^P[1-5]$/.test(priority) ? priority : '',
      entity: text('entity', OPSGENIE_LIMITS.entity),
      actions: list(rendering.text('opsgenie_configs.actions', settings.actions), {
        count: OPSGENIE_LIMITS.actions,
        length: OPSGENIE_LIMITS.action,
      }),
    }),
  };
}

function commonOf({ notification }: Rendering): {
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly status: string;
} {
  const [first, ...rest] = notification.alerts.map(({ labels }) => labels.toObject());
  const common = Object.entries(first ?? {}).filter(([name, value]) =>
    rest.every((labels) => labels[name] === value),
  );
  return { commonLabels: Object.fromEntries(common), status: notification.status };
}

function textsOfRecord(record: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, String(value)]));
}

/** As many as fit together. */
function detailsWithin(details: Readonly<Record<string, string>>): Record<string, string> {
  let length = 0;
  const kept = Object.entries(details).filter(([key, value]) => {
    length += key.length + value.length;
    return length <= OPSGENIE_LIMITS.details;
  });
  return Object.fromEntries(kept);
}

function list(
  text: string,
  max: { readonly count: number; readonly length: number },
): readonly string[] {
  return text
    .split(',')
    .map((item) => cut(item.trim(), max.length))
    .filter((item) => item !== '')
    .slice(0, max.count);
}

/** The type `teams` stands for several teams with commas between their names. */
function responders(
  settings: OpsgenieSettings,
  rendering: Rendering,
): NonNullable<OpsgenieAlert['responders']> {
  const text = (name: string, template: string | undefined): string =>
    rendering.text(`opsgenie_configs.responders.${name}`, template);
  return (settings.responders ?? [])
    .flatMap((responder): NonNullable<OpsgenieAlert['responders']> => {
      const type = text('type', responder.type).toLowerCase();
      const name = text('name', responder.name);
      if (type === 'teams') {
        const names = list(name, { count: OPSGENIE_LIMITS.responders, length: 200 });
        return names.map((team) => ({ name: team, type: 'team' }));
      }
      const found = compact({
        id: text('id', responder.id),
        name,
        username: text('username', responder.username),
      });
      return Object.keys(found).length === 0 ? [] : [{ ...found, type }];
    })
    .slice(0, OPSGENIE_LIMITS.responders);
}
