import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { openReceiver } from '../receivers/http-server.ts';

const script = fileURLToPath(new URL('outbox-process.ts', import.meta.url));
const COUNT = 400;
const KILLS = 20;

/** The keys of which the journal says that they ended. */
function endedKeys(path: string): readonly string[] {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  return lines
    .map((line) => JSON.parse(line) as { readonly kind: string; readonly idempotencyKey: string })
    .filter(({ kind }) => kind === 'ended')
    .map(({ idempotencyKey }) => idempotencyKey);
}

test('kill -9 at any moment loses nothing, and repeats only what had no answer yet', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dwcp-outbox-'));
  const journal = join(dir, 'journal');
  /** Those that the process before knew to be delivered. */
  let ended: ReadonlySet<string> = new Set();
  const repeatedAfterEnd: string[] = [];
  const received = new Set<string>();
  let repeats = 0;
  let triggers = 0;
  let triggerAt = 5;
  let child: ReturnType<typeof spawn> | undefined;
  const kill = (): void => {
    child?.kill('SIGKILL');
  };
  await using server = await openReceiver((response, _socket, { headers }) => {
    const key = String(headers['idempotency-key']);
    if (ended.has(key)) repeatedAfterEnd.push(key);
    if (received.has(key)) repeats++;
    received.add(key);
    if (received.size < triggerAt || triggers >= KILLS) {
      response.end('ok');
      return;
    }
    // Before, right after, and a little after the answer.
    const moment = triggers++ % 3;
    triggerAt = received.size + 1 + ((triggers * 7) % 23);
    if (moment === 0) kill();
    response.end('ok', () => {
      if (moment === 1) kill();
      if (moment === 2) setImmediate(() => setImmediate(kill));
    });
  });
  try {
    let killed = 0;
    for (let runs = 0, code: number | null = null; code !== 0; runs++) {
      if (runs > 2 * KILLS) throw new Error('the process does not come to an end');
      child = spawn(
        process.execPath,
        ['--conditions=@dwcp/source', script, journal, server.url, String(COUNT)],
        { stdio: ['ignore', 'inherit', 'inherit'] },
      );
      const [exitCode, signal] = (await once(child, 'exit')) as [number | null, string | null];
      code = exitCode;
      if (signal === 'SIGKILL') killed++;
      ended = new Set(endedKeys(journal));
    }
    expect(killed).toBeGreaterThanOrEqual(KILLS / 2);
    const order = [...received];
    expect(order.toSorted()).toEqual(Array.from({ length: COUNT }, (_, i) => `n${i}`).toSorted());
    expect(repeatedAfterEnd).toEqual([]);
    // A kill hits no more requests than there are at a time.
    expect(repeats).toBeLessThanOrEqual(killed * 4);
    for (let i = 0; i < COUNT; i += 2) {
      expect(order.indexOf(`n${i}`)).toBeLessThan(order.indexOf(`n${i + 1}`));
    }
  } finally {
    kill();
    await rm(dir, { recursive: true });
  }
});
