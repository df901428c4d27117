import { type Alert, Labels, type Notification } from '@dwcp/core';

export const startUnixMs = Date.parse('2026-01-02T03:04:05Z');

export function firingAlert(
  labels: Readonly<Record<string, string>> = {},
  annotations: Readonly<Record<string, string>> = {},
): Alert {
  return {
    labels: Labels.from({ alertname: 'DiskFull', ...labels }),
    annotations,
    state: {
      kind: 'firing',
      activeAtUnixMs: startUnixMs,
      firedAtUnixMs: startUnixMs,
      value: 0.97,
    },
    generatorUrl: 'http://monitoring.example/graph',
  };
}

export function resolvedAlert(labels: Readonly<Record<string, string>> = {}): Alert {
  return {
    ...firingAlert(labels),
    state: {
      kind: 'resolved',
      activeAtUnixMs: startUnixMs,
      firedAtUnixMs: startUnixMs,
      resolvedAtUnixMs: startUnixMs + 60_000,
      value: 0.2,
    },
  };
}

export function notificationOf(
  alerts: readonly Alert[],
  changes: Partial<Notification> = {},
): Notification {
  return {
    idempotencyKey: 'key-1',
    groupKey: '{}:{alertname="DiskFull"}',
    receiver: 'team',
    status: alerts.some(({ state }) => state.kind === 'firing') ? 'firing' : 'resolved',
    groupLabels: { alertname: 'DiskFull' },
    alerts,
    externalUrl: 'http://monitoring.example',
    ...changes,
  };
}
