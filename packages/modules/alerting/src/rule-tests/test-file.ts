import { Labels, parseDuration } from '@dwcp/core';
import { readHistogram, readSeries, type SeriesLine } from '@dwcp/promql';

import { RuleFileError } from '../errors.ts';
import { type Place, YamlReader, type YamlMap } from '../yaml-reader.ts';
import {
  type AlertTest,
  type ExpectedAlert,
  type ExpectedSample,
  type ExpressionTest,
  type RuleTest,
  type RuleTestFile,
} from './rule-test.ts';

const FILE_KEYS = [
  'rule_files',
  'evaluation_interval',
  'group_eval_order',
  'fuzzy_compare',
  'tests',
];
const TEST_KEYS = [
  'name',
  'interval',
  'start_timestamp',
  'input_series',
  'alert_rule_test',
  'promql_expr_test',
  'external_labels',
  'external_url',
];

const MINUTE_MS = 60_000;

/**
 * Reads a file of rule unit tests.
 *
 * @param text YAML
 * @param path shown in errors
 * @throws RuleFileError with every problem: line and column, what was found, what to do about it
 * @see https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
 */
export function parseRuleTestFile(text: string, path: string): RuleTestFile {
  const file = new TestFileReader(text, path).file();
  return { path, ...file };
}

class TestFileReader {
  readonly #reader: YamlReader;

  constructor(text: string, path: string) {
    this.#reader = new YamlReader(text, path);
  }

  file(): Omit<RuleTestFile, 'path'> {
    const reader = this.#reader;
    const root = reader.root(FILE_KEYS);
    const file = root === undefined ? EMPTY : this.#file(root);
    if (reader.problems.length > 0) throw new RuleFileError(reader.problems);
    return file;
  }

  #file(root: YamlMap): Omit<RuleTestFile, 'path'> {
    const reader = this.#reader;
    const groupEvalOrder = reader.textItems(root, 'group_eval_order');
    const seen = new Set<string>();
    for (const [name, place] of groupEvalOrder) {
      if (seen.has(name)) {
        reader.problem(
          place,
          `group name repeated in evaluation order: ${JSON.stringify(name)}`,
          'name each group once',
        );
      }
      seen.add(name);
    }
    // An interval of 0 is the default, as in promtool.
    const evaluationIntervalMs = this.#duration(root, 'evaluation_interval') || MINUTE_MS;
    const tests = reader
      .list(root, 'tests')
      .flatMap((item, index) => this.#test(item, index, evaluationIntervalMs));
    return {
      ruleFiles: reader.textItems(root, 'rule_files').map(([text]) => text),
      evaluationIntervalMs,
      groupEvalOrder: [...seen],
      fuzzyCompare: this.#flag(root, 'fuzzy_compare'),
      tests,
    };
  }

  #test(item: unknown, index: number, evaluationIntervalMs: number): readonly RuleTest[] {
    const reader = this.#reader;
    reader.where = `test ${index + 1}`;
    const map = reader.map(item, 'a test', TEST_KEYS);
    if (map === undefined) return [];
    const name = reader.text(map, 'name') ?? '';
    if (name !== '') reader.where += ` ${JSON.stringify(name)}`;
    const test = {
      name,
      intervalMs: this.#duration(map, 'interval') || evaluationIntervalMs,
      startUnixMs: this.#moment(map),
      inputs: reader.list(map, 'input_series').flatMap((input) => this.#input(input)),
      alertTests: reader.list(map, 'alert_rule_test').flatMap((alert) => this.#alertTest(alert)),
      expressionTests: reader
        .list(map, 'promql_expr_test')
        .flatMap((expression) => this.#expressionTest(expression)),
      externalLabels: this.#texts(map, 'external_labels'),
      externalUrl: reader.text(map, 'external_url') ?? '',
    };
    reader.where = '';
    return [test];
  }

  #input(item: unknown): readonly SeriesLine[] {
    const reader = this.#reader;
    const map = reader.map(item, 'an input series', ['series', 'values']);
    if (map === undefined) return [];
    const series = reader.text(map, 'series') ?? '';
    return this.#read(reader.placeOf(map, 'series'), `input series ${JSON.stringify(series)}`, () =>
      readSeries(`${series} ${reader.text(map, 'values') ?? ''}`),
    );
  }

  #alertTest(item: unknown): readonly AlertTest[] {
    const reader = this.#reader;
    const map = reader.map(item, 'an alert test', ['eval_time', 'alertname', 'exp_alerts']);
    if (map === undefined) return [];
    const alertName = reader.text(map, 'alertname') ?? '';
    if (alertName === '') {
      reader.problem(map.place, 'alertname is missing', 'add alertname: with the name of a rule');
    }
    return [
      {
        evalTimeMs: this.#duration(map, 'eval_time'),
        alertName,
        expected: reader
          .list(map, 'exp_alerts')
          .flatMap((alert) => this.#expectedAlert(alert, alertName)),
      },
    ];
  }

  #expectedAlert(item: unknown, alertname: string): readonly ExpectedAlert[] {
    const map = this.#reader.map(item, 'an expected alert', ['exp_labels', 'exp_annotations']);
    if (map === undefined) return [];
    return [
      {
        labels: Labels.from({ ...this.#texts(map, 'exp_labels'), alertname }),
        annotations: Labels.from(this.#texts(map, 'exp_annotations')),
      },
    ];
  }

  #expressionTest(item: unknown): readonly ExpressionTest[] {
    const reader = this.#reader;
    const map = reader.map(item, 'an expression test', ['expr', 'eval_time', 'exp_samples']);
    if (map === undefined) return [];
    return [
      {
        expression: reader.text(map, 'expr') ?? '',
        evalTimeMs: this.#duration(map, 'eval_time'),
        expected: reader.list(map, 'exp_samples').flatMap((sample) => this.#expectedSample(sample)),
      },
    ];
  }

  #expectedSample(item: unknown): readonly ExpectedSample[] {
    const reader = this.#reader;
    const map = reader.map(item, 'an expected sample', ['labels', 'value', 'histogram']);
    if (map === undefined) return [];
    const text = reader.text(map, 'labels') ?? '';
    const labels = this.#read(reader.placeOf(map, 'labels'), `labels ${JSON.stringify(text)}`, () =>
      readSeries(text),
    );
    const written = (reader.text(map, 'histogram') ?? '').trim();
    const histogram =
      written === ''
        ? []
        : this.#read(reader.placeOf(map, 'histogram'), `histogram ${JSON.stringify(written)}`, () =>
            readHistogram(/^\{\{(.*)\}\}$/s.exec(written)?.[1] ?? written),
          );
    return [
      {
        labels: labels[0]?.labels ?? Labels.empty,
        value: this.#number(map, 'value'),
        ...(histogram[0] === undefined ? {} : { histogram: histogram[0].histogram }),
      },
    ];
  }

  /** What a reader of a notation gives; its error becomes a problem at the place. */
  #read<Value>(place: Place, what: string, read: () => Value): readonly Value[] {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#reader.problem(place, `${what}: ${error.message}`, 'correct the notation');
      return [];
    }
  }

  #texts(map: YamlMap, key: string): Record<string, string> {
    return Object.fromEntries(
      this.#reader.texts(map, key).map(([name, text]) => [name, text] as const),
    );
  }

  #duration(map: YamlMap, key: string): number {
    const text = this.#reader.text(map, key) ?? '0';
    const durationMs = parseDuration(text);
    if (durationMs === undefined) {
      this.#reader.problem(
        this.#reader.placeOf(map, key),
        `${key}: ${JSON.stringify(text)} is not a duration`,
        'write for instance 30s, 5m or 1h30m',
      );
    }
    return durationMs ?? 0;
  }

  #number(map: YamlMap, key: string): number {
    const text = this.#reader.text(map, key) ?? '0';
    const special = /^([-+]?)\.(inf|nan)$/i.exec(text);
    const found = /[^\s]/.test(text) ? Number(text) : Number.NaN;
    if (special !== null) {
      if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
      return special[1] === '-' ? -Infinity : Infinity;
    }
    if (Number.isNaN(found)) {
      this.#reader.problem(
        this.#reader.placeOf(map, key),
        `${key}: ${JSON.stringify(text)} is not a number`,
        'write a number of YAML; .inf, -.inf and .nan are numbers too',
      );
    }
    return found;
  }

  #flag(map: YamlMap, key: string): boolean {
    const text = (this.#reader.text(map, key) ?? 'false').toLowerCase();
    if (!['true', 'false'].includes(text)) {
      this.#reader.problem(
        this.#reader.placeOf(map, key),
        `${key}: ${JSON.stringify(text)} is neither true nor false`,
        'write true or false',
      );
    }
    return text === 'true';
  }

  #moment(map: YamlMap): number {
    const text = this.#reader.text(map, 'start_timestamp') ?? '0';
    if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1_000;
    const unixMs = /^\d{4}-\d\d-\d\d[T ].*(?:Z|[+-]\d\d:\d\d)$/i.test(text)
      ? Date.parse(text)
      : Number.NaN;
    if (Number.isNaN(unixMs)) {
      this.#reader.problem(
        this.#reader.placeOf(map, 'start_timestamp'),
        `start_timestamp: ${JSON.stringify(text)} is not a moment`,
        'write RFC 3339, such as 2026-01-02T03:04:05Z, or Unix seconds',
      );
      return 0;
    }
    return unixMs;
  }
}

const EMPTY: Omit<RuleTestFile, 'path'> = {
  ruleFiles: [],
  evaluationIntervalMs: MINUTE_MS,
  groupEvalOrder: [],
  fuzzyCompare: false,
  tests: [],
};
