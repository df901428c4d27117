import { cutUnits } from './rendering.ts';

/** A block of Slack's Block Kit. @see https://docs.slack.dev/reference/block-kit/blocks */
export type SlackBlock =
  | {
      readonly type: 'section';
      readonly text?: SlackText;
      readonly fields?: readonly SlackText[];
      readonly accessory?: SlackImage;
    }
  | SlackImage
  | { readonly type: 'context'; readonly elements: readonly SlackText[] }
  | { readonly type: 'actions'; readonly elements: readonly SlackButton[] };

export interface SlackText {
  readonly type: 'mrkdwn' | 'plain_text';
  readonly text: string;
}

export interface SlackImage {
  readonly type: 'image';
  readonly image_url: string;
  readonly alt_text: string;
}

export interface SlackButton {
  readonly type: 'button';
  readonly text: SlackText;
  readonly action_id: string;
  readonly url?: string;
  readonly value?: string;
  readonly style?: 'primary' | 'danger';
}

/** What a message says, before it is laid out. */
export interface SlackContent {
  readonly title: string;
  readonly titleLink: string;
  /** mrkdwn. */
  readonly text: string;
  readonly fields: readonly {
    readonly title: string;
    readonly value: string;
    readonly short: boolean;
  }[];
  readonly imageUrl: string;
  readonly thumbUrl: string;
  readonly footer: string;
  readonly buttons: readonly {
    readonly text: string;
    readonly url: string;
    readonly name: string;
    readonly value: string;
    readonly style: string;
  }[];
}

/** What Slack takes; it refuses a message that breaks one of them. */
export const SLACK_LIMITS = {
  blocks: 50,
  sectionText: 3_000,
  fields: 10,
  fieldText: 2_000,
  title: 1_024,
  contextText: 2_000,
  buttons: 25,
  buttonText: 75,
  url: 3_000,
  buttonValue: 2_000,
  actionId: 255,
  altText: 2_000,
  /** Not documented: at about 13,200 characters of blocks Slack answers `msg_blocks_too_long`. */
  total: 12_000,
} as const;

/** Fields and buttons take at most so much of the total. */
const EXTRAS_TOTAL = 5_000;
const MAX_FIELD_BLOCKS = 20;

const mrkdwn = (text: string, max: number): SlackText => ({
  type: 'mrkdwn',
  text: cutUnits(text, max),
});

/** Lays a message out within all limits; the text is what gets shorter. */
export function slackBlocks(content: SlackContent): readonly SlackBlock[] {
  const head = titleBlocks(content);
  const fields = fieldBlocks(content);
  const rest = [...imageBlocks(content), ...buttonBlocks(content), ...footerBlocks(content)];
  const extras = [...fields];
  while (extras.length > 0 && lengthOf([...extras, ...rest]) > EXTRAS_TOTAL) extras.pop();
  const fixed = [...head, ...extras, ...rest];
  const text = textBlocks(content.text, {
    length: SLACK_LIMITS.total - lengthOf(fixed),
    blocks: SLACK_LIMITS.blocks - fixed.length,
  });
  return [...head, ...text, ...extras, ...rest];
}

/** Characters of the JSON form. */
export function lengthOf(blocks: readonly SlackBlock[]): number {
  return JSON.stringify(blocks).length;
}

function titleBlocks({ title, titleLink, thumbUrl }: SlackContent): readonly SlackBlock[] {
  if (title.trim() === '') return [];
  const shown = escape(cutUnits(title.replaceAll(/\s*\n\s*/g, ' '), SLACK_LIMITS.title));
  const linked = isAddress(titleLink)
    ? `*<${escapeUrl(titleLink)}|${shown.replaceAll('|', '¦')}>*`
    : '';
  // Cut in the middle, a link would no longer be one.
  const text = linked !== '' && linked.length <= SLACK_LIMITS.sectionText ? linked : `*${shown}*`;
  const accessory = image(thumbUrl, title);
  return [
    {
      type: 'section',
      text: mrkdwn(text, SLACK_LIMITS.sectionText),
      ...(accessory === undefined ? {} : { accessory }),
    },
  ];
}

function fieldBlocks({ fields }: SlackContent): SlackBlock[] {
  const share = Math.min(SLACK_LIMITS.fieldText, Math.floor(EXTRAS_TOTAL / (fields.length + 1)));
  const blocks: SlackBlock[] = [];
  let short: SlackText[] = [];
  const flush = (): void => {
    if (short.length > 0) blocks.push({ type: 'section', fields: short });
    short = [];
  };
  for (const field of fields) {
    const text = mrkdwn(`*${field.title}*\n${field.value}`, Math.max(share, 100));
    if (!field.short || short.length === SLACK_LIMITS.fields) flush();
    if (field.short) short.push(text);
    else blocks.push({ type: 'section', text });
  }
  flush();
  return blocks.slice(0, MAX_FIELD_BLOCKS);
}

function imageBlocks({ imageUrl, title }: SlackContent): readonly SlackBlock[] {
  const found = image(imageUrl, title);
  return found === undefined ? [] : [found];
}

function image(url: string, title: string): SlackImage | undefined {
  if (!isAddress(url)) return undefined;
  const altText = cutUnits(title, 200) || 'image';
  return { type: 'image', image_url: url, alt_text: altText };
}

function buttonBlocks({ buttons }: SlackContent): readonly SlackBlock[] {
  const elements = buttons
    .filter(({ text, url, name }) => text !== '' && (isAddress(url) || (url === '' && name !== '')))
    .slice(0, SLACK_LIMITS.buttons)
    .map((button, index): SlackButton => {
      const { text, url, name, value, style } = button;
      return {
        type: 'button',
        text: { type: 'plain_text', text: cutUnits(text, SLACK_LIMITS.buttonText) },
        // Slack wants each one once in a message.
        action_id: cutUnits(`${index}:${name}`, SLACK_LIMITS.actionId),
        ...(url === '' ? {} : { url }),
        ...(value === '' ? {} : { value: cutUnits(value, SLACK_LIMITS.buttonValue) }),
        ...(style === 'primary' || style === 'danger' ? { style } : {}),
      };
    });
  while (elements.length > 0 && JSON.stringify(elements).length > EXTRAS_TOTAL / 2) elements.pop();
  return elements.length === 0 ? [] : [{ type: 'actions', elements }];
}

function footerBlocks({ footer }: SlackContent): readonly SlackBlock[] {
  if (footer.trim() === '') return [];
  return [{ type: 'context', elements: [mrkdwn(footer, 500)] }];
}

/** Sections of whole lines where possible; what does not fit is counted in a last line. */
function textBlocks(
  text: string,
  room: { readonly length: number; readonly blocks: number },
): readonly SlackBlock[] {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  const lines = trimmed.split('\n').flatMap(splitLine);
  for (let count = lines.length; ; count = Math.floor(count * 0.8)) {
    const left = lines.length - count;
    const note = left === 0 ? [] : [`_… and ${left} more ${left === 1 ? 'line' : 'lines'}_`];
    const blocks = sections([...lines.slice(0, count), ...note]);
    if ((lengthOf(blocks) <= room.length && blocks.length <= room.blocks) || count === 0) {
      return blocks;
    }
  }
}

function splitLine(line: string): readonly string[] {
  const max = SLACK_LIMITS.sectionText;
  if (line.length <= max) return [line];
  const parts: string[] = [];
  for (let rest = line; rest !== '';) {
    const part = rest.slice(0, max).replace(/[\uD800-\uDBFF]$/, '');
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return parts;
}

function sections(lines: readonly string[]): readonly SlackBlock[] {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    const joined = `${last ?? ''}\n${line}`;
    if (last !== undefined && joined.length <= SLACK_LIMITS.sectionText) {
      texts[texts.length - 1] = joined;
    } else {
      texts.push(line);
    }
  }
  return texts
    .filter((text) => text.trim() !== '')
    .map((text) => ({ type: 'section', text: mrkdwn(text, SLACK_LIMITS.sectionText) }));
}

function isAddress(text: string): boolean {
  return /^https?:\/\/./i.test(text) && text.length <= SLACK_LIMITS.url;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function escapeUrl(url: string): string {
  return escape(url).replaceAll('|', '%7C').replaceAll(/\s/g, '%20');
}
