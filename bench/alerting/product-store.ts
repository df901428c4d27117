import { join } from 'node:path';
// The product's own file store for the state of alerting. It is no part of a package's public API, so
// it is looked up by its path, and of its type only what is used stands here.
import { pathToFileURL } from 'node:url';

import { type RecordStore } from '@dwcp/alerting';
import { type Log, silentLog } from '@dwcp/core';

import { REPOSITORY } from '../metrics/paths.ts';

interface Module {
  readonly FileRecordStore: {
    open<T>(options: {
      readonly dir: string;
      readonly log: Log;
    }): Promise<RecordStore<T> & AsyncDisposable>;
  };
}

export async function openStore<T>(dir: string): Promise<RecordStore<T> & AsyncDisposable> {
  const path = join(REPOSITORY, 'apps/monitoring-api/src/runtime/alerting/record-log.ts');
  const { FileRecordStore } = (await import(pathToFileURL(path).href)) as Module;
  return FileRecordStore.open<T>({ dir, log: silentLog });
}
