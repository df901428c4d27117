import { MonitoringError } from '@dwcp/core';
import { isMap } from 'yaml';

import { readChoice, readLabelNames, readPromql, readWindow } from '../read-rule-values.ts';
import { type AlertingRule, type Recovery } from '../rule.ts';
import { type YamlMap, type YamlReader } from '../yaml-reader.ts';
import {
  type CompiledCondition,
  compileCondition,
  UnknownSeriesError,
} from './compile-condition.ts';
import { type Condition, ERROR_POLICIES, NO_DATA_POLICIES } from './condition.ts';
import { dataExpression } from './data-expression.ts';
import { readCondition } from './read-condition.ts';

/** Keys of alerting rules beside those of Prometheus. */
export const EXTENSION_KEYS = ['condition', 'recover', 'no_data', 'on_error', 'dedup'];

const DEFAULT_DEDUP_WINDOW_MS = 5 * 60_000;

/** What decides when a rule fires. */
export type AlertingExpression = Pick<AlertingRule, 'expression' | 'condition' | 'logCounts'>;

/** Reads `condition:` where it stands in place of `expr:`. */
export function readAlertingExpression(
  reader: YamlReader,
  map: YamlMap,
  ruleName: string,
): AlertingExpression {
  if (map.entries.has('expr')) {
    reader.problem(
      reader.placeOf(map, 'condition'),
      'both expr and condition are set',
      'keep one; condition: {expr: ...} puts PromQL among conditions',
    );
  }
  const condition = readCondition(reader, map.entries.get('condition')?.value);
  if (condition === undefined) return { expression: '' };
  const compiled = compile(reader, map, 'condition', condition, ruleName, 1);
  if (compiled === undefined) return { expression: '' };
  const { counted, expression } = compiled;
  return { expression, condition, ...(counted.length === 0 ? {} : { logCounts: counted }) };
}

/** Reads what an alerting rule has beside its expression and Prometheus' own keys. */
export function readExtensions(
  reader: YamlReader,
  map: YamlMap,
  ruleName: string,
  fires: AlertingExpression,
): Partial<AlertingRule> {
  const recovery = readRecovery(reader, map, ruleName, fires.logCounts?.length ?? 0);
  const noData = readChoice(reader, map, 'no_data', NO_DATA_POLICIES);
  const onError = readChoice(reader, map, 'on_error', ERROR_POLICIES);
  const dedup = readDedup(reader, map);
  const logCounts = [...(fires.logCounts ?? []), ...(recovery?.counted ?? [])];
  const needsData =
    noData !== undefined &&
    (noData !== 'resolve' || recovery !== undefined) &&
    fires.expression !== '';
  const data = needsData ? dataOf(reader, map, ruleName, fires) : undefined;
  return {
    ...(recovery === undefined ? {} : { recover: recovery.recover }),
    ...(logCounts.length === 0 ? {} : { logCounts }),
    ...(noData === undefined ? {} : { noData }),
    ...(data === undefined ? {} : { dataExpression: data }),
    ...(onError === undefined ? {} : { onError }),
    ...(dedup === undefined ? {} : { dedup }),
  };
}

function compile(
  reader: YamlReader,
  map: YamlMap,
  key: string,
  condition: Condition,
  ruleName: string,
  firstCount: number,
): CompiledCondition | undefined {
  try {
    return compileCondition(condition, ruleName, firstCount);
  } catch (error) {
    const place = reader.placeOf(map, key);
    if (error instanceof UnknownSeriesError) {
      reader.problem(
        place,
        'nothing says for which series not holds',
        'put it under all: beside a condition that does, or compare its expression with a value',
      );
    } else if (error instanceof MonitoringError) {
      reader.problem(place, `gives no PromQL: ${error.message}`, 'correct the expressions in it');
    } else throw error;
    return undefined;
  }
}

function readRecovery(
  reader: YamlReader,
  map: YamlMap,
  ruleName: string,
  countsBefore: number,
): { readonly recover: Recovery; readonly counted: CompiledCondition['counted'] } | undefined {
  const entry = map.entries.get('recover');
  if (entry === undefined) return undefined;
  if (!isMap(entry.value)) {
    const expression = readPromql(reader, map, 'recover', { element: true });
    return expression === undefined ? undefined : { recover: { expression }, counted: [] };
  }
  const condition = readCondition(reader, entry.value);
  if (condition === undefined) return undefined;
  const compiled = compile(reader, map, 'recover', condition, ruleName, countsBefore + 1);
  if (compiled === undefined) return undefined;
  const { counted, expression } = compiled;
  return { recover: { expression, condition }, counted };
}

function dataOf(
  reader: YamlReader,
  map: YamlMap,
  ruleName: string,
  { condition, expression }: AlertingExpression,
): string | undefined {
  const data =
    condition === undefined
      ? dataExpression(expression)
      : compileCondition(condition, ruleName).data;
  if (data === undefined) {
    reader.problem(
      reader.placeOf(map, 'no_data'),
      'no_data: the rule compares no value, so that no data and not breaching are the same',
      'remove no_data, or compare with a value; absence and log_count judge missing data themselves',
    );
  }
  return data;
}

function readDedup(reader: YamlReader, map: YamlMap): AlertingRule['dedup'] {
  const entry = map.entries.get('dedup');
  if (entry === undefined) return undefined;
  const dedup = reader.map(entry.value, 'dedup', ['by', 'window']);
  if (dedup === undefined) return undefined;
  const by = readLabelNames(reader, dedup, 'by');
  const windowMs = dedup.entries.has('window')
    ? readWindow(reader, dedup, 'window')
    : DEFAULT_DEDUP_WINDOW_MS;
  if (by === undefined) {
    reader.problem(
      dedup.place,
      'dedup has no by',
      'list label names; [] takes the rule as a whole',
    );
  }
  return by === undefined || windowMs === undefined ? undefined : { by, windowMs };
}
