import { Inhibitor, type StoredAlert } from '@dwcp/alerting';
import { Labels } from '@dwcp/core';
import { expect, test } from 'vitest';

import { configOf } from './support.ts';

const NOW = 1_000;

function inhibitorOf(source: string, target: string): Inhibitor {
  const { inhibitRules } = configOf({
    route: { receiver: 'a' },
    receivers: [{ name: 'a' }],
    inhibit_rules: [{ source_matchers: [source], target_matchers: [target], equal: ['cluster'] }],
  });
  return new Inhibitor(inhibitRules);
}

/** @param onLook told whenever somebody looks whether it fires */
function alertOf(
  fingerprint: string,
  labels: Readonly<Record<string, string>>,
  onLook: () => void = () => undefined,
): StoredAlert {
  return {
    fingerprint,
    labels: Labels.from(labels),
    annotations: {},
    startsAtUnixMs: 0,
    get endsAtUnixMs() {
      onLook();
      return NOW + 1;
    },
    updatedAtUnixMs: 0,
    generatorUrl: '',
    timedOut: false,
  };
}

test('of many alerts that hold one back ten are named, and as many alerts are looked at as there are', () => {
  for (const target of ['severity="warning"', 'severity=~"warning|critical"']) {
    const inhibitor = inhibitorOf('severity="critical"', target);
    let looks = 0;
    for (let i = 0; i < 1_000; i++) {
      const labels = { severity: 'critical', instance: `${i}` };
      inhibitor.put(alertOf(`${i}`, labels, () => looks++));
    }
    const severity = 'warning';
    for (let i = 0; i < 1_000; i++) {
      const labels = Labels.from({ severity, instance: `${i}` });
      expect(inhibitor.inhibiting(labels, NOW)).toHaveLength(10);
    }
    expect(looks).toBeLessThanOrEqual(1_000);
  }
});

test('alerts on both sides of a rule hold back only those that are not, however many there are', () => {
  const inhibitor = inhibitorOf('severity=~"critical|warning"', 'severity=~"warning|info"');
  let looks = 0;
  const warning = (i: number): Readonly<Record<string, string>> => ({
    severity: 'warning',
    instance: `${i}`,
  });
  for (let i = 0; i < 1_000; i++) inhibitor.put(alertOf(`${i}`, warning(i), () => looks++));
  for (let i = 0; i < 1_000; i++) {
    expect(inhibitor.inhibiting(Labels.from(warning(i)), NOW)).toEqual([]);
  }
  expect(looks).toBe(0);
  expect(inhibitor.inhibiting(Labels.from({ severity: 'info' }), NOW)).toHaveLength(10);
  const critical = alertOf('c', { severity: 'critical' });
  inhibitor.put(critical);
  expect(inhibitor.inhibiting(Labels.from(warning(1)), NOW)).toEqual(['c']);
});

test('what is known of a moment ends with every change', () => {
  const inhibitor = inhibitorOf('severity="critical"', 'severity="warning"');
  const target = Labels.from({ severity: 'warning' });
  const source = alertOf('c', { severity: 'critical' });
  expect(inhibitor.inhibiting(target, NOW)).toEqual([]);
  inhibitor.put(source);
  expect(inhibitor.inhibiting(target, NOW)).toEqual(['c']);
  expect(inhibitor.inhibiting(target, NOW + 1)).toEqual([]);
  inhibitor.put({ ...source, endsAtUnixMs: NOW });
  expect(inhibitor.inhibiting(target, NOW)).toEqual([]);
  inhibitor.put(source);
  inhibitor.remove(source);
  expect(inhibitor.inhibiting(target, NOW)).toEqual([]);
});
