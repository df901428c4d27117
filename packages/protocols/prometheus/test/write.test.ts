import { Labels, type MetricMetadata } from '@dwcp/core';
import {
  type ExpositionSample,
  type MetricFamily,
  parseExposition,
  writeExposition,
} from '@dwcp/protocol-prometheus';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { openMetricsCases } from './conformance.ts';

function family(
  metadata: Partial<MetricMetadata> & { readonly name: string },
  ...samples: readonly [labels: Record<string, string>, value: number, unixMs?: number][]
): MetricFamily {
  return {
    metadata: { type: 'unknown', help: '', unit: '', ...metadata },
    samples: samples.map(([labels, value, unixMs]) => ({
      labels: Labels.from(labels),
      value,
      ...(unixMs !== undefined && { unixMs }),
    })),
  };
}

const requests = family({ name: 'http_requests', type: 'counter', help: 'A "quoted"\n\\ help.' }, [
  { __name__: 'http_requests_total', code: '200', path: 'a"b\\c\nd' },
  3,
]);

const latency = family(
  { name: 'latency_seconds', type: 'histogram', unit: 'seconds' },
  [{ __name__: 'latency_seconds_count', a: 'x' }, 3],
  [{ __name__: 'latency_seconds_bucket', a: 'x', le: '+Inf' }, 3],
  [{ __name__: 'latency_seconds_bucket', a: 'y', le: '+Inf' }, 0],
  [{ __name__: 'latency_seconds_bucket', a: 'x', le: '10' }, 2],
  [{ __name__: 'latency_seconds_bucket', a: 'x', le: '2' }, 1],
  [{ __name__: 'latency_seconds_sum', a: 'x' }, 4.5],
);

describe('writeExposition', () => {
  test('escapes as the text format has it, and names a counter with _total', () => {
    expect(writeExposition([requests], 'text')).toBe(
      [
        '# HELP http_requests_total A "quoted"\\n\\\\ help.',
        '# TYPE http_requests_total counter',
        'http_requests_total{code="200",path="a\\"b\\\\c\\nd"} 3',
        '',
      ].join('\n'),
    );
  });

  test('escapes as OpenMetrics has it, and ends with # EOF', () => {
    expect(writeExposition([requests], 'openmetrics')).toBe(
      [
        '# HELP http_requests A \\"quoted\\"\\n\\\\ help.',
        '# TYPE http_requests counter',
        'http_requests_total{code="200",path="a\\"b\\\\c\\nd"} 3',
        '# EOF',
        '',
      ].join('\n'),
    );
  });

  test('puts buckets in order, before sum and count, one histogram after the other', () => {
    expect(writeExposition([latency], 'openmetrics')).toBe(
      [
        '# TYPE latency_seconds histogram',
        '# UNIT latency_seconds seconds',
        'latency_seconds_bucket{a="x",le="2"} 1',
        'latency_seconds_bucket{a="x",le="10"} 2',
        'latency_seconds_bucket{a="x",le="+Inf"} 3',
        'latency_seconds_sum{a="x"} 4.5',
        'latency_seconds_count{a="x"} 3',
        'latency_seconds_bucket{a="y",le="+Inf"} 0',
        '# EOF',
        '',
      ].join('\n'),
    );
  });

  test('a counter family named as in the text format is OpenMetrics too', () => {
    const old = family({ name: 'a_total', type: 'counter' }, [{ __name__: 'a_total' }, 1]);
    expect(writeExposition([old], 'openmetrics')).toBe('# TYPE a counter\na_total 1\n# EOF\n');
  });

  test('a counter without _total becomes unknown in OpenMetrics', () => {
    const odd = family({ name: 'a', type: 'counter' }, [{ __name__: 'a' }, 1]);
    expect(writeExposition([odd], 'openmetrics')).toBe('# TYPE a unknown\na 1\n# EOF\n');
  });

  test('what the text format lacks is written as the nearest thing', () => {
    const families = [
      family({ name: 'build', type: 'info' }, [{ __name__: 'build_info', v: '1' }, 1]),
      family({ name: 'mode', type: 'stateset' }, [{ __name__: 'mode', mode: 'on' }, 1]),
      family(
        { name: 'b', type: 'counter' },
        [{ __name__: 'b_total' }, 2],
        [{ __name__: 'b_created' }, 1.5],
      ),
      family({ name: 'u' }, [{ __name__: 'u' }, Number.NaN]),
    ];
    expect(writeExposition(families, 'text')).toBe(
      [
        '# TYPE build_info gauge\nbuild_info{v="1"} 1',
        '# TYPE mode gauge\nmode{mode="on"} 1',
        '# TYPE b_total counter\nb_total 2',
        '# TYPE b_created gauge\nb_created 1.5',
        '# TYPE u untyped\nu NaN',
        '',
      ].join('\n'),
    );
  });

  test('timestamps are milliseconds in text and seconds in OpenMetrics', () => {
    const timed = family({ name: 'a', type: 'gauge' }, [{ __name__: 'a' }, 1, 1_520_879_607_789]);
    expect(writeExposition([timed], 'text')).toContain('a 1 1520879607789\n');
    expect(writeExposition([timed], 'openmetrics')).toContain('a 1 1520879607.789\n');
  });

  test('names that are not of the classic form are quoted', () => {
    const dotted = family({ name: 'my.metric' }, [{ __name__: 'my.metric', 'a.b': 'c' }, 1]);
    expect(writeExposition([dotted], 'text')).toBe(
      '# TYPE "my.metric" untyped\n{"my.metric","a.b"="c"} 1\n',
    );
  });
});

const name = fc.stringMatching(/^[a-z_:][a-z0-9_:]{0,8}$/);
const anyText = fc.string({ unit: 'grapheme', maxLength: 12 });
const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Infinity, -Infinity, -0, 0));
const labelSet = fc
  .dictionary(fc.oneof(fc.stringMatching(/^[a-z_]{1,4}$/), anyText.filter(Boolean)), anyText, {
    maxKeys: 4,
  })
  .map((labels) => Labels.from(labels).without(['__name__', 'le', 'quantile']));
const exemplar = fc.record({ labels: labelSet, value }, { requiredKeys: ['labels', 'value'] });

/** Gauges with one sample per label set, in the order the writer keeps. */
const gauges = fc
  .uniqueArray(
    fc.record({
      name: fc.oneof(name, anyText.filter(Boolean)),
      help: anyText,
      samples: fc.uniqueArray(
        fc.record(
          { labels: labelSet, value, unixMs: fc.integer({ min: 0, max: 4e12 }) },
          { requiredKeys: ['labels', 'value'] },
        ),
        { minLength: 1, maxLength: 5, selector: ({ labels }) => labels.key },
      ),
    }),
    { selector: (each) => each.name, maxLength: 4 },
  )
  .map((families): readonly MetricFamily[] =>
    families.map((each) => ({
      metadata: { name: each.name, type: 'gauge', help: each.help, unit: '' },
      samples: each.samples.map((sample) => ({
        ...sample,
        labels: sample.labels.with({ __name__: each.name }),
      })),
    })),
  );

function plain(samples: readonly ExpositionSample[]): unknown[] {
  return samples.map((sample) => ({
    ...sample,
    labels: sample.labels.toObject(),
    ...(sample.exemplar && {
      exemplar: { ...sample.exemplar, labels: sample.exemplar.labels.toObject() },
    }),
  }));
}

describe('parsing what was written', () => {
  test.each(['text', 'openmetrics'] as const)('gives %s gauges back', (format) => {
    fc.assert(
      fc.property(gauges, (families) => {
        const back = parseExposition(writeExposition(families, format), { format });
        expect(plain(back.samples)).toEqual(plain(families.flatMap(({ samples }) => samples)));
        expect(back.metadata).toEqual(families.map(({ metadata }) => metadata));
      }),
    );
  });

  test('gives exemplars of a counter back', () => {
    fc.assert(
      fc.property(fc.array(exemplar, { minLength: 1, maxLength: 5 }), (exemplars) => {
        const samples = exemplars.map((each, index) => ({
          labels: Labels.from({ __name__: 'a_total', i: String(index) }),
          value: index,
          exemplar: each,
        }));
        const metadata = { name: 'a', type: 'counter', help: '', unit: '' } as const;
        const body = writeExposition([{ metadata, samples }], 'openmetrics');
        const back = parseExposition(body, { format: 'openmetrics' });
        expect(plain(back.samples)).toEqual(plain(samples));
      }),
    );
  });

  const cases = openMetricsCases()?.filter(({ shouldParse }) => shouldParse);
  const title = cases === undefined ? ' (skipped: ../shared/conformance is not here)' : '';
  test.skipIf(cases === undefined)(`keeps the OpenMetrics suite strictly valid${title}`, () => {
    for (const { name: caseName, body } of cases ?? []) {
      const first = parseExposition(body, { format: 'openmetrics', strict: true });
      const written = writeExposition(familiesOf(first), 'openmetrics');
      const second = parseExposition(written, { format: 'openmetrics', strict: true });
      expect([caseName, new Set(plain(second.samples))]).toEqual([
        caseName,
        new Set(plain(first.samples)),
      ]);
    }
  });
});

/** Samples back under their families, as a server would hold them. */
function familiesOf(exposition: ReturnType<typeof parseExposition>): MetricFamily[] {
  const known = exposition.metadata.toSorted((a, b) => b.name.length - a.name.length);
  const families = new Map<string, { metadata: MetricMetadata; samples: ExpositionSample[] }>();
  for (const sample of exposition.samples) {
    const sampleName = sample.labels.metricName;
    const metadata = known.find((each) => sampleName.startsWith(each.name)) ?? {
      name: sampleName,
      type: 'unknown',
      help: '',
      unit: '',
    };
    const entry = families.get(metadata.name) ?? { metadata, samples: [] };
    entry.samples.push(sample);
    families.set(metadata.name, entry);
  }
  return [...families.values()];
}
