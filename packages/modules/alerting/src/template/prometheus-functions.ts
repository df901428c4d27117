import { isIP } from 'node:net';

import { AnchoredRegExp, compareUtf8, parseDuration } from '@dwcp/core';

import { graphLink, tableLink } from '../links.ts';
import { floatArg, queryResultArg, sampleArg, stringArg } from './arguments.ts';
import { fn } from './builtin-functions.ts';
import { TemplateCallError, type TemplateFunction } from './executor.ts';
import { GoList, GoMap, GoStruct, QUERY_RESULT } from './go-values.ts';
import {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
  toTime,
} from './humanize.ts';
import { replaceAll } from './replace-all.ts';

/** Functions that exist elsewhere and not here, with the reason a user sees when the file loads. */
export const unsupportedFunctions: ReadonlyMap<string, string> = new Map([
  ['call', 'no value in a rule template is a function'],
  ['js', 'rule templates make text, not JavaScript'],
  ['tmpl', 'it belongs to console templates, not to rules'],
  ['toDuration', 'use humanizeDuration'],
]);

/**
 * Prometheus' template functions that need nothing from outside.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
 */
export const prometheusFunctions: ReadonlyMap<string, TemplateFunction> = new Map([
  ['first', fn(1, 1, first)],
  ['label', fn(2, 2, (args) => labelOf(sampleArg(args, 1), stringArg(args, 0)))],
  ['value', fn(1, 1, (args) => sampleArg(args, 0).fields.get('Value'))],
  ['strvalue', fn(1, 1, (args) => labelOf(sampleArg(args, 0), '__value__'))],
  ['sortByLabel', fn(2, 2, sortByLabel)],
  [
    'args',
    fn(
      0,
      100,
      (args) =>
        new GoMap(
          args.map((arg, i) => [`arg${i}`, arg]),
          'any',
        ),
    ),
  ],

  ['humanize', fn(1, 1, (args) => humanize(floatArg(args, 0)))],
  ['humanize1024', fn(1, 1, (args) => humanize1024(floatArg(args, 0)))],
  ['humanizeDuration', fn(1, 1, (args) => humanizeDuration(floatArg(args, 0)))],
  ['humanizePercentage', fn(1, 1, (args) => humanizePercentage(floatArg(args, 0)))],
  ['humanizeTimestamp', fn(1, 1, (args) => humanizeTimestamp(floatArg(args, 0)))],
  ['toTime', fn(1, 1, (args) => toTime(floatArg(args, 0)))],
  ['parseDuration', fn(1, 1, (args) => durationSeconds(stringArg(args, 0)))],

  ['title', fn(1, 1, (args) => title(stringArg(args, 0)))],
  ['toUpper', fn(1, 1, (args) => stringArg(args, 0).toUpperCase())],
  ['toLower', fn(1, 1, (args) => stringArg(args, 0).toLowerCase())],
  ['match', fn(2, 2, (args) => matches(stringArg(args, 0), stringArg(args, 1)))],
  [
    'reReplaceAll',
    fn(3, 3, (args) => replaceAll(stringArg(args, 0), stringArg(args, 1), stringArg(args, 2))),
  ],
  ['stripPort', fn(1, 1, (args) => splitHostPort(stringArg(args, 0))?.host ?? stringArg(args, 0))],
  ['stripDomain', fn(1, 1, (args) => stripDomain(stringArg(args, 0)))],
  ['safeHtml', fn(1, 1, (args) => stringArg(args, 0))],
  ['graphLink', fn(1, 1, (args) => graphLink(stringArg(args, 0)))],
  ['tableLink', fn(1, 1, (args) => tableLink(stringArg(args, 0)))],
]);

function first(args: readonly unknown[]): unknown {
  const result = queryResultArg(args, 0);
  if (result.items.length === 0) {
    throw new TemplateCallError('first() called on vector with no elements');
  }
  return result.items[0];
}

function labelOf(sample: GoStruct, name: string): unknown {
  const labels = sample.fields.get('Labels');
  return labels instanceof GoMap ? labels.get(name) : '';
}

function sortByLabel(args: readonly unknown[]): GoList {
  const name = stringArg(args, 0);
  const keyOf = (item: unknown): string =>
    item instanceof GoStruct ? String(labelOf(item, name)) : '';
  const { items } = queryResultArg(args, 1);
  return new GoList(
    QUERY_RESULT,
    items.toSorted((a, b) => compareUtf8(keyOf(a), keyOf(b))),
  );
}

function durationSeconds(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) {
    throw new TemplateCallError(`not a valid duration string: ${JSON.stringify(text)}`);
  }
  return durationMs / 1_000;
}

/** The first letter of each word in upper case, as Go's `strings.Title`. */
function title(text: string): string {
  return text.replaceAll(/(?<![\p{L}\p{N}_])\p{L}/gu, (letter) => letter.toUpperCase());
}

function matches(pattern: string, text: string): boolean {
  try {
    return new AnchoredRegExp(`.*?(?:(?-s:${pattern})).*`).test(text);
  } catch (error) {
    throw new TemplateCallError(error instanceof Error ? error.message : String(error));
  }
}

/** As Go's `net.SplitHostPort`; undefined where that fails. */
function splitHostPort(text: string): { readonly host: string; readonly port: string } | undefined {
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text);
  if (match === null) return undefined;
  return { host: match[1] ?? match[2] ?? '', port: match[3] ?? '' };
}

function stripDomain(text: string): string {
  const split = splitHostPort(text);
  const host = split?.host ?? text;
  if (isIP(host) !== 0) return text;
  const short = host.split('.', 1)[0] ?? '';
  return split === undefined || split.port === '' ? short : `${short}:${split.port}`;
}
