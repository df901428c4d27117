import { dirname, join } from 'node:path';

import { BackendError, type Clock, CorruptionError, type Log } from '@dwcp/core';
import { SqliteLogStore } from '@dwcp/log-store';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { DirectoryLock } from '@dwcp/segments';
import { SqliteTraceStore } from '@dwcp/trace-store';

import { type Config } from '../config/config.ts';

export interface OpenStores {
  readonly lock: DirectoryLock;
  readonly metrics: EmbeddedMetricStore;
  readonly logs: SqliteLogStore;
  readonly traces: SqliteTraceStore;
}

/**
 * Opens the data directory, all or nothing: what was opened is closed again when another one fails.
 * @throws BackendError when it is in use or cannot be opened
 */
export async function openStores(parts: {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** What goes wrong while storing logs must not become more logs to store. */
  readonly storeLog: Log;
}): Promise<OpenStores> {
  const { config, clock, storeLog } = parts;
  const lock = await DirectoryLock.acquire(config.dataDir);
  const dir = (name: string): string => join(config.dataDir, name);
  const [metrics, logs, traces] = await Promise.allSettled([
    EmbeddedMetricStore.open({
      dir: dir('metrics'),
      clock,
      retentionMs: config.retention.metricsMs,
      ...config.metrics,
      ...(config.retention.downsampled === undefined
        ? {}
        : { downsampledRetention: config.retention.downsampled }),
      ...(config.retention.metricsMaxBytes === undefined
        ? {}
        : { maxBytes: config.retention.metricsMaxBytes }),
      log: parts.log,
    }),
    SqliteLogStore.open({ dir: dir('logs'), clock, log: storeLog }),
    SqliteTraceStore.open({ dir: dir('traces'), clock, log: storeLog }),
  ]);
  if (
    metrics.status === 'fulfilled' &&
    logs.status === 'fulfilled' &&
    traces.status === 'fulfilled'
  ) {
    return { lock, metrics: metrics.value, logs: logs.value, traces: traces.value };
  }
  const results = [metrics, logs, traces];
  for (const result of results) {
    if (result.status === 'fulfilled') await result.value[Symbol.asyncDispose]();
  }
  await lock.release();
  throw withFix(results.find((result) => result.status === 'rejected')?.reason);
}

/** A damaged database stops the start: what is typed to go on without it. */
export function withFix(reason: unknown): unknown {
  if (!(reason instanceof CorruptionError)) return reason;
  const dir = dirname(reason.path);
  const fix = `to start without it, and keep it aside: mv '${dir}' '${dir}.damaged'`;
  return new BackendError('data directory', `${reason.message}; ${fix}`, {
    retryable: false,
    cause: reason,
  });
}
