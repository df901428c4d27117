import { isLegacyMetricName } from '@dwcp/core';

import {
  missing,
  quote,
  readChoice,
  readLabels,
  readNumber,
  readPromql,
  readWindow,
} from '../read-rule-values.ts';
import { type YamlMap, type YamlReader } from '../yaml-reader.ts';
import { type Comparison, OPERATORS, type Subject } from './condition.ts';

/* What several conditions have in common. */

/** `metric` with `labels`, or `expr`. */
export function readSubject(reader: YamlReader, map: YamlMap): Subject | undefined {
  const labels = readLabels(reader, map, 'labels');
  if (map.entries.has('metric') && map.entries.has('expr')) {
    reader.problem(reader.placeOf(map, 'expr'), 'both metric and expr are set', 'keep one');
    return undefined;
  }
  if (!map.entries.has('expr')) {
    const metric = readMetric(reader, map, 'add metric: with a name, or expr: with PromQL');
    return metric === undefined ? undefined : { kind: 'metric', metric, labels };
  }
  if (map.entries.has('labels')) {
    reader.problem(
      reader.placeOf(map, 'labels'),
      'labels goes with metric, not with expr',
      'put the labels into the selector of the expression',
    );
  }
  const expression = readPromql(reader, map, 'expr', { element: true });
  return expression === undefined ? undefined : { kind: 'expression', expression };
}

export function readMetric(reader: YamlReader, map: YamlMap, fix: string): string | undefined {
  const metric = reader.text(map, 'metric');
  if (metric === undefined) {
    if (!map.entries.has('metric')) missing(reader, map, 'metric', fix);
    return undefined;
  }
  if (isLegacyMetricName(metric)) return metric;
  reader.problem(
    reader.placeOf(map, 'metric'),
    `${quote(metric)} is not a metric name`,
    /[{}()]/.test(metric)
      ? 'put labels under labels:, and PromQL under expr:'
      : 'use letters, digits, _ and :, and do not start with a digit',
  );
  return undefined;
}

export function readComparison(reader: YamlReader, map: YamlMap): Comparison | undefined {
  const operator = readChoice(reader, map, 'operator', OPERATORS);
  const value = readNumber(reader, map, 'value');
  if (!map.entries.has('operator')) {
    missing(reader, map, 'operator', `write one of ${OPERATORS.join(' ')}, in quotes`);
  }
  if (!map.entries.has('value')) missing(reader, map, 'value', 'add value: with a number');
  return operator === undefined || value === undefined ? undefined : { operator, value };
}

export function requiredWindow(reader: YamlReader, map: YamlMap): number | undefined {
  if (!map.entries.has('window')) {
    missing(reader, map, 'window', 'add window: with a duration such as 5m');
  }
  return readWindow(reader, map, 'window');
}
