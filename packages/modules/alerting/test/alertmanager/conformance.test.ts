import { describe, expect, test } from 'vitest';

import { type FileReport, runFolder } from './conformance/run-folder.ts';
import { CONFORMANCE, hasConformance, SKIPPED } from './shared-material.ts';

/** How many cases each file has at least: fewer means that some were lost on the way. */
const CASES: Readonly<Record<string, number>> = {
  'am-inhibit.json': 21,
  'am-live-recorded.json': 19,
  'am-matchers-classic.json': 53,
  'am-matchers-compliance.json': 35,
  'am-matchers-utf8.json': 76,
  'am-route-match.json': 24,
  'am-routes-recorded.json': 750,
  'am-time-intervals.json': 92,
  'prom-rules-live-recorded.json': 30,
  'prom-templates.json': 52,
};

describe.skipIf(!hasConformance)(`what Alertmanager does${SKIPPED}`, async () => {
  const reports: FileReport[] = [];
  if (hasConformance) for await (const report of runFolder(CONFORMANCE)) reports.push(report);
  const byName = new Map(reports.map((report) => [report.file.split('/').at(-1) ?? '', report]));

  test.each(Object.entries(CASES))('%s: all of at least %i cases', (name, count) => {
    const report = byName.get(name);
    expect(report?.outcome?.cases.length).toBeGreaterThanOrEqual(count);
    const failed = report?.outcome?.cases.filter(({ passed }) => !passed);
    expect(failed).toEqual([]);
  });

  test('its configuration fixtures get its verdicts', () => {
    const fixtures = reports.filter(({ file }) => /\.ya?ml$/.test(file));
    expect(fixtures.length).toBeGreaterThanOrEqual(53);
    const verdicts = fixtures.flatMap(({ outcome }) => outcome?.cases ?? []);
    expect(verdicts.filter(({ passed }) => !passed)).toEqual([]);
    const refused = verdicts.filter(({ expected }) => expected === 'refused');
    expect(refused.length).toBeGreaterThanOrEqual(25);
  });
});
