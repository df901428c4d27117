import { MonitoringError } from '@dwcp/core';

/** One thing wrong with an Alertmanager configuration. Lines and columns count from 1. */
export interface AlertmanagerConfigProblem {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** Such as `route.routes[0].group_wait`; '' for the file as a whole. */
  readonly field: string;
  /** What was found, printable; secrets are replaced. */
  readonly value: string;
  readonly problem: string;
  readonly fix: string;
}

/** An Alertmanager configuration is wrong; carries every problem at once. */
export class AlertmanagerConfigError extends MonitoringError {
  readonly code = 'DWCP_ALERTMANAGER_CONFIG_INVALID' as const;
  readonly problems: readonly AlertmanagerConfigProblem[];

  constructor(problems: readonly AlertmanagerConfigProblem[]) {
    super(problems.map(describe).join('\n'));
    this.problems = problems;
  }
}

function describe(found: AlertmanagerConfigProblem): string {
  const { path, line, column, field, value, problem, fix } = found;
  const what = field === '' ? '' : `${field}${value === '' ? '' : ` = ${value}`}: `;
  return `${path}:${line}:${column}: ${what}${problem}; ${fix}`;
}
