import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { systemClock } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { expect, test } from 'vitest';

import { everything } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const writer = join(import.meta.dirname, 'crash-writer.ts');

/** Runs the writer and kills it after so many acknowledged rounds; returns the last one. */
async function runAndKill(dir: string, from: number, rounds: number): Promise<number> {
  const node = ['--conditions=@dwcp/source', writer, dir, String(from)];
  const child = spawn(process.execPath, node, { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = from - 1;
  let rest = '';
  let killed = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== 'open') last = Math.max(last, Number(line));
    if (last - from < rounds || killed) return;
    killed = true;
    child.kill('SIGKILL');
  });
  await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  return last;
}

test(
  'after kill -9 at any moment, every acknowledged sample is there exactly once',
  { timeout: 60_000 },
  async () => {
    const dir = temporaryDirectory();
    let seed = 20_261_121;
    let from = 0;
    const acknowledged: number[] = [];
    for (let kill = 0; kill < 8; kill++) {
      // A multiplicative congruential generator: the same moments each time, as far as they go.
      seed = (seed * 48_271) % 2_147_483_647;
      const last = await runAndKill(dir, from, 1 + (seed % 1_500));
      for (let round = from; round <= last; round++) acknowledged.push(round);
      from = last + 10;

      const store = await EmbeddedMetricStore.open({ dir, clock: systemClock });
      const found = await store.select(everything);
      expect(found).toHaveLength(20);
      for (const { values } of found) {
        const rounds = [...values];
        expect(rounds).toEqual([...new Set(rounds)].toSorted((a, b) => a - b));
        const there = new Set(rounds);
        expect(acknowledged.filter((round) => !there.has(round))).toEqual([]);
        // Of what was not acknowledged, only what was on its way at a kill can be there.
        expect(rounds.length - acknowledged.length).toBeLessThanOrEqual(3 * (kill + 1));
      }
      expect(store.stats()).toMatchObject({ corruptionCount: 0, lostSamples: 0 });
      await store.close();
    }
  },
);
