import {
  buildRoute,
  incidentConfig,
  Inhibitor,
  matchRoutes,
  parseAlertmanagerConfig,
  type StoredAlert,
  usesIncidentLabel,
} from '@dwcp/alerting';
import { createIntegration } from '@dwcp/alerting/receivers';
import { Labels } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

import { examplePath, exampleText, ROUTED } from './example-config.ts';

const config = parseAlertmanagerConfig(exampleText, examplePath);
const root = buildRoute(config.route);

describe('configs/alertmanager/dwcp-alertmanager.yml', () => {
  test.each(ROUTED)('%j goes to %s', (labels, receiver, ways) => {
    const routes = matchRoutes(root, Labels.from({ alertname: 'A', ...labels }));
    expect(routes.map((route) => route.receiver)).toEqual([receiver]);
    const found = config.receivers.find(({ name }) => name === receiver);
    const told = found?.integrations.map(({ type, settings }) =>
      [type, settings['channel'] ?? settings['to']].filter(Boolean).join(' '),
    );
    expect([...(told ?? [])].sort()).toEqual([...ways].sort());
  });

  test('every integration can be made, tells what is over, and has its secrets in files', () => {
    const integrations = config.receivers.flatMap(({ name, integrations: found }) =>
      found.map((one) => createIntegration({ ...one, receiver: name })),
    );
    expect(integrations).toHaveLength(5);
    for (const integration of integrations) expect(integration?.sendResolved).toBe(true);
    expect(exampleText).toMatch(/slack_api_url_file:/);
    expect(exampleText).toMatch(/routing_key_file:/);
    expect(exampleText).toMatch(/smtp_auth_password_file:/);
    expect(exampleText).not.toMatch(/\b(?:api_url|routing_key|service_key|password):/);
  });

  test('critical alerts are grouped by incident', () => {
    expect(usesIncidentLabel(config)).toBe(true);
    const [route] = matchRoutes(root, Labels.from({ severity: 'critical' }));
    expect(route?.groupBy).toContain('incident');
  });

  test('its receivers can take the escalation, and one that it lacks cannot', () => {
    const names = config.receivers.map(({ name }) => name);
    const levels = [
      { name: 'L1', afterMs: 0 },
      { name: 'L2', afterMs: 300_000, receiver: 'level-2' },
      { name: 'L3', afterMs: 900_000, receiver: 'level-3' },
    ];
    expect(incidentConfig({ levels }, names).levels).toEqual(levels);
    const wrong = [{ name: 'L1', afterMs: 0, receiver: 'level-4' }];
    expect(() => incidentConfig({ levels: wrong }, names)).toThrow('"level-4"');
  });
});

describe('its inhibition', () => {
  const down = { alertname: 'DWCPComponentDown', severity: 'critical', category: 'availability' };
  const degraded = { ...down, alertname: 'DWCPComponentDegraded', severity: 'warning' };
  const hde = { cluster: 'c', node: 'n', component: 'hde' };

  function isHeldBack(
    source: Readonly<Record<string, string>>,
    target: Readonly<Record<string, string>>,
  ): boolean {
    const inhibitor = new Inhibitor(config.inhibitRules);
    const alert: StoredAlert = {
      fingerprint: 'source',
      labels: Labels.from(source),
      annotations: {},
      startsAtUnixMs: 0,
      endsAtUnixMs: 1_000,
      updatedAtUnixMs: 0,
      generatorUrl: '',
      timedOut: false,
    };
    inhibitor.put(alert);
    return inhibitor.inhibiting(Labels.from(target), 500).length > 0;
  }

  test('critical holds back warnings about the same thing only', () => {
    const critical = { alertname: 'DiskFull', severity: 'critical', instance: 'a', job: 'node' };
    const warning = { ...critical, alertname: 'DiskFilling', severity: 'warning' };
    expect(isHeldBack(critical, warning)).toBe(true);
    expect(isHeldBack(critical, { ...warning, severity: 'info' })).toBe(false);
    expect(isHeldBack(critical, { ...warning, instance: 'b' })).toBe(false);
    expect(isHeldBack(critical, { ...warning, region: 'eu' })).toBe(false);
  });

  test('a component that is down is not told as degraded', () => {
    const kept = { ...degraded, category: 'other' };
    expect(isHeldBack({ ...down, ...hde }, { ...kept, ...hde })).toBe(true);
    expect(isHeldBack({ ...down, ...hde }, { ...kept, ...hde, component: 'amst' })).toBe(false);
  });

  test('a broken SLA holds back that migrations are slow', () => {
    const sla = { alertname: 'DWCPSLAViolation', severity: 'critical', cluster: 'c' };
    const slow = { alertname: 'DWCPMigrationSlow', severity: 'warning', cluster: 'c', node: 'n' };
    expect(isHeldBack(sla, slow)).toBe(true);
    expect(isHeldBack(sla, { ...slow, cluster: 'd' })).toBe(false);
  });
});
