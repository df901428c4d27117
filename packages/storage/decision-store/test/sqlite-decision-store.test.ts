import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BackendError } from '@dwcp/core';
import { SqliteDecisionStore } from '@dwcp/decision-store';
import { decisionRecord, decisionStoreContract } from '@dwcp/testing';
import { expect, test } from 'vitest';

interface Folder extends AsyncDisposable {
  readonly dir: string;
}

async function folder(): Promise<Folder> {
  const dir = await mkdtemp(join(tmpdir(), 'dwcp-decision-store-'));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

decisionStoreContract('SqliteDecisionStore', async (options) => {
  const { dir, [Symbol.asyncDispose]: remove } = await folder();
  return {
    open: () => SqliteDecisionStore.open({ dir, ...options }),
    [Symbol.asyncDispose]: remove,
  };
});

test('what was put is there after a reopening, and is still counted', async () => {
  await using data = await folder();
  {
    await using store = await SqliteDecisionStore.open(data);
    await store.put([decisionRecord(1), decisionRecord(2, { subject: 'b' })]);
  }
  await using store = await SqliteDecisionStore.open(data);
  expect(await store.inForce('b', 1e12 * 2)).toEqual([decisionRecord(2, { subject: 'b' })]);
  expect(store.stats().recordCount).toBe(2);
  expect(store.stats().sizeBytes).toBeGreaterThan(0);
});

test('a full disk refuses the put as retryable, and keeps none of it', async () => {
  await using data = await folder();
  await using store = await SqliteDecisionStore.open({ ...data, maxSizeBytes: 100_000 });
  const labels = { text: 'x'.repeat(200_000) };
  const error: unknown = await store
    .put([decisionRecord(1), decisionRecord(2, { labels })])
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(BackendError);
  expect((error as BackendError).retryable).toBe(true);
  expect(store.stats().recordCount).toBe(0);
});

test('a search that is aborted ends with the reason', async () => {
  await using data = await folder();
  await using store = await SqliteDecisionStore.open(data);
  await store.put(Array.from({ length: 2_500 }, (_, i) => decisionRecord(i)));
  const abort = new AbortController();
  const search = store.search(
    { startUnixMs: 0, endUnixMs: 4e12, limit: 10, labels: { alertname: 'no such' } },
    { signal: abort.signal },
  );
  abort.abort(new Error('enough'));
  await expect(search).rejects.toThrow('enough');
});
