import { ExpositionError, parseExposition } from '@dwcp/protocol-prometheus';
import { describe, expect, test } from 'vitest';

import { openMetricsCases } from './conformance.ts';

const cases = openMetricsCases();
const title = cases === undefined ? ' (skipped: ../shared/conformance is not here)' : '';

describe.skipIf(cases === undefined)(`the OpenMetrics parser suite${title}`, () => {
  test('has 44 good and 167 bad cases', () => {
    const good = cases?.filter(({ shouldParse }) => shouldParse) ?? [];
    expect([good.length, (cases?.length ?? 0) - good.length]).toEqual([44, 167]);
  });

  test.each(cases?.filter(({ shouldParse }) => shouldParse) ?? [])('$name is read', ({ body }) => {
    expect(() => parseExposition(body, { format: 'openmetrics', strict: true })).not.toThrow();
  });

  test.each(cases?.filter(({ shouldParse }) => !shouldParse) ?? [])(
    '$name is refused',
    ({ body }) => {
      expect(() => parseExposition(body, { format: 'openmetrics', strict: true })).toThrow(
        ExpositionError,
      );
    },
  );
});
