import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { type PromRulesFile } from './alertmanager/conformance/prom-rules-replay.ts';
import { runPromRules } from './alertmanager/conformance/prom-rules.ts';

const path = join(
  import.meta.dirname,
  '../../../../../shared/conformance/alerting/prom-rules-live-recorded.json',
);
const found = existsSync(path);

describe.skipIf(!found)(
  `rules recorded from Prometheus 2.42${found ? '' : ' (skipped: ../shared/conformance is not there)'}`,
  async () => {
    if (!found) return;
    const { cases } = await runPromRules(JSON.parse(readFileSync(path, 'utf8')) as PromRulesFile);

    test.each(cases)('$name as recorded, within one evaluation', ({ expected, got, passed }) => {
      // Where they are near enough, the texts may differ.
      expect(passed ? expected : got).toBe(expected);
    });

    test('nothing of the recording was lost on the way', () => {
      expect(cases.length).toBeGreaterThanOrEqual(30);
    });
  },
);
