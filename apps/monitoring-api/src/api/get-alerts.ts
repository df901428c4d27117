import { type Alert } from '@dwcp/core';

import { type Runtime } from '../runtime/runtime.ts';

export interface AlertFilter {
  /** The label `severity`. */
  readonly severity?: string;
  readonly state?: 'pending' | 'firing';
  /** The label `region`. */
  readonly region?: string;
}

export function getAlerts(runtime: Runtime, filter: AlertFilter): readonly Alert[] {
  const { severity, state, region } = filter;
  return (runtime.rules?.alerts() ?? []).filter(
    (alert) =>
      (severity === undefined || alert.labels.get('severity') === severity) &&
      (state === undefined || alert.state.kind === state) &&
      (region === undefined || alert.labels.get('region') === region),
  );
}
