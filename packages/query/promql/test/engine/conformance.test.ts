import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { absence, conformanceDir, hasConformance } from '../support/conformance.ts';
import { runScript } from '../support/promql-runner.ts';

/**
 * How many evals each script has. Every one must pass with all its repeats: pinned with `@`,
 * evaluated at other times, as a step of a range.
 */
const EVALS: Readonly<Record<string, number>> = {
  aggregators: 160,
  duration_expression: 59,
  extended_vectors: 169,
  'fill-modifier': 46,
  functions: 431,
  histograms: 185,
  info: 53,
  limit: 37,
  literals: 25,
  native_histograms: 522,
  operators: 214,
  selectors: 31,
  staleness: 17,
  start_timestamps: 26,
  type_and_unit: 58,
};

const scripts = hasConformance
  ? readdirSync(conformanceDir)
      .filter((name) => name.endsWith('.test'))
      .map((name) => name.slice(0, -'.test'.length))
  : Object.keys(EVALS);

const total = new Map<string, { evals: number; passed: number }>();

function count(name: string, evals: number, passed: number): string {
  const sum = total.get(name) ?? { evals: 0, passed: 0 };
  total.set(name, { evals: sum.evals + evals, passed: sum.passed + passed });
  return `${name} ${passed}/${evals}`;
}

describe.skipIf(!hasConformance)(`Prometheus' acceptance scripts${absence}`, () => {
  afterAll(() => {
    const parts = Array.from(total, ([name, { evals, passed }]) => `${name} ${passed}/${evals}`);
    process.stdout.write(`promqltest in all: ${parts.join(', ')}\n`);
  });

  test.each(scripts)('%s', async (script) => {
    const text = readFileSync(join(conformanceDir, `${script}.test`), 'utf8');
    const { evals, failures, passed, queries, stages } = await runScript(text);
    const parts = Object.entries(stages)
      .filter(([, stage]) => stage.evals > 0)
      .map(([name, stage]) => count(name, stage.evals, stage.passed));
    count('evals', evals, passed);
    process.stdout.write(
      `promqltest ${script}: ${passed}/${evals} (${parts.join(', ')}) in ${queries} queries\n`,
    );
    expect(failures).toEqual([]);
    expect(passed).toBe(EVALS[script] ?? evals);
  });
});
