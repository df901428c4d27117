import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TextTemplate } from '@dwcp/alerting';
import { Labels } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

const path = join(
  import.meta.dirname,
  '../../../../../../shared/conformance/alerting/prom-templates.json',
);

interface Case {
  readonly text: string;
  readonly input?: unknown;
  readonly output?: string;
  readonly output_raw?: unknown;
  readonly error?: string;
  readonly html?: boolean;
  readonly options?: unknown;
  readonly query_result?: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value?: number;
  }[];
}

/** Why a case is outside what rule templates do. */
function skipReason(found: Case): string | undefined {
  if (found.html === true) return 'HTML mode, for console pages only';
  if (found.output_raw !== undefined) return 'native histogram as a value';
  return undefined;
}

/**
 * The transcription computed `-(86400*2 + 3600*3 + 60*4 + 5)` from left to right; upstream the input
 * is -183845.
 */
function inputOf(found: Case): unknown {
  const { input } = found;
  if (!Array.isArray(input)) return input;
  return input.map((value: unknown) => (value === -2_117_045 ? -183_845 : value));
}

async function run(found: Case): Promise<string> {
  const message = (error: unknown): string => (error instanceof Error ? error.message : 'thrown');
  let template: TextTemplate;
  try {
    template = new TextTemplate('test', found.text);
  } catch (error) {
    return `error parsing template test: ${message(error)}`;
  }
  try {
    return await template.execute({
      data: inputOf(found),
      failOnMissingKey: Array.isArray(found.options) && found.options.includes('missingkey=error'),
      externalUrl: 'http://testhost:9090/path/prefix',
      unixMs: 1_353_755_652_000,
      query: async () =>
        (found.query_result ?? []).map((sample) => ({
          labels: Labels.from(sample.labels),
          unixMs: 0,
          value: sample.value ?? 0,
        })),
    });
  } catch (error) {
    return `error executing template test: ${message(error)}`;
  }
}

const cases = existsSync(path)
  ? (JSON.parse(readFileSync(path, 'utf8')) as { readonly cases: readonly Case[] }).cases
  : [];

describe.skipIf(cases.length === 0)(
  `Prometheus' own cases${cases.length === 0 ? ' (skipped: ../shared/conformance is not there)' : ''}`,
  () => {
    const supported = cases.filter((found) => skipReason(found) === undefined);

    test.each(supported.map((found, index) => [index, found.text, found] as const))(
      '%i: %s',
      async (_index, _text, found) => {
        expect(await run(found)).toBe(found.error ?? found.output);
      },
    );

    test('at least 52 cases run; only HTML mode and native histograms are left out', () => {
      const reasons = cases.flatMap((found) => {
        const reason = skipReason(found);
        return reason === undefined ? [] : [`${found.text} (${reason})`];
      });
      process.stdout.write(
        `prom-templates.json: ${supported.length} of ${cases.length} cases; left out: ${reasons.join(', ')}\n`,
      );
      expect(supported.length).toBeGreaterThanOrEqual(52);
    });
  },
);

const context = {
  externalUrl: 'https://mon.example/base',
  unixMs: 1_700_000_000_500,
  query: async () => [],
};

async function render(text: string, data?: unknown): Promise<string> {
  return await new TextTemplate('t', text).execute({ ...context, data });
}

test.each([
  ['{{ if true }}a{{ else }}b{{ end }}', 'a'],
  ['{{ if eq 1 2 }}a{{ else if eq 1 1 }}b{{ else }}c{{ end }}', 'b'],
  ['{{ with .missing }}a{{ else }}none{{ end }}', 'none'],
  ['{{ with $x := 5 }}{{ $x }}{{ . }}{{ end }}', '55'],
  ['{{ range $i, $e := .list }}{{ $i }}={{ $e }};{{ end }}', '0=a;1=b;'],
  ['{{ range $k, $v := .map }}{{ $k }}={{ $v }};{{ end }}', 'x=1;y=2;'],
  ['{{ range .none }}a{{ else }}empty{{ end }}', 'empty'],
  ['{{ range .list }}{{ if eq . "b" }}{{ break }}{{ end }}{{ . }}{{ end }}', 'a'],
  ['{{ range .list }}{{ if eq . "a" }}{{ continue }}{{ end }}{{ . }}{{ end }}', 'b'],
  ['a  {{- 1 -}}  b', 'a1b'],
  ['a{{/* nothing */}}b{{- /* and trims */ -}} c', 'abc'],
  ['{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}', '2'],
  ['{{ and 1 0 }}{{ and 1 2 }}{{ or 0 3 }}{{ not 0 }}', '023true'],
  ['{{ lt 1 2 }}{{ ge 2.0 2.0 }}{{ ne "a" "b" }}{{ eq 1 2 3 1 }}', 'truetruetruetrue'],
  ['{{ len "äb" }}{{ len .list }}{{ index .list 1 }}{{ index .map "x" }}', '32b1'],
  ['{{ slice "abcdef" 1 3 }}', 'bc'],
  [
    '{{ printf "%s|%5.1f|%-4d|%q|%v|%e|%%|%03d" "s" 2.25 7 "q" .list 1234.5 7 }}',
    's|  2.2|7   |"q"|[a b]|1.234500e+03|%|007',
  ],
  ['{{ printf "%d" 1.5 }}', '%!d(float64=1.5)'],
  ['{{ printf "%s %s" "a" }}', 'a %!s(MISSING)'],
  ['{{ print 1 2 "a" "b" 3 }}', '1 2ab3'],
  ['{{ "Hello wORLD" | title }}{{ toUpper "a" }}{{ toLower "B" }}', 'Hello WORLDAb'],
  ['{{ match "b+" "abbc" }}{{ match "^b" "ab" }}', 'truefalse'],
  ['{{ reReplaceAll "[0-9]+" "<$0>" "a1b22" }}', 'a<1>b<22>'],
  ['{{ reReplaceAll "^(.)(.*)$" "${2}$1" "abc" }}', 'bca'],
  ['{{ reReplaceAll "x*" "-" "abc" }}', '-a-b-c-'],
  ['{{ parseDuration "1h30m" }}', '5400'],
  ['{{ now }}{{ (now | toTime).Year }}', '1.7000000005e+092023'],
  ['{{ externalURL }}{{ pathPrefix }}', 'https://mon.example/base/base'],
  ['{{ "a b&c" | urlquery }}{{ html "<a>" }}', 'a+b%26c&lt;a&gt;'],
  ['{{ tableLink "up == 0" }}', '/graph?g0.expr=up+%3D%3D+0&g0.tab=1'],
  ['{{ stripDomain "db.example.org:5432" }}{{ stripDomain "10.0.0.1:80" }}', 'db:543210.0.0.1:80'],
  ['{{ `raw "x"` }}{{ "tab\\t\\u00e4" }}', 'raw "x"tab\tä'],
  ["{{ 'a' }}{{ 0x10 }}{{ -3 }}{{ 1e3 }}{{ 1000000.0 }}", '9716-310001e+06'],
  ['{{ block "b" 3 }}{{ . }}{{ end }}', '3'],
  ['{{ (index .rows 0).name }}', 'n'],
])('%s', async (text, expected) => {
  const data = { list: ['a', 'b'], map: { y: 2, x: 1 }, rows: [{ name: 'n' }] };
  expect(await render(text, data)).toBe(expected);
});

test.each([
  ['{{ nope }}', 'template: t:1: function "nope" not defined'],
  ['a\n{{ js "x" }}', 'template: t:2: function "js" is not supported: rule templates make text'],
  ['{{ $x }}', 'undefined variable "$x"'],
  ['{{ if true }}', 'unexpected EOF'],
  ['{{ end }}', 'unexpected {{end}}'],
  ['{{ else }}', 'unexpected {{else}}'],
  ['{{ 1 | 2 }}', 'non executable command in pipeline stage 2'],
  ['{{ }}', 'missing value for command'],
  ['{{ "a }}', 'unterminated quoted string'],
  ['{{ (1 }}', 'unclosed left paren'],
  ['{{ 1) }}', 'unexpected right paren'],
  ['{{ break }}', '{{break}} outside {{range}}'],
  ['{{ if }}a{{ end }}', 'missing value for if'],
  ['{{/* a }}', 'unclosed comment'],
  ['{{ 3x }}', 'bad number syntax: "3x"'],
])('%j does not parse: %s', (text, problem) => {
  expect(() => new TextTemplate('t', text)).toThrow(problem);
});

test.each([
  ['{{ gt 1.5 1 }}', 'error calling gt: incompatible types for comparison'],
  ['{{ toUpper 1 }}', 'wrong type for value; expected string; got int'],
  ['{{ humanize }}', 'wrong number of args for humanize: want 1 got 0'],
  ['{{ template "x" }}', 'template "x" not defined'],
  ['{{ index .list 7 }}', 'index out of range: 7'],
  [
    '{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}',
    'exceeded maximum template depth',
  ],
  ['{{ range 99999 }}{{ range 99999 }}{{ end }}{{ end }}', 'more than 100000 steps'],
  ['{{ reReplaceAll "\\\\bx" "y" "x" }}', 'not supported'],
  ['{{ match "(" "x" }}', 'cannot parse'],
])('%s fails when it runs: %s', async (text, problem) => {
  await expect(render(text, { list: [] })).rejects.toThrow(problem);
});

test('a failing query is named and kept as the cause', async () => {
  const template = new TextTemplate('t', '{{ query "bad(" }}');
  const failing = { ...context, query: () => Promise.reject(new Error('no such function')) };
  await expect(template.execute(failing)).rejects.toThrow('error calling query "bad(": no such');
});
