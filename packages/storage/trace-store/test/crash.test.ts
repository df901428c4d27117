import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compareUtf8, systemClock } from '@dwcp/core';
import { SqliteTraceStore } from '@dwcp/trace-store';
import { expect, test } from 'vitest';

const KILLS = 6;

/** Starts a writer, kills it so long after its first acknowledgement, and gives what was acknowledged. */
async function writeUntilKilled(dir: string, start: number, afterMs: number): Promise<number[]> {
  const program = join(import.meta.dirname, 'fixtures/append-until-killed.ts');
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
  return printed.split('\n').slice(0, -1).map(Number);
}

test(`every acknowledged span is there, and summaries agree, after each of ${KILLS} kills`, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dwcp-trace-crash-'));
  const acknowledged = new Set<number>();
  let seed = 20_260_102;
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      // A linear congruential generator: the same moments in every run.
      seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
      const numbers = await writeUntilKilled(dir, kill * 1_000_000 + 1, (seed / 2 ** 32) * 200);
      for (const number of numbers) acknowledged.add(number);

      await using store = await SqliteTraceStore.open({ dir, clock: systemClock });
      const stored = new Set<number>();
      let cursor: string | undefined;
      do {
        const page = await store.search({
          startUnixNano: 0n,
          endUnixNano: 10n ** 9n,
          limit: 1_000,
          ...(cursor === undefined ? {} : { cursor }),
        });
        for (const { traceId, spanCount, services } of page.traces) {
          const spans = await store.trace(traceId);
          for (const { startUnixNano } of spans) stored.add(Number(startUnixNano));
          const names = spans.map(({ resource }) => resource.attributes['service.name']);
          expect({ spanCount, services }).toEqual({
            spanCount: spans.length,
            services: [...new Set(names.map(String))].toSorted(compareUtf8),
          });
        }
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect([...acknowledged.difference(stored)]).toEqual([]);
      expect(store.stats().spanCount).toBe(stored.size);
    }
    expect(acknowledged.size).toBeGreaterThan(KILLS);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}, 30_000);
