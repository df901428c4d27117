import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ParseError, parseExpression } from '@dwcp/promql';
import { expect, test } from 'vitest';

import { absence, conformanceDir, hasConformance } from '../support/conformance.ts';

interface ParseCase {
  readonly input: string;
  readonly fail: boolean;
  readonly errors: readonly string[];
}

/**
 * The cases that cannot pass: both inputs were cut at a quote when they were taken from Go source,
 * so what should parse is an unfinished string.
 */
const CUT_SHORT: readonly string[] = ["{'foo\\'bar', ", '`'];

function messages(input: string): readonly string[] {
  try {
    parseExpression(input);
    return [];
  } catch (error) {
    if (error instanceof ParseError) return error.problems.map((problem) => problem.message);
    throw error;
  }
}

test.skipIf(!hasConformance)(`parse cases of Prometheus have its verdict${absence}`, () => {
  const text = readFileSync(join(conformanceDir, 'parse-cases.json'), 'utf8');
  const cases = JSON.parse(text) as readonly ParseCase[];
  const failed = cases.flatMap(({ input, fail, errors }) => {
    // A broken byte (0xff) stands in the JSON file as the character of that number.
    const isBroken = errors.includes('invalid UTF-8 rune');
    const found = messages(isBroken ? input.replace('ÿ', '\ud800') : input);
    const isExact = errors.length === 0 || JSON.stringify(found) === JSON.stringify(errors);
    return found.length > 0 === fail && isExact ? [] : [{ input, fail, errors, found }];
  });
  process.stdout.write(`parse cases: ${cases.length - failed.length}/${cases.length}\n`);
  expect(failed.filter(({ input }) => !CUT_SHORT.includes(input))).toEqual([]);
  expect(cases.length - failed.length).toBeGreaterThanOrEqual(350);
});
