import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseAlertmanagerConfig, parseRuleFile } from '@dwcp/alerting';
import { findProgram, wants } from '@dwcp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { BAD_CONFIGS } from './bad-configs.ts';
import { BAD_RULES } from './bad-rules.ts';

const promtool = findProgram('promtool');
const amtool = findProgram('amtool');

/** What is taken here and refused by the tools of Debian 12, with the reason. */
const NEWER_RULES: Readonly<Record<string, string>> = {
  'a condition in place of an expression': 'alert: A\n        condition: {expr: up == 0}',
  'a recovery expression': 'alert: A\n        expr: up == 0\n        recover: up == 1',
  'a policy for absent data': 'alert: A\n        expr: up == 0\n        no_data: alert',
};
const NEWER_CONFIGS: Readonly<Record<string, string>> = {
  'labels of a route, since 0.34':
    'route: {receiver: a, labels: {team: "{{ .GroupLabels.team }}"}}\nreceivers: [{name: a}]\n',
  'Microsoft Teams by workflows, since 0.28':
    'route: {receiver: a}\nreceivers:\n  - name: a\n    msteamsv2_configs: [{webhook_url: "https://example.org"}]\n',
  'a label name with a dot, since 0.27':
    'route:\n  receiver: a\n  routes: [{matchers: [\'"service.name"="a"\']}]\nreceivers: [{name: a}]\n',
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dwcp-bad-input-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Whether the program ends well with the text as a file. */
function takes(program: string | undefined, args: readonly string[], text: string): boolean {
  const file = join(folder, 'file.yml');
  writeFileSync(file, text);
  try {
    execFileSync(program ?? '', [...args, file], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(promtool === undefined)(`the real promtool (${wants('promtool')})`, () => {
  const taken = (text: string): boolean => takes(promtool, ['check', 'rules', '--lint=none'], text);

  test.each(BAD_RULES)('has the expected verdict on $name', ({ text, takenByTool }) => {
    expect(taken(text)).toBe(takenByTool !== undefined);
  });

  test.each(Object.entries(NEWER_RULES))('does not know %s, and ours does', (_name, rule) => {
    const text = `groups:\n  - name: g\n    rules:\n      - ${rule}\n`;
    expect(taken(text)).toBe(false);
    expect(parseRuleFile(text, 'rules.yml')).toHaveLength(1);
  });
});

describe.skipIf(amtool === undefined)(`the real amtool (${wants('amtool')})`, () => {
  test.each(BAD_CONFIGS)('has the expected verdict on $name', ({ text, takenByTool }) => {
    expect(takes(amtool, ['check-config'], text)).toBe(takenByTool !== undefined);
  });

  test.each(Object.entries(NEWER_CONFIGS))('does not know %s, and ours does', (_name, text) => {
    expect(takes(amtool, ['check-config'], text)).toBe(false);
    expect(parseAlertmanagerConfig(text, 'alertmanager.yml').receivers).toHaveLength(1);
  });
});
