import { type HttpMessage } from '../notify/http-sender.ts';
import { compact, cut, type Rendering } from './rendering.ts';
import { type PagerdutySettings } from './settings.ts';

export const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';
/** Of the integration that takes a `service_key`. */
export const PAGERDUTY_V1_URL = 'https://events.pagerduty.com/generic/2010-04-15/create_event.json';

export type PagerdutySeverity = 'critical' | 'error' | 'warning' | 'info';

/** @see https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ */
export interface PagerdutyEvent {
  readonly routing_key: string;
  readonly event_action: 'trigger' | 'resolve';
  readonly dedup_key: string;
  readonly client?: string;
  readonly client_url?: string;
  readonly payload?: {
    readonly summary: string;
    readonly source: string;
    readonly severity: PagerdutySeverity;
    readonly class?: string;
    readonly component?: string;
    readonly group?: string;
    readonly custom_details?: Readonly<Record<string, unknown>>;
  };
  readonly links?: readonly { readonly href: string; readonly text?: string }[];
  readonly images?: readonly {
    readonly src: string;
    readonly href?: string;
    readonly alt?: string;
  }[];
}

const MAX_SUMMARY = 1_024;
const MAX_FIELD = 1_024;
/** PagerDuty refuses longer events. */
const MAX_EVENT_BYTES = 512 * 1_024;

const DEFAULT_DETAILS = {
  firing: '{{ template "pagerduty.default.instances" .Alerts.Firing }}',
  resolved: '{{ template "pagerduty.default.instances" .Alerts.Resolved }}',
  num_firing: '{{ .Alerts.Firing | len }}',
  num_resolved: '{{ .Alerts.Resolved | len }}',
};

const DEFAULTS = {
  description: '{{ template "pagerduty.default.description" . }}',
  client: '{{ template "pagerduty.default.client" . }}',
  client_url: '{{ template "pagerduty.default.clientURL" . }}',
};

const words: Readonly<Record<PagerdutySeverity, string>> = {
  critical: 'critical crit page emergency emerg fatal disaster alert p1 sev1 urgent',
  error: 'error err high major severe p2 sev2',
  warning: 'warning warn medium minor average moderate p3 sev3',
  info: 'info information informational notice low none debug ok trivial p4 p5 sev4 sev5',
};

const severities: ReadonlyMap<string, PagerdutySeverity> = new Map(
  (['critical', 'error', 'warning', 'info'] as const).flatMap((severity) =>
    words[severity].split(' ').map((word) => [word, severity] as const),
  ),
);

/** One of the four that PagerDuty knows; `error` for a word that nobody knows. */
export function pagerdutySeverity(text: string): PagerdutySeverity {
  return severities.get(text.trim().toLowerCase()) ?? 'error';
}

export interface PagerdutyTarget {
  readonly url: URL;
  readonly key: string;
  /** Whether `key` is a `service_key`. */
  readonly isV1: boolean;
}

/** The request of a notification. */
export function pagerdutyMessage(
  settings: PagerdutySettings,
  rendering: Rendering,
  { url, key, isV1 }: PagerdutyTarget,
): HttpMessage {
  const body = isV1
    ? v1Event(settings, rendering, key)
    : withinSize(pagerdutyEvent(settings, rendering, key));
  return { url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** The event, however long. */
export function pagerdutyEvent(
  settings: PagerdutySettings,
  rendering: Rendering,
  routingKey: string,
): PagerdutyEvent {
  const { status } = rendering.notification;
  const base = {
    routing_key: routingKey.trim(),
    event_action: status === 'firing' ? 'trigger' : 'resolve',
    dedup_key: rendering.dedupKey,
  } as const;
  // What is resolved is known by its key alone.
  if (status === 'resolved') return base;
  const text = (name: TextField, fallback = ''): string =>
    cut(rendering.text(`pagerduty_configs.${name}`, settings[name], fallback), MAX_FIELD);
  const client = text('client', DEFAULTS.client);
  const summary = cut(
    rendering.text('pagerduty_configs.description', settings.description, DEFAULTS.description),
    MAX_SUMMARY,
  );
  return {
    ...base,
    ...compact({
      client,
      client_url: text('client_url', DEFAULTS.client_url),
      links: links(settings, rendering),
      images: images(settings, rendering),
    }),
    payload: {
      // PagerDuty refuses an empty one.
      summary: summary.trim() === '' ? `Alerts are ${status}` : summary,
      source: text('source') || client || 'DWCP Monitoring',
      severity: pagerdutySeverity(text('severity', 'error')),
      ...compact({
        class: text('class'),
        component: text('component'),
        group: text('group'),
      }),
      custom_details: rendering.record(
        'pagerduty_configs.details',
        settings.details ?? {},
        DEFAULT_DETAILS,
      ),
    },
  };
}

type TextField = 'client' | 'client_url' | 'source' | 'severity' | 'class' | 'component' | 'group';

function links(
  settings: PagerdutySettings,
  rendering: Rendering,
): NonNullable<PagerdutyEvent['links']> {
  return (settings.links ?? [])
    .map(({ href, text }) => ({
      href: rendering.text('pagerduty_configs.links.href', href),
      ...compact({ text: rendering.text('pagerduty_configs.links.text', text) }),
    }))
    .filter(({ href }) => href !== '');
}

function images(
  settings: PagerdutySettings,
  rendering: Rendering,
): NonNullable<PagerdutyEvent['images']> {
  return (settings.images ?? [])
    .map(({ src, href, alt }) => ({
      src: rendering.text('pagerduty_configs.images.src', src),
      ...compact({
        href: rendering.text('pagerduty_configs.images.href', href),
        alt: rendering.text('pagerduty_configs.images.alt', alt),
      }),
    }))
    .filter(({ src }) => src !== '');
}

/** Leaves out the details, then links and images, of an event that PagerDuty would refuse. */
function withinSize(event: PagerdutyEvent): PagerdutyEvent {
  if (sizeOf(event) <= MAX_EVENT_BYTES || event.payload === undefined) return event;
  const note = { note: 'The details were left out: with them the event is longer than 512 kB.' };
  const shorter = { ...event, payload: { ...event.payload, custom_details: note } };
  if (sizeOf(shorter) <= MAX_EVENT_BYTES) return shorter;
  const { links: _links, images: _images, ...bare } = shorter;
  return bare;
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** An event of the older API. @see https://developer.pagerduty.com/docs/events-api-v1/ */
function v1Event(settings: PagerdutySettings, rendering: Rendering, serviceKey: string): object {
  const event = {
    service_key: serviceKey.trim(),
    event_type: rendering.notification.status === 'firing' ? 'trigger' : 'resolve',
    incident_key: rendering.dedupKey,
    description: cut(
      rendering.text('pagerduty_configs.description', settings.description, DEFAULTS.description),
      MAX_SUMMARY,
    ),
    client: cut(
      rendering.text('pagerduty_configs.client', settings.client, DEFAULTS.client),
      MAX_FIELD,
    ),
    client_url: rendering.text(
      'pagerduty_configs.client_url',
      settings.client_url,
      DEFAULTS.client_url,
    ),
    details: rendering.record('pagerduty_configs.details', settings.details ?? {}, DEFAULT_DETAILS),
  };
  if (sizeOf(event) <= MAX_EVENT_BYTES) return event;
  return { ...event, details: { note: 'The details were left out: too long.' } };
}
