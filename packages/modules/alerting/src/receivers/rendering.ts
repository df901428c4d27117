import { createHash } from 'node:crypto';

import { type Notification } from '@dwcp/core';

import { TemplateError } from '../template/template-error.ts';
import { type NotificationTemplates } from './notification-templates.ts';
import { templateData } from './template-data.ts';

export interface RenderingOptions {
  readonly notification: Notification;
  readonly templates: NotificationTemplates;
  /** The moment the notification is made. */
  readonly unixMs: number;
}

/**
 * Fills in the texts of one notification. A template that fails must not keep people from hearing of
 * an alert: the default text takes its place, and `problems` tells of it.
 */
export class Rendering {
  readonly notification: Notification;
  readonly unixMs: number;
  readonly problems: string[] = [];
  readonly #templates: NotificationTemplates;
  /** Made when the first template asks: most addresses and keys are none. */
  #data: unknown;

  constructor({ notification, templates, unixMs }: RenderingOptions) {
    this.notification = notification;
    this.unixMs = unixMs;
    this.#templates = templates;
  }

  /** Names the group towards a receiver: 64 hexadecimal digits. */
  get dedupKey(): string {
    return dedupKeyOf(this.notification.groupKey);
  }

  /** The labels of the route, rendered; one that fails is left out. */
  get routeLabels(): Readonly<Record<string, string>> {
    const labels = Object.entries(this.notification.routeLabels ?? {});
    return Object.fromEntries(
      labels
        .map(([name, text]) => [name, this.text(`labels.${name}`, text)] as const)
        .filter(([, value]) => value !== ''),
    );
  }

  /** @param fallback a template of ours, used when `template` is undefined or fails */
  text(field: string, template: string | undefined, fallback = ''): string {
    return this.#render(field, template, fallback, false);
  }

  /** As `text`, with values escaped as HTML. */
  html(field: string, template: string | undefined, fallback = ''): string {
    return this.#render(field, template, fallback, true);
  }

  /** Values by name, each rendered; texts that are empty then are left out. */
  record(
    field: string,
    templates: Readonly<Record<string, unknown>>,
    fallbacks: Readonly<Record<string, string>> = {},
  ): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries({ ...fallbacks, ...templates })
        .map(([key, value]) => [key, this.deep(`${field}.${key}`, value, fallbacks[key])] as const)
        .filter(([, value]) => value !== ''),
    );
  }

  /** A value with every text in it rendered; lists and maps as deep as they are. */
  deep(field: string, value: unknown, fallback?: string): unknown {
    if (typeof value === 'string') return this.text(field, value, fallback);
    if (Array.isArray(value)) {
      return value.map((item, index) => this.deep(`${field}[${index}]`, item));
    }
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, this.deep(`${field}.${key}`, item)]),
    );
  }

  #render(field: string, template: string | undefined, fallback: string, html: boolean): string {
    if (!(template ?? fallback).includes('{{')) return template ?? fallback;
    this.#data ??= templateData(this.notification);
    const { routeLabels = {} } = this.notification;
    const options = { data: this.#data, unixMs: this.unixMs, routeLabels, html };
    try {
      return this.#templates.render(field, template ?? fallback, options);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.problems.push(`${field}: ${error.message}`);
    }
    try {
      return this.#templates.render(field, fallback, options);
    } catch (error) {
      // The default may lead to a template of a user's file.
      if (!(error instanceof TemplateError)) throw error;
      const { status, groupLabels } = this.notification;
      return `[${status.toUpperCase()}] ${Object.values(groupLabels).join(' ')}`;
    }
  }
}

/** As Alertmanager's, so that both name one group alike. */
export function dedupKeyOf(groupKey: string): string {
  return createHash('sha256').update(groupKey).digest('hex');
}

/** The first so many characters (code points), the last of them `…` where something was cut. */
export function cut(text: string, maxCharacters: number): string {
  // A code point has at most two units: most texts need no counting.
  if (text.length <= maxCharacters) return text;
  const characters = Array.from(text);
  if (characters.length <= maxCharacters) return text;
  return `${characters.slice(0, maxCharacters - 1).join('')}…`;
}

/** As `cut`, counted in UTF-16 units, for receivers that do not say what a character is. */
export function cutUnits(text: string, maxUnits: number): string {
  if (text.length <= maxUnits) return text;
  return `${text.slice(0, maxUnits - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** Without what is undefined or empty, as most fields of a receiver may be left out. */
export function compact<T extends object>(record: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(record).filter(
      ([, value]) =>
        value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0),
    ),
  ) as Partial<T>;
}
