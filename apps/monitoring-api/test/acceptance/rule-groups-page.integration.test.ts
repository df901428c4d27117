import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type RuleGroupDetailView } from '@dwcp/api-schema';
import { wants } from '@dwcp/testing';
import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

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

/** A rule file of the configuration; one of its rules fails. */
const fileRules = `
groups:
  - name: of-a-file
    interval: 1s
    rules:
      - { record: one, expr: vector(1) }
      - { record: two, expr: vector(2) }
      - { record: both, expr: '{__name__=~"one|two"}' }
`;

const rules = (threshold: string): string => `groups:
  - name: disks
    interval: 1s
    rules:
      - alert: DiskFull
        expr: vector(93) > ${threshold}
        labels: { severity: warning }
        annotations: { summary: 'a disk is full' }
      - alert: DiskSlow
        expr: vector(1) > 2
        for: 5m
`;

let browser: Browser;
beforeAll(async () => {
  if (chromiumProgram !== undefined) browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
});

test.skipIf(chromiumProgram === undefined)(
  `a rule group of a file is shown with what fails and where it lies, and cannot be changed (${wants('chromium')})`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dwcp-rule-groups-page-'));
    const ruleFile = join(folder, 'rules.yml');
    await writeFile(ruleFile, fileRules);
    await using server = await DwcpServer.start(`
region: eu-test-1
alerting: { ruleFiles: ['${ruleFile}'] }
`);
    const complaints: Complaints = { errors: [], foreign: [] };
    const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
    page.setDefaultTimeout(10_000);
    watchPage(page, server.url, complaints);
    await page.goto(`${server.url}/alerts/rule-groups`);
    const table = page.getByRole('table');
    await table.getByText(/^both: .*same label ?set/).waitFor();
    expect(await table.getByRole('row').nth(1).innerText()).toMatch(/failing[^]*of-a-file[^]*file/);
    await page.getByRole('button', { name: 'Made here' }).click();
    await page.getByText('No rule group matches the filter').waitFor();
    await page.getByRole('button', { name: 'From files' }).click();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await table.getByText('of-a-file').waitFor();
      await takePicture(page, `rule-groups-${colorScheme}`);
      expect(await hardToRead(page, 'of-a-file')).toEqual([]);
    }
    await table.getByRole('link', { name: 'of-a-file' }).click();
    await page.getByText(`Read-only here: it lies in the rule file ${ruleFile}`).waitFor();
    await page
      .getByRole('row')
      .filter({ hasText: 'both' })
      .getByText('err', { exact: true })
      .waitFor();
    await takePicture(page, 'rule-group-of-a-file');
    expect(await page.getByRole('button', { name: /Switch|Delete/ }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Edit' }).count()).toBe(0);
    await page.goto(`${server.url}/alerts/rule-groups/of-a-file/edit`);
    await page.getByText(`It lies in the rule file ${ruleFile}`).waitFor();
    expect(complaints).toEqual({ errors: [], foreign: [] });
    await rm(folder, { recursive: true });
  },
);

test.skipIf(chromiumProgram === undefined)(
  `a rule group is made, seen firing, edited over a mistake and a conflict, switched off and deleted from the console (${wants('chromium')})`,
  async () => {
    await using server = await DwcpServer.start('region: eu-test-1\n');
    const complaints: Complaints = { errors: [], foreign: [] };
    const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
    page.setDefaultTimeout(10_000);
    watchPage(page, server.url, complaints);
    const table = page.getByRole('table');
    const text = page.getByLabel('Rules, as YAML');
    const save = page.getByRole('button', { name: 'Save', exact: true });
    const stored = (): Promise<RuleGroupDetailView> => server.get('/api/v1/rule-groups/disks');

    // Nothing is there, and the page says what to do.
    await page.goto(`${server.url}/alerts/rule-groups`);
    await page.getByText('There are no rule groups').waitFor();
    await takePicture(page, 'rule-groups-empty');
    await page.getByRole('link', { name: 'New rule group' }).click();

    // What it would do is shown before it is done.
    expect(await text.inputValue()).toContain('TargetDown');
    await text.fill(rules('90'));
    await page.getByLabel('Your name').fill('Ann');
    await page.getByLabel('Comment').fill('disks fill up at night');
    await page.getByRole('button', { name: 'What would it do?' }).click();
    await page.getByText('It makes the new group disks: 11 lines added.').waitFor();
    await page.getByRole('row', { name: /DiskFull 1 alert / }).waitFor();
    await takePicture(page, 'rule-group-check');
    await expect(stored()).rejects.toThrow('404');

    // Saved from the keyboard, and evaluated.
    await text.press('Control+Enter');
    await page.getByRole('heading', { level: 1, name: 'disks', exact: true }).waitFor();
    const full = page.getByRole('row').filter({ hasText: 'DiskFull' });
    await full.getByText('firing', { exact: true }).waitFor();
    await full.getByText('ok', { exact: true }).waitFor();
    const slow = page.getByRole('row').filter({ hasText: 'DiskSlow' });
    expect(await slow.innerText()).toMatch(/inactive[^]*vector\(1\) > 2[^]*5/);
    const history = page.getByRole('list', { name: 'Changes, the newest first' });
    await history.getByText('Ann made it: disks fill up at night').waitFor();
    await takePicture(page, 'rule-group');

    // A mistake is told with its place; the text stays, also over a reload.
    await page.getByRole('link', { name: 'Edit' }).click();
    expect(await text.inputValue()).toBe(rules('90'));
    await text.fill(rules('sum('));
    await save.click();
    const problems = page.getByRole('alert').getByRole('list', { name: 'Problems' });
    await problems.waitFor();
    expect(await problems.innerText()).toMatch(/line 6, column \d+: .*DiskFull/);
    await takePicture(page, 'rule-group-mistake');
    expect(await text.getAttribute('aria-invalid')).toBe('true');
    await problems.getByRole('button').first().press('Enter');
    await page.getByText(/line 6, column \d+ ·/).waitFor();
    expect(await page.evaluate('document.activeElement.localName')).toBe('textarea');
    expect(await text.inputValue()).toBe(rules('sum('));
    expect((await stored()).yaml).toBe(rules('90'));
    await page.reload();
    await page.getByText('This is your text of before, which was not saved.').waitFor();
    expect(await text.inputValue()).toBe(rules('sum('));

    // Somebody else saves in between: it is told, both texts are there, and nothing is lost.
    await text.fill(rules('95'));
    const other = await fetch(`${server.url}/api/v1/rule-groups/disks`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ yaml: rules('80'), by: 'Bob', comment: 'sooner', version: 1 }),
    });
    expect(other.status).toBe(200);
    await page.getByLabel('Comment').fill('later');
    await save.click();
    const conflict = page.getByRole('alert').filter({ hasText: 'your text is kept' });
    await conflict.getByText(/version 2.*Bob changed it at .*\(sooner\)/).waitFor();
    const difference = page.getByRole('group', { name: 'What would change' });
    await difference.getByText('added: expr: vector(93) > 95').waitFor();
    await difference.getByText('removed: expr: vector(93) > 80').waitFor();
    await takePicture(page, 'rule-group-conflict');
    expect(await text.inputValue()).toBe(rules('95'));
    await conflict.getByRole('button', { name: 'Save mine over version 2' }).click();
    await page.getByRole('heading', { level: 1, name: 'disks', exact: true }).waitFor();
    await full.getByText('inactive', { exact: true }).waitFor();
    expect(await stored()).toMatchObject({ yaml: rules('95'), version: 3, by: 'Ann' });
    await history.getByText('Ann edited it: later').waitFor();
    await history.getByText('Bob edited it: sooner').waitFor();
    await history
      .getByRole('group', { name: 'What version 3 changed' })
      .getByText('added: expr: vector(93) > 95')
      .waitFor();

    // One rule is switched off, and then the group.
    await page.getByRole('button', { name: 'Switch DiskSlow off' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
    await slow.getByText('off', { exact: true }).waitFor();
    await history.getByText('Ann switched DiskSlow off').waitFor();
    await page.getByRole('button', { name: 'Switch off', exact: true }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
    await full.getByText('off', { exact: true }).waitFor();
    expect(await stored()).toMatchObject({ enabled: false, version: 5 });

    // Its stored file is damaged: that is told with what to do, and saving it again mends it.
    const storedFile = join(server.folder, 'data/alerting/rules/disks.yml');
    await appendFile(storedFile, '      - alert: [\n');
    await fetch(`${server.url}/-/reload`, { method: 'POST' });
    await page.getByText(/^Its stored file .* is damaged/).waitFor();
    await page.getByRole('alert').getByText('its checksum differs').waitFor();
    await page.getByRole('link', { name: 'All rule groups' }).click();
    const row = table.getByRole('row').filter({ hasText: 'disks' });
    await row.getByText('broken', { exact: true }).waitFor();
    await row.getByText('its checksum differs').waitFor();
    await takePicture(page, 'rule-groups-broken');
    await row.getByRole('link', { name: 'disks' }).click();
    await page.getByRole('link', { name: 'Edit' }).click();
    expect(await text.inputValue()).toBe(`${rules('95')}      - alert: [\n`);
    await text.fill(rules('95'));
    await save.click();
    await page.getByRole('heading', { level: 1, name: 'disks', exact: true }).waitFor();
    expect(await stored()).toMatchObject({ broken: false, enabled: false, version: 6 });

    // Deleted only after it was asked for by whom; its history stays.
    await page.goto(`${server.url}/alerts/rule-groups`);
    await row.getByText('off', { exact: true }).waitFor();
    expect(await row.innerText()).toMatch(/made here[^]*2 · 1 off[^]*by Ann/);
    await row.getByRole('link', { name: 'disks' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete the rule group disks?' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await stored()).toMatchObject({ version: 6 });
    await page.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There are no rule groups').waitFor();
    await expect(stored()).rejects.toThrow('404');
    await page.goto(`${server.url}/alerts/rule-groups/disks`);
    await history.getByText('Ann deleted it').waitFor();

    // Keyboard and both themes.
    await page.goto(`${server.url}/alerts/rule-groups`);
    await page.getByText('There are no rule groups').waitFor();
    expect(await tabStops(page, 40)).toContain('a: New rule group');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${server.url}/alerts/rule-groups/disks`);
      await history.getByText('Ann deleted it').waitFor();
      await takePicture(page, `rule-group-deleted-${colorScheme}`);
      expect(await hardToRead(page, 'disks')).toEqual([]);
    }
    // The browser itself tells of each answer that refused: the mistake, and the conflict.
    expect(complaints).toEqual({
      errors: [expect.stringContaining('422'), expect.stringContaining('409')],
      foreign: [],
    });
  },
  120_000,
);
