import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import {
  EmbeddedMetricStore,
  type EmbeddedMetricStoreOptions,
  listSnapshots,
  verifyBlocks,
} from '@dwcp/metric-store';
import { nodeFileSystem } from '@dwcp/segments';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { type Kill, WaitingChild } from './crash/life.ts';
import { Oracle } from './crash/oracle.ts';
import { filePhases, type Target } from './crash/phases.ts';
import { scatter, seriesLabels, storeOptions, timeOf } from './crash/plan.ts';
import { everything } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const KILLS = Number(process.env['DWCP_TEST_CRASH_KILLS'] ?? 300);
const SEED = Number(process.env['DWCP_TEST_CRASH_SEED'] ?? 20_261_121);

let random = SEED;
const chance = (below: number): number => (random = scatter(random + 1)) % below;

/** How many calls of a phase to let pass, at most: about as many as come soon. */
const passed: Partial<Record<string, number>> = { 'log write': 40, seal: 15, merge: 9 };

/** Every third kill comes at any time, the others in a phase of file work, in turn. */
function choose(kill: number): { readonly target?: Target; readonly kill: Kill } {
  const times = { afterMs: chance(chance(4) === 0 ? 500 : 200), afterHitMs: chance(3) };
  if (kill % 3 === 0) return { kill: times };
  const phase = filePhases[Math.floor((kill * 2) / 3) % filePhases.length] ?? 'seal';
  const side = (['before', 'half', 'after'] as const)[chance(3)] ?? 'half';
  return { target: { phase, nth: chance(passed[phase] ?? 3), side }, kill: times };
}

function openAt(dir: string, newestRound: number): Promise<EmbeddedMetricStore> {
  const options: EmbeddedMetricStoreOptions = {
    ...storeOptions,
    dir,
    clock: new ManualClock(timeOf(newestRound)),
    // The check only looks.
    maxHeadSamples: Number.POSITIVE_INFINITY,
    blockMs: Number.POSITIVE_INFINITY,
  };
  return EmbeddedMetricStore.open(options);
}

test(
  `after ${KILLS} times kill -9 nothing acknowledged is lost, nothing invented, nothing doubled`,
  { timeout: 600_000 },
  async () => {
    process.stdout.write(`seed ${SEED} (DWCP_TEST_CRASH_SEED), ${KILLS} kills\n`);
    const dir = temporaryDirectory();
    const cache = temporaryDirectory();
    const oracle = new Oracle();
    const problems: string[] = [];
    const killsByPhase = new Map<string, number>();
    const total = {
      samples: 0,
      replayed: 0,
      snapshots: 0,
      snapshotSamples: 0,
      exemplars: 0,
      aimed: 0,
    };
    let largestBytes = 0;
    let child = new WaitingChild(cache);
    try {
      for (let kill = 0; kill < KILLS && problems.length === 0; kill++) {
        const chosen = choose(kill);
        const orders = {
          dir,
          from: oracle.newestRound + 1,
          again: oracle.unanswered,
          seed: chance(2 ** 32),
          target: chosen.target,
        };
        const ending = await child.live(orders, chosen.kill);
        // It loads its program while this one is looked at.
        child = new WaitingChild(cache);
        for (const phase of ending.phases) {
          killsByPhase.set(phase, (killsByPhase.get(phase) ?? 0) + 1);
        }
        if (ending.lines.some((line) => line.startsWith('hit '))) total.aimed++;
        oracle.hear(ending.lines);
        largestBytes = Math.max(largestBytes, bytesIn(dir));
        const here = `kill ${kill} (${ending.phases.join(', ')}): `;

        const store = await openAt(dir, oracle.newestRound);
        const verdict = oracle.check(await store.select(everything));
        const exemplars = await store.exemplars(everything);
        problems.push(...verdict.problems.map((problem) => here + problem));
        problems.push(...oracle.checkExemplars(exemplars).map((problem) => here + problem));
        total.samples += verdict.samples;
        total.replayed += store.stats().replayedSamples;
        total.exemplars += exemplars.reduce((sum, one) => sum + one.exemplars.length, 0);
        const { corruptionCount, lostSamples } = store.stats();
        if (corruptionCount + lostSamples > 0) problems.push(`${here}damaged`);
        await store.close();
        problems.push(...rubbishIn(dir).map((name) => `${here}left behind: ${name}`));

        for (const { path } of await listSnapshots(nodeFileSystem, join(dir, 'snapshots'))) {
          const copy = await openAt(path, oracle.newestRound);
          const found = oracle.checkSnapshot(path, await copy.select(everything));
          problems.push(...found.problems.map((problem) => `${here}snapshot: ${problem}`));
          if (copy.stats().corruptionCount > 0) problems.push(`${here}snapshot: damaged`);
          if (found.isKnown) total.snapshots++;
          total.snapshotSamples += found.samples;
          await copy.close();
          rmSync(path, { recursive: true });
        }
        problems.push(...oracle.missingSnapshots().map((path) => `${here}lost: ${path}`));
      }
    } finally {
      await child.end();
    }
    const report = await verifyBlocks(dir);
    const phases = [...killsByPhase].sort(([, a], [, b]) => b - a);
    const { acknowledged, deleted, unsureFound, unsureGone } = oracle.counts;
    process.stdout.write(
      `${phases.map(([phase, count]) => `${String(count).padStart(5)} ${phase}\n`).join('')}` +
        `${total.aimed} kills within a chosen file operation, the others at any moment\n` +
        `${oracle.newestRound + 1} rounds, ${acknowledged} samples acknowledged, ${deleted} deleted\n` +
        `in flight at a kill: ${unsureFound} found, ${unsureGone} not\n` +
        `checked: ${total.samples} samples, ${total.exemplars} exemplars, and ` +
        `${total.snapshotSamples} samples in ${total.snapshots} acknowledged snapshots\n` +
        `${total.replayed} samples replayed, at most ${Math.round(largestBytes / 1024)} KiB on disk\n`,
    );
    const told = problems.filter((_, i) => i < 20 || i >= problems.length - 5);
    expect([...oracle.problems, ...told]).toEqual([]);
    expect(report).toMatchObject({ isSound: true });
    expect(acknowledged).toBeGreaterThan(KILLS * seriesLabels.length);
    // Fewer kills do not reach everything.
    if (KILLS < 100) return;
    const unreached = [...filePhases, 'start'].filter((phase) => !killsByPhase.has(phase));
    expect(unreached).toEqual([]);
  },
);

/** What only a process that still runs may have. */
function rubbishIn(dir: string): readonly string[] {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.tmp') || name.endsWith('.damaged'));
}

function bytesIn(dir: string): number {
  let bytes = 0;
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return bytes;
}
