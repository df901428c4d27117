import { type HttpMessage } from '../notify/http-sender.ts';
import { cut, type Rendering } from './rendering.ts';
import { type MsteamsV2Settings } from './settings.ts';

/** A message of a Teams workflow: one adaptive card. @see https://adaptivecards.io/explorer/ */
export interface TeamsMessage {
  readonly type: 'message';
  readonly attachments: readonly [
    {
      readonly contentType: 'application/vnd.microsoft.card.adaptive';
      readonly contentUrl: null;
      readonly content: {
        readonly $schema: 'http://adaptivecards.io/schemas/adaptive-card.json';
        readonly type: 'AdaptiveCard';
        readonly version: '1.4';
        readonly body: readonly TeamsTextBlock[];
        readonly msteams: { readonly width: 'Full' };
      };
    },
  ];
}

export interface TeamsTextBlock {
  readonly type: 'TextBlock';
  readonly text: string;
  readonly wrap: true;
  readonly weight?: 'Bolder';
  readonly size?: 'Medium';
  readonly style?: 'heading';
  readonly color?: 'Attention' | 'Good';
}

/** Teams refuses longer messages. */
export const TEAMS_MAX_BYTES = 28 * 1_024;
const MAX_TITLE = 1_024;

const DEFAULTS = {
  title: '{{ template "msteamsv2.default.title" . }}',
  text: '{{ template "msteamsv2.default.text" . }}',
};

/** The request of a notification. */
export function teamsRequest(
  settings: MsteamsV2Settings,
  rendering: Rendering,
  url: URL,
): HttpMessage {
  return {
    url,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(teamsMessage(settings, rendering)),
  };
}

export function teamsMessage(settings: MsteamsV2Settings, rendering: Rendering): TeamsMessage {
  const { status } = rendering.notification;
  const title = cut(
    rendering.text('msteamsv2_configs.title', settings.title, DEFAULTS.title),
    MAX_TITLE,
  );
  const text = rendering.text('msteamsv2_configs.text', settings.text, DEFAULTS.text);
  const color = status === 'firing' ? 'Attention' : 'Good';
  const lines = text.split('\n');
  for (let count = lines.length; ; count = Math.floor(count * 0.8)) {
    const left = lines.length - count;
    const note = left === 0 ? '' : `\n\n_… and ${left} more ${left === 1 ? 'line' : 'lines'}_`;
    const message = card(title, lines.slice(0, count).join('\n') + note, color);
    if (count === 0 || Buffer.byteLength(JSON.stringify(message)) <= TEAMS_MAX_BYTES) {
      return message;
    }
  }
}

function card(title: string, text: string, color: 'Attention' | 'Good'): TeamsMessage {
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            {
              type: 'TextBlock',
              text: title,
              weight: 'Bolder',
              size: 'Medium',
              wrap: true,
              style: 'heading',
              color,
            },
            { type: 'TextBlock', text, wrap: true },
          ],
          msteams: { width: 'Full' },
        },
      },
    ],
  };
}
