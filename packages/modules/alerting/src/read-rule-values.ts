import { isLegacyLabelName, METRIC_NAME, MonitoringError, parseDuration } from '@dwcp/core';
import { parseExpression, typeOf } from '@dwcp/promql';

import { type YamlMap, type YamlReader } from './yaml-reader.ts';

/* Single values of rule files. What is wrong becomes a problem of the reader. */

const LABEL_NAME_FIX = 'use letters, digits and _, and do not start with a digit';

export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
}

export function readDuration(reader: YamlReader, map: YamlMap, key: string): number | undefined {
  const text = reader.text(map, key);
  if (text === undefined) return undefined;
  const durationMs = parseDuration(text);
  if (durationMs === undefined) {
    reader.problem(
      reader.placeOf(map, key),
      `${key}: ${quote(text)} is not a duration`,
      'write for instance 30s, 5m or 1h30m',
    );
  }
  return durationMs;
}

/** A duration over 0. */
export function readWindow(reader: YamlReader, map: YamlMap, key: string): number | undefined {
  const durationMs = readDuration(reader, map, key);
  if (durationMs !== 0) return durationMs;
  reader.problem(reader.placeOf(map, key), `${key} is 0`, 'write for instance 5m');
  return undefined;
}

/** PromQL. @param element whether it must have elements: an instant vector or a scalar */
export function readPromql(
  reader: YamlReader,
  map: YamlMap,
  key: string,
  { element }: { readonly element: boolean },
): string | undefined {
  const text = reader.text(map, key)?.trim();
  if (text === undefined) return undefined;
  try {
    const type = typeOf(parseExpression(text));
    if (!element || type === 'vector' || type === 'scalar') return text;
    reader.problem(
      reader.placeOf(map, key),
      `${key}: ${quote(text)} gives a ${type === 'string' ? 'text' : 'range'}`,
      'write an expression that gives an instant vector or a number',
    );
  } catch (error) {
    if (!(error instanceof MonitoringError)) throw error;
    reader.problem(
      reader.placeOf(map, key),
      `could not parse the expression ${quote(text)}: ${error.message}`,
      'correct the PromQL',
    );
  }
  return undefined;
}

/** Labels or annotations. */
export function readLabels(reader: YamlReader, map: YamlMap, key: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [name, value, place] of reader.texts(map, key)) {
    const what = key === 'labels' ? 'label' : 'annotation';
    if (!isLegacyLabelName(name)) {
      reader.problem(place, `${quote(name)} is not a ${what} name`, LABEL_NAME_FIX);
    } else if (key === 'labels' && name === METRIC_NAME) {
      reader.problem(place, `the label ${METRIC_NAME} cannot be set`, 'use record: for the name');
    }
    labels[name] = value;
  }
  return labels;
}

/** A list of different label names. */
export function readLabelNames(
  reader: YamlReader,
  map: YamlMap,
  key: string,
): readonly string[] | undefined {
  if (!map.entries.has(key)) return undefined;
  const names: string[] = [];
  for (const [name, place] of reader.textItems(map, key)) {
    if (!isLegacyLabelName(name)) {
      reader.problem(place, `${key}: ${quote(name)} is not a label name`, LABEL_NAME_FIX);
    } else if (names.includes(name)) {
      reader.problem(place, `${key} has ${quote(name)} twice`, 'remove one');
    }
    names.push(name);
  }
  return names;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A finite decimal number. */
export function readNumber(reader: YamlReader, map: YamlMap, key: string): number | undefined {
  const text = reader.text(map, key);
  if (text === undefined) return undefined;
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  reader.problem(
    reader.placeOf(map, key),
    `${key}: ${quote(text)} is not a number`,
    'write for instance 0.9, 250 or 1e9, without a unit',
  );
  return undefined;
}

/** One of several words. */
export function readChoice<Choice extends string>(
  reader: YamlReader,
  map: YamlMap,
  key: string,
  choices: readonly Choice[],
): Choice | undefined {
  const text = reader.text(map, key);
  if (text === undefined) return undefined;
  const choice = choices.find((word) => word === text);
  if (choice !== undefined) return choice;
  const fix = `write one of ${choices.join(', ')}`;
  reader.problem(
    reader.placeOf(map, key),
    `${key}: ${quote(text)} is not known`,
    // `operator: >` begins a folded text.
    choices.some((word) => /^[<>=!]/.test(word)) ? `${fix}, in quotes: '>'` : fix,
  );
  return undefined;
}

/** Says that a key is missing. */
export function missing(reader: YamlReader, map: YamlMap, key: string, fix: string): void {
  reader.problem(map.place, `${key} is missing`, fix);
}
