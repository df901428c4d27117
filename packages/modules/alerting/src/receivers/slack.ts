import { type HttpMessage } from '../notify/http-sender.ts';
import { compact, cutUnits, type Rendering } from './rendering.ts';
import { type SlackSettings } from './settings.ts';
import { type SlackBlock, slackBlocks } from './slack-blocks.ts';

export const SLACK_API_URL = 'https://slack.com/api/chat.postMessage';

/** A message of an incoming webhook or of `chat.postMessage`. */
export interface SlackMessage {
  readonly channel?: string;
  readonly username?: string;
  readonly icon_emoji?: string;
  readonly icon_url?: string;
  readonly link_names?: boolean;
  /** What stands before the coloured part. */
  readonly text?: string;
  readonly attachments: readonly [
    {
      readonly color?: string;
      /** What phones show. */
      readonly fallback: string;
      readonly blocks: readonly SlackBlock[];
    },
  ];
}

const DEFAULTS = {
  color: '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}',
  username: '{{ template "slack.default.username" . }}',
  title: '{{ template "slack.default.title" . }}',
  title_link: '{{ template "slack.default.titlelink" . }}',
  icon_emoji: '{{ template "slack.default.iconemoji" . }}',
  icon_url: '{{ template "slack.default.iconurl" . }}',
  pretext: '{{ template "slack.default.pretext" . }}',
  text: '{{ template "slack.default.text" . }}',
  fallback: '{{ template "slack.default.fallback" . }}',
  footer: '{{ template "slack.default.footer" . }}',
};

const MAX_TEXT = 3_000;
const MAX_FALLBACK = 1_024;

export interface SlackTarget {
  readonly url: URL;
  /** Of a bot; undefined for an incoming webhook. */
  readonly token?: string;
}

/** The request of a notification. */
export function slackRequest(
  settings: SlackSettings,
  rendering: Rendering,
  { url, token }: SlackTarget,
): HttpMessage {
  return {
    url,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(slackMessage(settings, rendering)),
  };
}

type TextField = keyof typeof DEFAULTS | 'channel' | 'image_url' | 'thumb_url';

export function slackMessage(settings: SlackSettings, rendering: Rendering): SlackMessage {
  const defaults: Readonly<Record<string, string>> = DEFAULTS;
  const text = (name: TextField): string =>
    rendering.text(`slack_configs.${name}`, settings[name], defaults[name]);
  const title = text('title');
  const { fields = [], actions = [], short_fields: shortFields = false } = settings;
  const blocks = slackBlocks({
    title,
    titleLink: text('title_link'),
    text: text('text'),
    fields: fields.map((field) => ({
      title: rendering.text('slack_configs.fields.title', field.title),
      value: rendering.text('slack_configs.fields.value', field.value),
      short: field.short ?? shortFields,
    })),
    imageUrl: text('image_url'),
    thumbUrl: text('thumb_url'),
    footer: text('footer'),
    buttons: actions.map((action) => ({
      text: rendering.text('slack_configs.actions.text', action.text),
      url: rendering.text('slack_configs.actions.url', action.url),
      name: rendering.text('slack_configs.actions.name', action.name),
      value: rendering.text('slack_configs.actions.value', action.value),
      style: rendering.text('slack_configs.actions.style', action.style),
    })),
  });
  const color = text('color');
  return {
    ...compact({
      channel: text('channel'),
      username: cutUnits(text('username'), 80),
      icon_emoji: text('icon_emoji'),
      icon_url: text('icon_url'),
      text: cutUnits(text('pretext'), MAX_TEXT),
    }),
    ...(settings.link_names === true ? { link_names: true } : {}),
    attachments: [
      {
        ...compact({ color }),
        fallback: cutUnits(text('fallback') || title, MAX_FALLBACK),
        blocks:
          blocks.length > 0
            ? blocks
            : slackBlocks({ ...emptyContent, title: cutUnits(title || `Alerts: ${color}`, 150) }),
      },
    ],
  };
}

const emptyContent = {
  titleLink: '',
  text: '',
  fields: [],
  imageUrl: '',
  thumbUrl: '',
  footer: '',
  buttons: [],
};

/** Errors of Slack's API that pass. @see https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const passing: ReadonlySet<string> = new Set([
  'fatal_error',
  'internal_error',
  'message_limit_exceeded',
  'rate_limited',
  'ratelimited',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
]);

/** Slack says in the body of a 200 whether it took a message; undefined when it did. */
export function slackProblem(
  answer: string,
): { readonly problem: string; readonly retryable: boolean } | undefined {
  if (!answer.trimStart().startsWith('{')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || !('ok' in parsed) || parsed.ok === true) {
    return undefined;
  }
  const error = 'error' in parsed && typeof parsed.error === 'string' ? parsed.error : 'unknown';
  return { problem: error, retryable: passing.has(error) };
}
