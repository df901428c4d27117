import { readdirSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { Platform } from './platform.ts';

const RULES = new URL('../../../configs/prometheus/', import.meta.url);

test('each runbook that a shipped rule points at is served, also to who has no token', async () => {
  await using platform = await Platform.start();
  const links = readdirSync(RULES)
    .filter((name) => name.endsWith('.yml'))
    .flatMap((name) =>
      [
        ...readFileSync(new URL(name, RULES), 'utf8').matchAll(
          /\$externalURL \}\}(\/runbooks\/\w+)/g,
        ),
      ].map(([, path = '']) => path),
    );
  expect(links.length).toBeGreaterThan(40);
  for (const path of links) {
    const response = await platform.fetch(path, { headers: { authorization: '' } });
    expect([path, response.status]).toEqual([path, 200]);
    expect(await response.text()).toContain(`# ${path.replace('/runbooks/', '')}\n`);
  }
});

test('what is no runbook is not found, whatever the path tries', async () => {
  await using platform = await Platform.start();
  for (const name of ['Nothing', '..%2F..%2FREADME', 'README.md', '%00', 'README']) {
    const response = await platform.fetch(`/runbooks/${name}`);
    expect([name, response.status]).toEqual([name, name === 'README' ? 200 : 404]);
  }
});
