// The thread that heavy queries run on; started by QueryWorker.
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

import { packError, systemClock } from '@dwcp/core';
import { SharedStoreReader } from '@dwcp/metric-store';
import { MemoryLimitError, PromqlEngine } from '@dwcp/promql';

import { type FromWorker, type QueryTask, type ToWorker, type WorkerStart } from './messages.ts';
import { buffersOf, packResult } from './packed-result.ts';

const { store, maxSamples } = workerData as WorkerStart;
const reader = new SharedStoreReader(store, { maxSelectedSamples: maxSamples });
/** A tenth of the processor's time while others want it, all of it else. */
const NICE = 10;
let cancel = new AbortController();

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'cancel') {
    cancel.abort();
    return;
  }
  cancel = new AbortController();
  void answer(message.task, cancel.signal);
});
giveWay();
post({ kind: 'ready' });

/**
 * Ingestion and rules go first where there are not enough processors. On Linux a thread has a priority
 * of its own; elsewhere all stay equal.
 * @see https://man7.org/linux/man-pages/man2/setpriority.2.html ("C library/kernel differences")
 */
function giveWay(): void {
  try {
    const threadId = Number(basename(readlinkSync('/proc/thread-self')));
    if (threadId !== process.pid) setPriority(threadId, NICE);
  } catch {
    // Without /proc, or where it is not allowed: queries are as quick as before.
  }
}

async function answer(task: QueryTask, signal: AbortSignal): Promise<void> {
  const { query, timeoutMs, lookbackMs, stats } = task;
  const engine = new PromqlEngine({ store: reader, clock: systemClock, maxSamples, timeoutMs });
  const options = { signal, stats, ...(lookbackMs === undefined ? {} : { lookbackMs }) };
  try {
    const result = packResult(
      query.kind === 'instant'
        ? await engine.instant(query, options)
        : await engine.range(query, options),
    );
    post({ kind: 'result', result }, buffersOf(result));
  } catch (error) {
    post({ kind: 'error', error: packError(error), isSpent: error instanceof MemoryLimitError });
  }
}

function post(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}
