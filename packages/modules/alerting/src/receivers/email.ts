import { createHash } from 'node:crypto';

import { cut, type Rendering } from './rendering.ts';
import { type EmailSettings } from './settings.ts';

/** A mail, as `nodemailer` takes it. */
export interface Email {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  /** The same for every try of one notification. */
  readonly messageId: string;
  readonly date: Date;
  readonly text?: string;
  readonly html?: string;
  readonly inReplyTo?: string;
  readonly references?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Other fields that a configuration sets: `cc`, `bcc`, `replyTo`, `sender`. */
  readonly cc?: string;
  readonly bcc?: string;
  readonly replyTo?: string;
  readonly sender?: string;
}

const DEFAULTS = {
  subject: '{{ template "email.default.subject" . }}',
  html: '{{ template "email.default.html" . }}',
  text: '{{ template "email.default.text" . }}',
};

/** RFC 5322 2.1.1 allows 998 characters in a line; people read fewer. */
const MAX_SUBJECT = 250;

/** The mail of a notification. */
export function emailOf(settings: EmailSettings, rendering: Rendering): Email {
  const header = headersOf(settings, rendering);
  const take = (name: string): string | undefined => {
    const value = header.get(name);
    header.delete(name);
    return value;
  };
  const from = take('from') ?? oneLine(rendering.text('email_configs.from', settings.from));
  const to = take('to') ?? oneLine(rendering.text('email_configs.to', settings.to));
  const subject =
    take('subject') ??
    oneLine(rendering.text('email_configs.headers.Subject', undefined, DEFAULTS.subject));
  const messageId =
    take('message-id') ?? `<${idOf(rendering.notification.idempotencyKey)}@${domainOf(from)}>`;
  const thread = threadOf(settings, rendering, domainOf(from));
  const html = rendering.html('email_configs.html', settings.html, DEFAULTS.html);
  const text = rendering.text('email_configs.text', settings.text, DEFAULTS.text);
  const named = {
    cc: take('cc'),
    bcc: take('bcc'),
    replyTo: take('reply-to'),
    sender: take('sender'),
  };
  return {
    from,
    to,
    subject: cut(subject, MAX_SUBJECT),
    messageId,
    date: new Date(rendering.unixMs),
    ...(html === '' ? {} : { html }),
    ...(text === '' ? {} : { text }),
    ...(thread === undefined ? {} : { inReplyTo: thread, references: thread }),
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-DWCP-Idempotency-Key': rendering.notification.idempotencyKey,
      ...Object.fromEntries(header),
    },
  };
}

/** By name in lower case. */
function headersOf(settings: EmailSettings, rendering: Rendering): Map<string, string> {
  return new Map(
    Object.entries(settings.headers ?? {}).map(([name, template]) => {
      const isSubject = name.toLowerCase() === 'subject';
      const fallback = isSubject ? DEFAULTS.subject : '';
      const text = rendering.text(`email_configs.headers.${name}`, template, fallback);
      return [name.toLowerCase(), oneLine(text)];
    }),
  );
}

/** A line break would begin another header. */
function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}

function idOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function domainOf(from: string): string {
  return /@([\w.-]+)/.exec(from)?.[1] ?? 'dwcp-monitoring.invalid';
}

/** A message that never was, which all mails of a group answer: mail programs show them together. */
function threadOf(
  { threading }: EmailSettings,
  { notification, unixMs }: Rendering,
  domain: string,
): string | undefined {
  if (threading?.enabled !== true) return undefined;
  const isDaily = (threading.thread_by_date ?? 'daily') === 'daily';
  const day = isDaily ? `-${new Date(unixMs).toISOString().slice(0, 10)}` : '';
  return `<alert-${idOf(notification.groupKey)}${day}@${domain}>`;
}
