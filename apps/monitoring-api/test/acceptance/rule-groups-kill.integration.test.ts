import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { type RuleGroupDetailView, type RuleGroupHistoryView } from '@dwcp/api-schema';
import { findProgram, wants } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';

const KILLS = Number(process.env['DWCP_TEST_RULE_KILLS'] ?? 12);
const promtool = findProgram('promtool');
const run = promisify(execFile);

const rules = (threshold: number): string => `groups:
  - name: disks
    rules:
      - { alert: Full, expr: disk_used > ${threshold} }
`;

/** Edits until the server is gone; gives the last version that was answered. */
async function edit(server: DwcpServer, from: number): Promise<number> {
  for (let version = from; ; version++) {
    try {
      const response = await fetch(`${server.url}/api/v1/rule-groups/disks`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ yaml: rules(version + 1), by: 'ann', version }),
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      await response.arrayBuffer();
    } catch (error) {
      if (error instanceof TypeError) return version;
      throw error;
    }
  }
}

test(`killed at ${KILLS} moments of editing, every answered change is there and on record`, async () => {
  await using server = await DwcpServer.start('collection: { host: false, process: false }\n');
  let answered = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const editing = edit(server, answered);
    // Moments that differ, and not in step with what the server does.
    await pause(40 + ((kill * 37) % 150));
    await server.child.end('SIGKILL');
    const last = await editing;
    await server.restart();
    const found = await server.get<RuleGroupDetailView>('/api/v1/rule-groups/disks');
    // The one that was under way may be there or not.
    expect([last, last + 1]).toContain(found.version);
    expect(found).toMatchObject({ yaml: rules(found.version ?? 0), broken: false });
    const { items } = await server.get<RuleGroupHistoryView>('/api/v1/rule-groups/disks/history', {
      limit: '1000',
    });
    expect(items.map(({ toVersion }) => toVersion)).toEqual(
      Array.from({ length: items.length }, (_, index) => (found.version ?? 0) - index),
    );
    const { data } = await server.get<{ data: { groups: { rules: { query: string }[] }[] } }>(
      '/api/v1/rules',
    );
    expect(data.groups[0]?.rules[0]?.query).toBe(`disk_used > ${found.version}`);
    answered = found.version ?? 0;
  }
  expect(answered).toBeGreaterThan(KILLS);
}, 240_000);

test.skipIf(promtool === undefined)(
  `promtool reads what is stored (${wants('promtool')})`,
  async () => {
    await using server = await DwcpServer.start('collection: { host: false, process: false }\n');
    const response = await fetch(`${server.url}/api/v1/rule-groups/disks`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ yaml: rules(1), by: 'ann', comment: '# "odd": {comment}\n- x' }),
    });
    expect(response.status).toBe(201);
    const file = join(server.folder, 'data/alerting/rules/disks.yml');
    const { stdout } = await run(promtool ?? '', ['check', 'rules', file]);
    expect(stdout).toContain('SUCCESS: 1 rules found');
  },
);
