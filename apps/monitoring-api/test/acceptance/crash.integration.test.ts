import { eventually } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';
import { LoadWriter, type Signal } from './load-writer.ts';

const KILLS = 20;

test(
  `after each of ${KILLS} kill -9 under load every acknowledged sample, span and log record is there`,
  { timeout: 240_000 },
  async () => {
    await using server = await DwcpServer.start('region: eu-test-1\n');
    const signals: readonly Signal[] = ['samples', 'spans', 'logs'];
    const writers = signals.map((signal) => new LoadWriter(signal, server.url));
    const startsMs: number[] = [];

    for (let round = 0; round < KILLS; round++) {
      const before = writers.map((writer) => writer.acknowledged);
      const stop = new AbortController();
      const running = writers.map((writer) => writer.run(stop.signal));
      await eventually(
        () => writers.every((writer, i) => writer.acknowledged > (before[i] ?? 0) + 2_000),
        { timeoutMs: 20_000, what: `load in round ${round}`, everyMs: 1 + round * 7 },
      );
      await server.child.end('SIGKILL');
      stop.abort();
      await Promise.all(running);
      startsMs.push(await server.restart());
      for (const writer of writers) {
        expect({ round, signal: writer.signal, ...(await writer.missingAndDoubled()) }).toEqual({
          round,
          signal: writer.signal,
          missing: 0,
          doubled: 0,
        });
      }
    }
    const worst = Math.max(...startsMs);
    process.stdout.write(
      `${writers.map((w) => `${w.acknowledged} ${w.signal}`).join(', ')} acknowledged, ` +
        `0 missing; starts up to ${worst.toFixed(0)} ms\n`,
    );
  },
);
