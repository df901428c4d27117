import {
  missing,
  readChoice,
  readLabelNames,
  readLabels,
  readNumber,
  readPromql,
  readWindow,
} from '../read-rule-values.ts';
import { type YamlMap, type YamlReader } from '../yaml-reader.ts';
import {
  type Absence,
  AGGREGATES,
  type AnomalyScore,
  type Condition,
  RATE_UNITS,
  type RateOfChange,
  type RateUnit,
  type Threshold,
  type Zscore,
} from './condition.ts';
import { readLogCount } from './read-log-count.ts';
import { readComparison, readMetric, readSubject, requiredWindow } from './read-subject.ts';

type Read = (reader: YamlReader, map: YamlMap) => Condition | undefined;

const LEAVES: Readonly<Record<string, { readonly keys: readonly string[]; readonly read: Read }>> =
  {
    threshold: {
      keys: ['metric', 'expr', 'labels', 'aggregate', 'window', 'operator', 'value'],
      read: readThreshold,
    },
    rate_of_change: {
      keys: ['metric', 'expr', 'labels', 'type', 'window', 'per', 'operator', 'value'],
      read: readRateOfChange,
    },
    anomaly: {
      keys: 'metric expr labels method operator value window deviations direction'.split(' '),
      read: readAnomaly,
    },
    log_count: {
      keys: 'query pattern level service labels window operator value by'.split(' '),
      read: readLogCount,
    },
    absence: { keys: ['metric', 'labels', 'for'], read: readAbsence },
  };

const KINDS = [...Object.keys(LEAVES), 'expr', 'all', 'any', 'not'];
const MAX_DEPTH = 10;
const MAX_MEMBERS = 50;

/**
 * Reads what stands under `condition:`.
 * @returns undefined when something is wrong; the reader knows what
 */
export function readCondition(
  reader: YamlReader,
  found: unknown,
  depth = 1,
): Condition | undefined {
  const map = reader.map(found, 'a condition', [...KINDS, 'on']);
  if (map === undefined) return undefined;
  const kinds = KINDS.filter((kind) => map.entries.has(kind));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    reader.problem(
      map.place,
      kind === undefined ? 'the condition is empty' : `the condition has ${kinds.join(' and ')}`,
      kind === undefined ? `write one of ${KINDS.join(', ')}` : 'join them with all: or any:',
    );
    return undefined;
  }
  if (depth > MAX_DEPTH) {
    reader.problem(map.place, `conditions lie more than ${MAX_DEPTH} deep`, 'write it flatter');
    return undefined;
  }
  const on = readLabelNames(reader, map, 'on');
  if (on !== undefined && kind !== 'all' && kind !== 'any') {
    reader.problem(reader.placeOf(map, 'on'), `on goes with all and any, not ${kind}`, 'remove it');
  }
  const { value } = map.entries.get(kind) ?? {};
  if (kind === 'expr') {
    const expression = readPromql(reader, map, 'expr', { element: true });
    return expression === undefined ? undefined : { kind: 'expression', expression };
  }
  if (kind === 'not') {
    const of = readCondition(reader, value, depth + 1);
    return of === undefined ? undefined : { kind, of };
  }
  if (kind === 'all' || kind === 'any') {
    const members = readMembers(reader, map, kind, depth);
    return members === undefined ? undefined : { kind, of: members, on };
  }
  const leaf = LEAVES[kind];
  const leafMap = leaf && reader.map(value, kind, leaf.keys);
  return leafMap && leaf.read(reader, leafMap);
}

function readMembers(
  reader: YamlReader,
  map: YamlMap,
  kind: 'all' | 'any',
  depth: number,
): readonly Condition[] | undefined {
  const before = reader.problems.length;
  const items = reader.list(map, kind);
  if (reader.problems.length > before) return undefined;
  if (items.length === 0 || items.length > MAX_MEMBERS) {
    reader.problem(
      reader.placeOf(map, kind),
      `${kind} has ${items.length} conditions`,
      `list 1 to ${MAX_MEMBERS}, each with -`,
    );
    return undefined;
  }
  const members = items.map((item) => readCondition(reader, item, depth + 1));
  const read = members.filter((member) => member !== undefined);
  return read.length === members.length ? read : undefined;
}

function readThreshold(reader: YamlReader, map: YamlMap): Threshold | undefined {
  const subject = readSubject(reader, map);
  const comparison = readComparison(reader, map);
  const aggregate = readChoice(reader, map, 'aggregate', AGGREGATES);
  const windowMs = readWindow(reader, map, 'window');
  if (map.entries.has('aggregate') !== map.entries.has('window')) {
    const [there, lacking] = map.entries.has('window')
      ? (['window', 'aggregate'] as const)
      : (['aggregate', 'window'] as const);
    reader.problem(
      reader.placeOf(map, there),
      `${there} is set and ${lacking} is not`,
      'write both, or none for the newest sample',
    );
  }
  if (subject === undefined || comparison === undefined) return undefined;
  const over =
    aggregate === undefined || windowMs === undefined ? undefined : { aggregate, windowMs };
  return { kind: 'threshold', subject, over, ...comparison };
}

function readRateOfChange(reader: YamlReader, map: YamlMap): RateOfChange | undefined {
  const subject = readSubject(reader, map);
  const comparison = readComparison(reader, map);
  const windowMs = requiredWindow(reader, map);
  const type = readChoice(reader, map, 'type', ['gauge', 'counter']) ?? 'gauge';
  const units = [...(Object.keys(RATE_UNITS) as RateUnit[]), 'percent' as const];
  const per = readChoice(reader, map, 'per', units) ?? 'second';
  if (per === 'percent' && subject?.kind === 'expression') {
    reader.problem(
      reader.placeOf(map, 'expr'),
      'per: percent goes with metric, not with expr',
      'record the expression and give the metric of the record',
    );
  }
  if (subject === undefined || comparison === undefined || windowMs === undefined) return undefined;
  return { kind: 'rate_of_change', subject, type, windowMs, per, ...comparison };
}

function readAnomaly(reader: YamlReader, map: YamlMap): AnomalyScore | Zscore | undefined {
  const method = readChoice(reader, map, 'method', ['score', 'zscore']);
  if (map.entries.has('method') && method === undefined) return undefined;
  const [other, hint] =
    method === 'zscore'
      ? ([['operator', 'value'], 'give deviations'] as const)
      : ([['expr', 'window', 'deviations', 'direction'], 'add method: zscore'] as const);
  for (const key of other) {
    if (!map.entries.has(key)) continue;
    const problem = `${key} does not go with method ${method ?? 'score'}`;
    reader.problem(reader.placeOf(map, key), problem, `remove it, or ${hint}`);
  }
  if (method === 'zscore') return readZscore(reader, map);
  const metric = readMetric(reader, map, 'add metric: with the metric that is watched');
  const comparison = readComparison(reader, map);
  const labels = readLabels(reader, map, 'labels');
  if (metric === undefined || comparison === undefined) return undefined;
  return { kind: 'anomaly_score', metric, labels, ...comparison };
}

function readZscore(reader: YamlReader, map: YamlMap): Zscore | undefined {
  const subject = readSubject(reader, map);
  const windowMs = requiredWindow(reader, map);
  const deviations = readNumber(reader, map, 'deviations');
  const direction = readChoice(reader, map, 'direction', ['above', 'below', 'both']) ?? 'both';
  if (!map.entries.has('deviations')) {
    missing(reader, map, 'deviations', 'add deviations: with a number such as 3');
  } else if (deviations !== undefined && deviations <= 0) {
    reader.problem(
      reader.placeOf(map, 'deviations'),
      `deviations is ${deviations}`,
      'write a number over 0; direction: below is for values under the mean',
    );
  }
  if (subject === undefined || windowMs === undefined || deviations === undefined) return undefined;
  return { kind: 'zscore', subject, windowMs, deviations, direction };
}

function readAbsence(reader: YamlReader, map: YamlMap): Absence | undefined {
  const metric = readMetric(reader, map, 'add metric: with a name');
  const labels = readLabels(reader, map, 'labels');
  const forMs = readWindow(reader, map, 'for');
  return metric === undefined ? undefined : { kind: 'absence', metric, labels, forMs };
}
