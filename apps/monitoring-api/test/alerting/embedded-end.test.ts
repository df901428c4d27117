import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Child } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { TemporaryFolder } from '../platform.ts';

test('a program ends by itself though a notification waits for a receiver that is down', async () => {
  await using folder = await TemporaryFolder.make();
  const ruleFile = join(folder.path, 'rules.yml');
  await writeFile(
    ruleFile,
    'groups: [{ name: g, interval: 1s, rules: [{ alert: Always, expr: vector(1) }] }]\n',
  );
  await using child = await Child.start({
    program: process.execPath,
    args: [
      '--conditions=@dwcp/source',
      join(import.meta.dirname, '../children/embed-with-dead-webhook.ts'),
      join(folder.path, 'data'),
      ruleFile,
    ],
  });
  await child.exited();
  expect([child.exitCode, child.output]).toEqual([0, 'waits\n']);
});

test('a program that waits for the close gets to its end, though a receiver is down', async () => {
  await using folder = await TemporaryFolder.make();
  await using child = await Child.start({
    program: process.execPath,
    args: [
      '--conditions=@dwcp/source',
      join(import.meta.dirname, '../children/embed-and-close.ts'),
      folder.path,
    ],
  });
  await child.exited();
  expect([child.exitCode, child.output]).toEqual([0, 'closed\n']);
});
