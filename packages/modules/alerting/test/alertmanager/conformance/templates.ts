import { TextTemplate } from '@dwcp/alerting';
import { Labels } from '@dwcp/core';

import { type CaseOutcome, compare, type FileOutcome, type LeftOut } from './outcome.ts';

interface TemplateCase {
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

export interface TemplateFile {
  readonly cases: readonly TemplateCase[];
}

export async function runTemplates({ cases }: TemplateFile): Promise<FileOutcome> {
  const outcomes: CaseOutcome[] = [];
  const leftOut: LeftOut[] = [];
  for (const found of cases) {
    const reason = reasonToSkip(found);
    if (reason !== undefined) leftOut.push({ name: found.text, reason });
    else outcomes.push(compare(found.text, found.error ?? found.output, await render(found)));
  }
  return { cases: outcomes, leftOut };
}

function reasonToSkip({ html, output_raw: raw }: TemplateCase): string | undefined {
  if (html === true) return 'HTML mode, for console pages only';
  return raw === undefined ? undefined : 'native histogram as a value';
}

/** The transcription computed one input from left to right; upstream it is -183845. */
function inputOf({ input }: TemplateCase): unknown {
  if (!Array.isArray(input)) return input;
  return input.map((value: unknown) => (value === -2_117_045 ? -183_845 : value));
}

async function render(found: TemplateCase): Promise<string> {
  const reason = (error: unknown): string => (error instanceof Error ? error.message : 'thrown');
  let template: TextTemplate;
  try {
    template = new TextTemplate('test', found.text);
  } catch (error) {
    return `error parsing template test: ${reason(error)}`;
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
    return `error executing template test: ${reason(error)}`;
  }
}
