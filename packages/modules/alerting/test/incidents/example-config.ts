import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const examplePath = join(
  import.meta.dirname,
  '../../../../../configs/alertmanager/dwcp-alertmanager.yml',
);

export const exampleText = readFileSync(examplePath, 'utf8');

/** Labels, the receiver that they route to, and where it tells. */
export const ROUTED: readonly (readonly [
  Readonly<Record<string, string>>,
  string,
  readonly string[],
])[] = [
  [{ severity: 'info' }, 'level-1', ['slack #ops-alerts']],
  [{ severity: 'warning' }, 'level-1', ['slack #ops-alerts']],
  [{ alertname: 'NoSeverity' }, 'level-1', ['slack #ops-alerts']],
  [{ severity: 'critical' }, 'level-2', ['slack #ops-critical', 'pagerduty']],
  [{ severity: 'warning', level: '2' }, 'level-2', ['slack #ops-critical', 'pagerduty']],
  [{ severity: 'critical', level: '1' }, 'level-1', ['slack #ops-alerts']],
  [
    { severity: 'critical', level: '3' },
    'level-3',
    ['slack #incident-response', 'email leadership@example.org'],
  ],
];
