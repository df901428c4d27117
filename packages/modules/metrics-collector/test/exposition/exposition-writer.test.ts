import { type LabelValues, type MetricType } from '@dwcp/core';
import {
  contentTypeOf,
  joinExpositions,
  type MetricCollector,
  renderCollectors,
} from '@dwcp/metrics-collector';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

const clock = new ManualClock();

function collectorOf(
  type: MetricType,
  name: string,
  samples: readonly (readonly [string, LabelValues | undefined, number])[],
): MetricCollector {
  return {
    name,
    describe: () => [{ name, type, help: 'Says "what"\nand \\ why.', unit: '' }],
    collect(sink) {
      for (const sample of samples) sink.add(...sample);
    },
  };
}

test('values, labels and help are escaped as each format wants', async () => {
  const collector = collectorOf('gauge', 'g', [
    ['g', { path: 'C:\\"x"\n', Ü: 'ü' }, Number.NaN],
    ['g', undefined, Infinity],
    ['g', {}, -Infinity],
  ]);
  const samples = 'g{path="C:\\\\\\"x\\"\\n",Ü="ü"} NaN\ng +Inf\ng -Inf\n';
  expect(await renderCollectors([collector], 'text', { clock })).toBe(
    `# HELP g Says "what"\\nand \\\\ why.\n# TYPE g gauge\n${samples}`,
  );
  expect(await renderCollectors([collector], 'openmetrics', { clock })).toBe(
    `# TYPE g gauge\n# HELP g Says \\"what\\"\\nand \\\\ why.\n${samples}# EOF\n`,
  );
});

test('a counter without _total is of unknown type in OpenMetrics, which would rename it', async () => {
  const collector = collectorOf('counter', 'c', [['c', undefined, 1]]);
  expect(await renderCollectors([collector], 'openmetrics', { clock })).toContain(
    '# TYPE c unknown\n',
  );
  expect(await renderCollectors([collector], 'text', { clock })).toContain('# TYPE c counter\n');
});

test('samples of one family come together, and an empty family not at all', async () => {
  const collector: MetricCollector = {
    name: 'mixed',
    describe: () => [
      { name: 'a', type: 'gauge', help: '', unit: '' },
      { name: 'b', type: 'gauge', help: '', unit: '' },
      { name: 'none', type: 'gauge', help: '', unit: '' },
    ],
    collect(sink) {
      sink.add('a', { x: '1' }, 1);
      sink.add('b', { x: '1' }, 2);
      sink.add('a', { x: '2' }, 3);
      sink.add('stray', undefined, 4);
    },
  };
  expect(await renderCollectors([collector], 'text', { clock })).toBe(
    '# TYPE a gauge\na{x="1"} 1\na{x="2"} 3\n# TYPE b gauge\nb{x="1"} 2\n# TYPE stray untyped\nstray 4\n',
  );
});

test('OpenMetrics texts joined end once', () => {
  expect(joinExpositions(['a 1\n# EOF\n', 'b 2\n# EOF\n'], 'openmetrics')).toBe(
    'a 1\nb 2\n# EOF\n',
  );
  expect(joinExpositions(['a 1\n', 'b 2\n'], 'text')).toBe('a 1\nb 2\n');
  expect(contentTypeOf('openmetrics')).toContain('application/openmetrics-text; version=1.0.0');
});
