import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SqliteDecisionStore } from '@dwcp/decision-store';
import { expect, test } from 'vitest';

const KILLS = 6;

/** Starts a writer, kills it so long after its first acknowledgement, and gives what was acknowledged. */
async function writeUntilKilled(
  dir: string,
  start: number,
  afterMs: number,
): Promise<readonly (readonly [number, number])[]> {
  const program = join(import.meta.dirname, 'fixtures/put-until-killed.ts');
  const child = spawn(
    process.execPath,
    ['--conditions=@dwcp/source', program, dir, String(start)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
  await closed;
  clearTimeout(timer);
  expect(child.signalCode).toBe('SIGKILL');
  // The last line may be cut.
  const lines = printed.split('\n').slice(0, -1);
  return lines.map((line) => {
    const [number, count] = line.split(' ').map(Number);
    return [number ?? Number.NaN, count ?? Number.NaN] as const;
  });
}

test(`every acknowledged record is there, as it was put last, after each of ${KILLS} kills`, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dwcp-decision-crash-'));
  const acknowledged = new Map<number, number>();
  let seed = 20_260_102;
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      // A linear congruential generator: the same moments in every run.
      seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
      const told = await writeUntilKilled(dir, kill * 1_000_000, (seed / 2 ** 32) * 250);
      for (const [number, count] of told) acknowledged.set(number, count);

      await using store = await SqliteDecisionStore.open({ dir });
      const stored = new Map<number, number>();
      let cursor: string | undefined;
      do {
        const page = await store.search({
          startUnixMs: 0,
          endUnixMs: 1e9,
          limit: 10_000,
          ...(cursor === undefined ? {} : { cursor }),
        });
        for (const { unixMs, lastUnixMs, count, decision } of page.records) {
          expect(decision).toEqual({ kind: 'rule', elements: unixMs });
          expect(lastUnixMs).toBe(unixMs + count);
          stored.set(unixMs, count);
        }
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      const lost = [...acknowledged].filter(([number, count]) => stored.get(number) !== count);
      expect(lost).toEqual([]);
      expect(store.stats().recordCount).toBe(stored.size);
    }
    expect(acknowledged.size).toBeGreaterThan(KILLS);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}, 30_000);
