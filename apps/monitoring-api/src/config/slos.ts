import { QueryError } from '@dwcp/core';
import { parseExpression } from '@dwcp/promql';

import { type SloConfig } from './config.ts';
import { type ParseContext } from './parse-config.ts';

/** `$window` stands for the window wherever an expression needs a duration. */
export function fillWindow(expression: string, window: string): string {
  return expression.replaceAll('$window', window);
}

/** Service level objectives; each needs one way to be measured. */
export function parseSlos(context: ParseContext): readonly SloConfig[] {
  const ids = new Set<string>();
  return context.settings.slos.flatMap((slo, index): SloConfig[] => {
    const path = ['slos', String(index)];
    const { id, objective, window = '30d' } = slo;
    if (id === undefined) context.report([...path, 'id'], 'is required', 'give it an id');
    else if (ids.has(id)) {
      context.report([...path, 'id'], 'is used by another objective', 'give it an id of its own');
    }
    if (id !== undefined) ids.add(id);
    if (objective === undefined) {
      context.report(
        [...path, 'objective'],
        'is required',
        'set a share of good events such as 0.999',
      );
    }
    for (const key of ['goodExpression', 'totalExpression', 'errorRatioExpression'] as const) {
      const text = slo[key];
      if (text !== undefined) checkExpression(context, [...path, key], fillWindow(text, window));
    }
    const { goodExpression, totalExpression, errorRatioExpression } = slo;
    const base = { id: id ?? '', objective: objective ?? 0, window };
    if (errorRatioExpression !== undefined) {
      if (goodExpression === undefined && totalExpression === undefined) {
        return [{ ...base, kind: 'error-ratio', errorRatioExpression }];
      }
      context.report(
        [...path, 'errorRatioExpression'],
        'stands beside goodExpression or totalExpression',
        'use either errorRatioExpression or the other two',
      );
      return [];
    }
    if (goodExpression !== undefined && totalExpression !== undefined) {
      return [{ ...base, kind: 'ratio', goodExpression, totalExpression }];
    }
    context.report(
      [...path, goodExpression === undefined ? 'goodExpression' : 'totalExpression'],
      'is required',
      'set goodExpression and totalExpression, or errorRatioExpression',
    );
    return [];
  });
}

function checkExpression(context: ParseContext, path: readonly string[], expression: string): void {
  try {
    parseExpression(expression);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    context.report(path, `is not PromQL: ${error.message}`, 'correct the expression');
  }
}
