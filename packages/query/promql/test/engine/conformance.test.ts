import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { absence, conformanceDir, hasConformance } from '../support/conformance.ts';
import { runScript } from '../support/promql-runner.ts';

/**
 * How many evals of each script pass at least; an instant eval passes when all its variants do
 * (pinned with `@`, evaluated at other times, as a step of a range). What is missing needs native
 * histograms, `info()` or start timestamps.
 */
const FLOORS: Readonly<Record<string, number>> = {
  aggregators: 141,
  duration_expression: 59,
  extended_vectors: 120,
  'fill-modifier': 46,
  functions: 373,
  histograms: 93,
  info: 0,
  limit: 36,
  literals: 25,
  native_histograms: 18,
  operators: 144,
  selectors: 31,
  staleness: 17,
  start_timestamps: 2,
  type_and_unit: 58,
};

const scripts = hasConformance
  ? readdirSync(conformanceDir)
      .filter((name) => name.endsWith('.test'))
      .map((name) => name.slice(0, -'.test'.length))
  : Object.keys(FLOORS);

describe.skipIf(!hasConformance)(`Prometheus' acceptance scripts${absence}`, () => {
  test.each(scripts)('%s', async (script) => {
    const text = readFileSync(join(conformanceDir, `${script}.test`), 'utf8');
    const { evals, failures, passed, stages } = await runScript(text);
    const parts = Object.entries(stages)
      .filter(([, stage]) => stage.evals > 0)
      .map(([name, stage]) => `${name} ${stage.passed}/${stage.evals}`);
    process.stdout.write(`promqltest ${script}: ${passed}/${evals} (${parts.join(', ')})\n`);
    const classic = failures.filter(({ stage }) => stage === 'classic');
    expect(classic, 'what works on classic floats must pass').toEqual([]);
    expect(passed).toBeGreaterThanOrEqual(FLOORS[script] ?? 0);
  });
});
