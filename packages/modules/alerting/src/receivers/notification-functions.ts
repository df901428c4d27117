import { stringArg } from '../template/arguments.ts';
import { fn } from '../template/builtin-functions.ts';
import { TemplateCallError, type TemplateFunction } from '../template/executor.ts';
import { formatValue, GoList, GoMap, GoStruct, GoTime, typeNameOf } from '../template/go-values.ts';
import { prometheusFunctions } from '../template/prometheus-functions.ts';
import { formatTime, isTimeZone } from '../template/time-format.ts';
import { stringList } from './template-data.ts';

/** A text that goes into HTML as it is. */
export class SafeHtml {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

/**
 * Alertmanager's template functions.
 * @param unixMs the moment of the notification, for `since`
 * @see https://prometheus.io/docs/alerting/latest/notifications/#functions
 */
export function notificationFunctions(unixMs: number): ReadonlyMap<string, TemplateFunction> {
  return new Map([
    ...shared,
    // In seconds, which is what humanizeDuration reads.
    ['since', fn(1, 1, (args) => (unixMs - timeArg(args, 0).unixMs) / 1_000)],
  ]);
}

const shared: ReadonlyMap<string, TemplateFunction> = new Map([
  ...['toUpper', 'toLower', 'title', 'match', 'reReplaceAll', 'humanizeDuration'].flatMap(
    (name) => {
      const found = prometheusFunctions.get(name);
      return found === undefined ? [] : [[name, found] as const];
    },
  ),
  ['trimSpace', fn(1, 1, (args) => stringArg(args, 0).trim())],
  ['join', fn(2, 2, (args) => stringsArg(args, 1).join(stringArg(args, 0)))],
  ['stringSlice', fn(0, Infinity, (args) => stringList(args.map((_, i) => stringArg(args, i))))],
  ['safeHtml', fn(1, 1, (args) => new SafeHtml(stringArg(args, 0)))],
  ['safeUrl', fn(1, 1, (args) => new SafeHtml(escapeHtml(stringArg(args, 0))))],
  ['urlUnescape', fn(1, 1, (args) => urlUnescape(stringArg(args, 0)))],
  ['date', fn(2, 2, date)],
  ['tz', fn(2, 2, inZone)],
  ['toJson', fn(1, 1, (args) => JSON.stringify(jsonOf(args[0])))],
  ['list', fn(0, Infinity, (args) => new GoList('[]interface {}', args))],
  ['append', fn(1, Infinity, append)],
  ['dict', fn(0, Infinity, dict)],
  // Ours: a text that Slack shows as it is, without reading `<!channel>` in it as a mention.
  ['slackEscape', fn(1, 1, (args) => escapeMrkdwn(stringArg(args, 0)))],
]);

/** Names of all functions. */
export const notificationFunctionNames: ReadonlySet<string> = new Set([...shared.keys(), 'since']);

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => HTML[character] ?? character);
}

/** @see https://docs.slack.dev/messaging/formatting-message-text#escaping */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll(/[&<>]/g, (character) => HTML[character] ?? character);
}

/** How a value prints into HTML: escaped, and no address of a script where an address stands. */
export function printHtml(value: unknown, before: string): string {
  if (value instanceof SafeHtml) return value.html;
  const text = formatValue(value);
  const isAddress = /\b(?:href|src|action|formaction)\s*=\s*["']?$/i.test(before);
  // A scheme behind blanks and control characters is read by browsers all the same.
  const scheme = /^([^/?#]*?):/.exec(text.replaceAll(/[\s\p{Cc}]/gu, ''))?.[1]?.toLowerCase();
  if (isAddress && scheme !== undefined && !['http', 'https', 'mailto'].includes(scheme)) {
    return '#unsafe-address';
  }
  return escapeHtml(text);
}

/** How a value prints into plain text. */
export function printText(value: unknown): string {
  return value instanceof SafeHtml ? value.html : formatValue(value);
}

function stringsArg(args: readonly unknown[], index: number): readonly string[] {
  const value = args[index];
  if (value instanceof GoList && value.items.every((item) => typeof item === 'string')) {
    return value.items;
  }
  return wrongType('[]string', value);
}

function timeArg(args: readonly unknown[], index: number): GoTime {
  const value = args[index];
  return value instanceof GoTime ? value : wrongType('time.Time', value);
}

function wrongType(expected: string, found: unknown): never {
  throw new TemplateCallError(
    `wrong type for value; expected ${expected}; got ${typeNameOf(found)}`,
    { aboutArgument: true },
  );
}

function date(args: readonly unknown[]): string {
  const { unixMs, zone } = timeArg(args, 1);
  return formatTime(unixMs, stringArg(args, 0), zone);
}

function inZone(args: readonly unknown[]): GoTime {
  const zone = stringArg(args, 0);
  if (!isTimeZone(zone)) throw new TemplateCallError(`unknown time zone ${zone}`);
  return new GoTime(timeArg(args, 1).unixMs, zone);
}

function urlUnescape(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new TemplateCallError(`invalid URL escape in ${JSON.stringify(text)}`);
  }
}

function append([list, ...items]: readonly unknown[]): GoList {
  if (!(list instanceof GoList)) return wrongType('[]interface {}', list);
  return new GoList(list.typeName, [...list.items, ...items]);
}

function dict(args: readonly unknown[]): GoMap {
  if (args.length % 2 !== 0) throw new TemplateCallError('dict wants pairs of a key and a value');
  const keys = args.filter((_, index) => index % 2 === 0);
  return new GoMap(
    keys.map((_, index) => [stringArg(args, index * 2), args[index * 2 + 1]] as const),
    'any',
  );
}

/** The plain value behind a template's value, with Go's JSON names where Alertmanager sets them. */
function jsonOf(value: unknown): unknown {
  if (value instanceof GoMap) {
    return Object.fromEntries([...value.entries].map(([key, entry]) => [key, jsonOf(entry)]));
  }
  if (value instanceof GoList) return value.items.map(jsonOf);
  if (value instanceof GoStruct) {
    return Object.fromEntries(
      [...value.fields].map(([key, field]) => [jsonName(key), jsonOf(field)]),
    );
  }
  if (value instanceof GoTime) return new Date(value.unixMs).toISOString();
  if (value instanceof SafeHtml) return value.html;
  return typeof value === 'bigint' ? Number(value) : (value ?? null);
}

function jsonName(field: string): string {
  return (field[0] ?? '').toLowerCase() + field.slice(1);
}
