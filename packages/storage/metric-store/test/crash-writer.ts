// A process that appends until it is killed, and says after each append what was acknowledged.
import { writeSync } from 'node:fs';

import { Labels, systemClock } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';

/** The pipe may be full while the one who reads it is slow. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}

const [dir = '', from = '0'] = process.argv.slice(2);
const seriesCount = 20;
const labels = Array.from({ length: seriesCount }, (_, i) =>
  Labels.from({ __name__: 'crash_test', i: String(i) }),
);
// Small heads, so that seals and merges go on all the time.
const store = await EmbeddedMetricStore.open({ dir, clock: systemClock, maxHeadSamples: 2_000 });
const startUnixMs = Date.now() - 3_600_000;
say('open');

/** Row i of round n is the value n at the time n; three appends are always on their way. */
async function append(round: number): Promise<void> {
  const timestamps = new Float64Array(seriesCount).fill(startUnixMs + round);
  const values = new Float64Array(seriesCount).fill(round);
  const { appended } = await store.append({ labels, timestamps, values });
  if (appended !== seriesCount) throw new Error(`round ${round}: ${appended} appended`);
  say(String(round));
}

for (let round = Number(from); ; round += 3) {
  await Promise.all([append(round), append(round + 1), append(round + 2)]);
}
