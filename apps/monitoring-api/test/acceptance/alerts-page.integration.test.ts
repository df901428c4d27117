import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, wants } from '@dwcp/testing';
import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { WebhookReceiver } from '../alerting/webhook-receiver.ts';
import {
  chromiumProgram,
  type Complaints,
  hardToRead,
  launchChromium,
  tabStops,
  takePicture,
  watchPage,
} from './console-browser.ts';
import { DwcpServer } from './dwcp-server.ts';

const rules = `
groups:
  - name: load
    interval: 1s
    rules:
      - alert: HighLoad
        expr: label_replace(vector(42), "instance", "node-1", "", "") > 10
        labels: { severity: critical, category: performance }
        annotations:
          summary: 'load of {{ $labels.instance }} is {{ $value }}'
          description: The processors have more to do than they can.
          runbook_url: '{{ $externalURL }}/runbooks/HighResponseTime'
      - alert: LoadBalancerSlow
        expr: label_replace(vector(3), "instance", "lb-1", "", "") > 2
        labels: { severity: warning }
        annotations: { summary: 'the load balancer takes {{ $value }} s' }
      - alert: DiskFillsUp
        expr: label_replace(vector(0.93), "instance", "node-1", "", "") > 0.9
        for: 1h
        labels: { severity: warning }
        annotations: { summary: 'the disk of {{ $labels.instance }} is at {{ $value | humanizePercentage }}' }
`;

const alertmanagerConfig = (url: string): string => `
route:
  receiver: on-call
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  routes:
    - { receiver: removed, continue: true, matchers: [alertname = LoadBalancerSlow] }
    - { receiver: on-call }
receivers:
  - { name: on-call, webhook_configs: [{ url: '${url}/on-call' }] }
  - { name: removed, webhook_configs: [{ url: '${url}/removed' }] }
`;

let browser: Browser;
beforeAll(async () => {
  if (chromiumProgram !== undefined) browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
});

test.skipIf(chromiumProgram === undefined)(
  `an alert is seen, silenced, explained, acknowledged and its receiver tested from the console (${wants('chromium')})`,
  async () => {
    await using webhook = await WebhookReceiver.start();
    webhook.answerTo = (path) => (path === '/removed' ? 404 : 200);
    const folder = await mkdtemp(join(tmpdir(), 'dwcp-alerts-page-'));
    await writeFile(join(folder, 'rules.yml'), rules);
    await writeFile(join(folder, 'alertmanager.yml'), alertmanagerConfig(webhook.url));
    await using server = await DwcpServer.start(`
region: eu-test-1
alerting:
  alertmanagerConfig: '${folder}/alertmanager.yml'
  ruleFiles: ['${folder}/rules.yml']
  allowPrivateNetwork: true
`);
    await eventually(() => webhook.names().includes('HighLoad firing'), {
      timeoutMs: 15_000,
      what: 'a notification of HighLoad',
    });

    const complaints: Complaints = { errors: [], foreign: [] };
    const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
    page.setDefaultTimeout(10_000);
    watchPage(page, server.url, complaints);
    const list = page.getByRole('treegrid', { name: 'Alerts' });
    const row = list.getByRole('row').filter({ hasText: 'load of node-1 is 42' });

    // Seen within 2 s.
    await page.goto(`${server.url}/alerts`);
    await row.getByText('firing', { exact: true }).waitFor({ timeout: 2_000 });
    await list.getByText('DiskFillsUp').waitFor();
    expect(await row.innerText()).toMatch(/critical/);
    expect(await row.innerText()).toMatch(/42/);
    expect(await row.innerText()).toMatch(/on-call/);
    const level = page.getByRole('region', { name: 'Overall level' });
    await level.getByText('ORANGE', { exact: true }).waitFor();
    expect(await level.innerText()).toContain('critical alerts: 1');
    await takePicture(page, 'alerts-light');

    // Filters.
    const filter = page.getByRole('searchbox');
    await filter.fill('instance=node-1 alertname!=DiskFillsUp');
    await list.getByText('LoadBalancerSlow').waitFor({ state: 'hidden' });
    expect(await list.getByText('DiskFillsUp').count()).toBe(0);
    await filter.press('Escape');
    await page.getByLabel('Severity').selectOption('warning');
    await row.waitFor({ state: 'hidden' });
    await page.getByLabel('Severity').selectOption('');
    await page.getByRole('button', { name: /pending/ }).click();
    await row.waitFor({ state: 'hidden' });
    await list.getByText('DiskFillsUp').waitFor();
    await page.getByRole('button', { name: /pending/ }).click();

    // The keyboard alone: Tab reaches the list, arrows walk it, s silences.
    await page.reload();
    await row.waitFor();
    const stops = await tabStops(page, 40);
    expect(stops).toContain('button: Raise an alert');
    expect(new Set(stops.filter((name) => name.startsWith('row: '))).size).toBe(1);
    await list.locator('tr[tabindex="0"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('s');
    const silence = page.getByRole('dialog', { name: 'Silence alerts' });
    await silence.waitFor();
    expect(await silence.getByLabel('Value 1').inputValue()).toBe('HighLoad');
    expect(await silence.getByRole('status').innerText()).toBe('Matches 1 alert that fires now');
    await silence.getByLabel('Your name').fill('Ann');
    await silence.getByLabel('Comment').fill('changing the fan');
    await takePicture(page, 'silence-form');
    await silence.getByLabel('Comment').press('Enter');
    await silence.waitFor({ state: 'hidden' });
    await row.getByText('suppressed', { exact: true }).waitFor();
    await row.getByText(/silenced by Ann until .*: changing the fan/).waitFor();
    expect(webhook.names()).not.toContain('HighLoad resolved');

    // Its page says why.
    await row.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'HighLoad' }).waitFor();
    const why = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Why' }) });
    await why
      .getByText(/silence.*Ann/i)
      .first()
      .waitFor();
    const runbook = page.getByRole('link', { name: 'Runbook' });
    expect(await runbook.getAttribute('href')).toBe('/runbooks/HighResponseTime');
    await page.getByText('The processors have more to do than they can.').first().waitFor();
    await page
      .getByText(/firing, value 42/)
      .first()
      .waitFor();
    await page
      .getByText(/on-call\/webhook\[0\] was told/)
      .first()
      .waitFor();
    await page.locator('[aria-label^="What its rule looks at."] canvas').waitFor();
    await takePicture(page, 'alert-detail-light');

    // Expired from the page; it fires again.
    await page.getByRole('link', { name: 'All alerts' }).click();
    await page.getByRole('link', { name: 'Silences' }).click();
    await page.getByRole('cell', { name: 'changing the fan' }).waitFor();
    await takePicture(page, 'silences');
    await page.getByRole('button', { name: 'Expire' }).click();
    await page.getByRole('button', { name: 'Expire it now?' }).click();
    await page.getByText('Nothing is silenced').waitFor();
    await page.getByRole('link', { name: 'Alerts', exact: true }).last().click();
    await row.getByText('firing', { exact: true }).waitFor();

    // Acknowledged: by whom stands beside it.
    await row.focus();
    await page.keyboard.press('a');
    const acknowledge = page.getByRole('dialog', { name: 'Acknowledge HighLoad' });
    expect(await acknowledge.getByLabel('Your name').inputValue()).toBe('Ann');
    await acknowledge.getByLabel('Comment').fill('on it');
    await acknowledge.getByRole('button', { name: 'Acknowledge' }).click();
    await acknowledge.waitFor({ state: 'hidden' });
    await row.getByText(/acknowledged by Ann until .*: on it/).waitFor();

    // Its incident.
    await page.getByRole('link', { name: 'Incidents' }).click();
    await page.getByRole('link', { name: /HighLoad/ }).click();
    await page.getByRole('heading', { name: 'What may cause it' }).waitFor();
    await page.getByRole('list', { name: 'Levels' }).getByText('L4').waitFor();
    await takePicture(page, 'incident');

    // What failed stands first. A test to the receiver goes through the real integration.
    await page.goto(`${server.url}/alerts/notifications`);
    await page.getByRole('columnheader', { name: 'Outcome' }).waitFor();
    expect(await page.getByRole('row').nth(1).innerText()).toMatch(
      /failed[^]*removed\/webhook\[0\][^]*404/,
    );
    await page.getByLabel('To the receiver').selectOption('on-call');
    const before = webhook.told.length;
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('on-call/webhook[0]: delivered').waitFor();
    expect(webhook.told.slice(before).map(({ path }) => path)).toContain('/on-call');
    await takePicture(page, 'notifications');

    // Raised and resolved by hand.
    await page.goto(`${server.url}/alerts`);
    await page.getByRole('button', { name: 'Raise an alert' }).click();
    const raise = page.getByRole('dialog', { name: 'Raise an alert' });
    await raise.getByLabel('Alert name').fill('WaterInTheCellar');
    await raise.getByLabel('Summary').fill('the cellar is wet');
    await raise.getByLabel('Labels').fill('room=cellar');
    await raise.getByRole('button', { name: 'Raise' }).click();
    await list.getByText('the cellar is wet').click();
    await page.getByRole('heading', { level: 1, name: 'WaterInTheCellar' }).waitFor();
    await page
      .getByText(/raised by hand, by Ann/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
    await eventually(() => webhook.names().includes('WaterInTheCellar resolved'), {
      timeoutMs: 10_000,
      what: 'a notification that it is over',
    });
    await page.goto(`${server.url}/alerts/history`);
    await page
      .getByText(/resolved by hand, by Ann/)
      .first()
      .waitFor();
    await takePicture(page, 'history');
    await page.goto(`${server.url}/alerts/rules`);
    await page.getByText('DiskFillsUp').waitFor();

    // Both themes can be read.
    await page.goto(`${server.url}/alerts`);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await row.waitFor();
      await takePicture(page, `alerts-${colorScheme}-end`);
      expect(await hardToRead(page, 'HighLoad')).toEqual([]);
      await row.getByRole('link').click();
      await page.getByRole('heading', { name: 'Why' }).waitFor();
      await page.locator('[aria-label^="What its rule looks at."] canvas').waitFor();
      await takePicture(page, `alert-detail-${colorScheme}-end`);
      expect(await hardToRead(page, 'HighLoad')).toEqual([]);
      await page.goBack();
    }

    // The acknowledgement is taken back, and it needs somebody again.
    await row.getByRole('link').click();
    await page.getByRole('button', { name: 'Take back acknowledgement' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click();
    await page.getByRole('button', { name: 'Acknowledge' }).waitFor();
    await page.getByRole('link', { name: 'All alerts' }).click();
    await row.getByText('firing', { exact: true }).waitFor();
    expect(complaints).toEqual({ errors: [], foreign: [] });
    await rm(folder, { recursive: true });
  },
  120_000,
);
