import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

const program = `
  import { systemClock } from '@dwcp/core';
  import { CollectionLoop, HostCollector, InstrumentRegistry, ProcessCollector } from '@dwcp/metrics-collector';
  const clock = systemClock;
  const store = { append: () => Promise.resolve({ appended: 0, rejected: {} }), putMetadata() {} };
  const instruments = new InstrumentRegistry({ clock });
  const loop = new CollectionLoop({ store, clock, labels: { region: 'eu' }, instruments, intervalMs: 100 });
  loop.register(new HostCollector({ clock }), { job: 'host' });
  loop.register(new ProcessCollector({ clock }));
  loop.start();
  await new Promise((resolve) => setTimeout(resolve, 350));
  process.stdout.write(JSON.stringify(loop.status().map(({ name, state }) => [name, state])));
`;

test('a program that forgets to stop its loop and collectors ends all the same', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@dwcp/source', '--input-type=module', '--eval', program],
    { cwd: join(import.meta.dirname, '../..'), timeout: 20_000 },
  );
  expect(JSON.parse(stdout)).toEqual([
    ['instruments', 'up'],
    ['host', 'up'],
    ['process', 'up'],
  ]);
}, 30_000);
