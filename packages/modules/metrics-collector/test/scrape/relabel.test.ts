import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Labels } from '@dwcp/core';
import { parseScrapeConfigs, relabel, type RelabelConfig } from '@dwcp/metrics-collector';
import { parseExposition } from '@dwcp/protocol-prometheus';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface RelabelCase {
  readonly config: string;
  readonly metric: string;
  readonly finalize: boolean;
  readonly result: string;
}

type Step = Readonly<Record<string, unknown>>;

/** 114 cases of another implementation, kept beside the repository. */
const path = join(
  import.meta.dirname,
  '../../../../../../shared/conformance/relabel/vm-relabel-cases.json',
);
const cases = existsSync(path)
  ? (JSON.parse(readFileSync(path, 'utf8')) as readonly RelabelCase[])
  : [];

/** Actions that Prometheus does not have, and cannot say in another way. */
const FOREIGN_ACTIONS = new Set([
  'drop_if_contains',
  'graphite',
  'keep_if_contains',
  'labelmap_all',
  'replace_all',
]);

/** Why a case is about something Prometheus does not have; undefined when it counts. */
function foreign(steps: readonly Step[]): string | undefined {
  for (const step of steps) {
    const action = actionOf(step);
    if ('if' in step) return 'if:';
    if (FOREIGN_ACTIONS.has(action)) return action;
    if (action === 'hashmod') return 'hashmod by xxhash';
    if (JSON.stringify(step['replacement'] ?? '').includes('{{')) return 'templates';
  }
  return undefined;
}

function actionOf(step: Step): string {
  return typeof step['action'] === 'string' ? step['action'] : 'replace';
}

/** A step in the words of Prometheus, where it has other words for it. */
function translated(step: Step): Step {
  const { source_labels = [], regex = [] } = step as {
    readonly source_labels?: readonly string[];
    readonly regex?: readonly string[];
  };
  const [first = '', second = ''] = source_labels;
  const action = actionOf(step);
  switch (action) {
    case 'keep_if_equal':
    case 'drop_if_equal':
      return { action: action.replace('_if_', ''), source_labels: [first], target_label: second };
    case 'keep_metrics':
    case 'drop_metrics':
      return {
        action: action.replace('_metrics', ''),
        source_labels: ['__name__'],
        regex: regex.join('|'),
      };
    default:
      return step;
  }
}

function compile(steps: readonly Step[]): readonly RelabelConfig[] {
  const input = [{ job_name: 'j', metric_relabel_configs: steps }];
  return parseScrapeConfigs(input, 'code')[0]?.metricRelabelConfigs ?? [];
}

/** `name{a="b"}` with label names that the exposition format would quote. */
function labelsOf(metric: string): Labels {
  const quoted = metric.replaceAll(/([{,])([^="{,]+)=/g, '$1"$2"=');
  const [, name = '', braces = '{}'] = /^([^{]*)(\{.*\})?$/s.exec(quoted) ?? [];
  const text = `x${braces} 1`;
  const { labels } = parseExposition(text, { format: 'text' }).samples[0] ?? {
    labels: Labels.empty,
  };
  return labels.with({ __name__: name });
}

const parsed = cases.map((each) => ({
  ...each,
  steps: (each.config === '' ? [] : (parse(each.config) as readonly Step[])) ?? [],
}));
const ours = parsed
  .filter(({ steps }) => foreign(steps) === undefined)
  .map((each) => ({ ...each, steps: each.steps.map(translated) }));
const title = cases.length === 0 ? ' (skipped: ../shared/conformance is not here)' : '';

describe.skipIf(cases.length === 0)(`relabelling cases of VictoriaMetrics${title}`, () => {
  test('64 of 114 are about what Prometheus has; the others are skipped by name', () => {
    const skipped = Map.groupBy(parsed, ({ steps }) => foreign(steps));
    const counts = Object.fromEntries(
      [...skipped].map(([why, group]) => [why ?? 'run here', group.length]),
    );
    expect(counts).toMatchInlineSnapshot(`
      {
        "drop_if_contains": 7,
        "graphite": 2,
        "hashmod by xxhash": 2,
        "if:": 22,
        "keep_if_contains": 7,
        "labelmap_all": 2,
        "replace_all": 6,
        "run here": 64,
        "templates": 2,
      }
    `);
  });

  test('every action that is skipped is refused by name, and so is if:', () => {
    const refused = parsed
      .flatMap(({ steps }) => steps)
      .filter((step) => 'if' in step || FOREIGN_ACTIONS.has(actionOf(step)));
    expect(refused.length).toBeGreaterThan(40);
    for (const step of refused) {
      const why = 'if' in step ? 'if = ' : `"${actionOf(step)}" (from code): is no relabel action`;
      expect(() => compile([{ target_label: 'x', ...step }])).toThrow(why);
    }
  });

  test.each(ours)('$config on $metric', ({ steps, metric, finalize, result }) => {
    const done = relabel(labelsOf(metric), compile(steps)) ?? Labels.empty;
    const shown = finalize
      ? Labels.fromPairs(
          [...done].filter(([name]) => name === '__name__' || !name.startsWith('__')),
        )
      : done;
    expect(shown.toObject()).toEqual(labelsOf(result).toObject());
  });
});

describe('relabel', () => {
  const labels = Labels.from({ __name__: 'm', a: 'foo', b: 'bar', c: 'baz' });

  function apply(step: Step, input = labels): Record<string, string> | undefined {
    return relabel(input, compile([step]))?.toObject();
  }

  // Expected values from Prometheus' own relabel_test.go.
  test('hashmod is the MD5 of the joined values, as in Prometheus', () => {
    const step = { action: 'hashmod', source_labels: ['c'], target_label: 'd', modulus: 1000 };
    expect(apply(step)).toMatchObject({ d: '976' });
    const multiline = Labels.from({ a: 'foo\nbar' });
    const wide = { action: 'hashmod', source_labels: ['a'], target_label: 'b', modulus: 1000 };
    expect(apply(wide, multiline)).toEqual({ a: 'foo\nbar', b: '734' });
  });

  test('lowercase and uppercase go letter by letter, as in Go', () => {
    const input = Labels.from({ a: 'Straße ΑΣ İ 𐐀', b: 'ŉ ﬁ ß 𐐨 é' });
    const to = (action: string, from: string): string | undefined =>
      apply({ action, source_labels: [from], target_label: 'c' }, input)?.['c'];
    expect(to('lowercase', 'a')).toBe('straße ασ i 𐐨');
    expect(to('uppercase', 'b')).toBe('ŉ ﬁ ß 𐐀 É');
  });

  test('replace fills groups into the value and the name', () => {
    expect(
      apply({
        source_labels: ['a', 'b'],
        regex: '(f)oo;(.*)',
        target_label: '${1}x',
        replacement: '$2-$1',
      }),
    ).toMatchObject({ fx: 'bar-f' });
  });

  test('replace with an empty value removes the label', () => {
    expect(apply({ source_labels: ['a'], target_label: 'b', replacement: '' })).not.toHaveProperty(
      'b',
    );
  });

  test('replace without a match changes nothing', () => {
    expect(apply({ source_labels: ['a'], regex: 'x', target_label: 'd' })).toEqual(
      labels.toObject(),
    );
  });

  test('a regex matches the whole value, across lines', () => {
    const input = Labels.from({ a: 'one\ntwo' });
    expect(apply({ action: 'keep', source_labels: ['a'], regex: 'one.two' }, input)).toBeDefined();
    expect(apply({ action: 'keep', source_labels: ['a'], regex: 'one' }, input)).toBeUndefined();
  });

  test('keepequal and dropequal compare with the target', () => {
    const same = Labels.from({ x: '1', y: '1' });
    const step = { source_labels: ['x'], target_label: 'y' };
    expect(apply({ ...step, action: 'keepequal' }, same)).toBeDefined();
    expect(apply({ ...step, action: 'dropequal' }, same)).toBeUndefined();
  });

  test('labelmap does not map what it has just made', () => {
    const input = Labels.from({ ab: '1' });
    expect(apply({ action: 'labelmap', regex: '(.*)b', replacement: '${1}bb' }, input)).toEqual({
      ab: '1',
      abb: '1',
    });
  });

  test('actions are known in any case', () => {
    expect(apply({ action: 'LabelDrop', regex: '[abc]' })).toEqual({ __name__: 'm' });
  });
});
