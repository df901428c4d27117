import { AnchoredRegExp, LOG_LEVELS, MonitoringError } from '@dwcp/core';

import { quote, readChoice } from '../read-rule-values.ts';
import { type YamlMap, type YamlReader } from '../yaml-reader.ts';
import { labelOf } from './compile-condition.ts';
import { type LogCount, type LogSearch } from './condition.ts';
import { MAX_LOG_MATCHES } from './log-counter.ts';
import { readComparison, requiredWindow } from './read-subject.ts';

/** Labels that tell one count from another. */
const OWN_LABELS = ['__name__', 'alertname', 'condition', 'search'];

/** Reads what stands under `log_count:`. */
export function readLogCount(reader: YamlReader, map: YamlMap): LogCount | undefined {
  const comparison = readComparison(reader, map);
  const windowMs = requiredWindow(reader, map);
  const level = readChoice(reader, map, 'level', LOG_LEVELS);
  const search: Omit<LogSearch, 'windowMs'> = {
    query: reader.text(map, 'query'),
    pattern: readPattern(reader, map),
    level,
    service: reader.text(map, 'service'),
    labels: Object.fromEntries(reader.texts(map, 'labels').map(([name, text]) => [name, text])),
    by: readAttributes(reader, map),
  };
  if (['query', 'pattern', 'level', 'service', 'labels'].every((key) => !map.entries.has(key))) {
    reader.problem(
      map.place,
      'log_count counts every record',
      'add query, pattern, level or service',
    );
  }
  if (comparison !== undefined && comparison.value >= MAX_LOG_MATCHES) {
    reader.problem(
      reader.placeOf(map, 'value'),
      `value: ${comparison.value} is more than is counted`,
      `write less than ${MAX_LOG_MATCHES}, or count in the application and compare the metric`,
    );
  }
  if (comparison === undefined || windowMs === undefined) return undefined;
  return { kind: 'log_count', search: { ...search, windowMs }, ...comparison };
}

function readPattern(reader: YamlReader, map: YamlMap): string | undefined {
  const pattern = reader.text(map, 'pattern');
  if (pattern === undefined) return undefined;
  try {
    new AnchoredRegExp(pattern);
  } catch (error) {
    if (!(error instanceof MonitoringError)) throw error;
    reader.problem(reader.placeOf(map, 'pattern'), error.message, 'write it in RE2 syntax');
  }
  return pattern;
}

function readAttributes(reader: YamlReader, map: YamlMap): readonly string[] {
  const labels = new Set<string>();
  return reader.textItems(map, 'by').map(([name, place]) => {
    const label = labelOf(name);
    if (OWN_LABELS.includes(label)) {
      reader.problem(place, `by: the label ${quote(label)} is the count's own`, 'remove it');
    } else if (labels.has(label)) {
      reader.problem(place, `by has the label ${quote(label)} twice`, 'remove one');
    }
    labels.add(label);
    return name;
  });
}
