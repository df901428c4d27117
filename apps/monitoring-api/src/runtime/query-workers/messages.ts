import { type MessagePort } from 'node:worker_threads';

import { type PackedError } from '@dwcp/core';

import { type PackedResult } from './packed-result.ts';
import { type AnyQuery } from './weigh.ts';

/** What a worker is started with. */
export interface WorkerStart {
  /** Whose other end the store serves. */
  readonly store: MessagePort;
  readonly maxSamples: number;
}

export interface QueryTask {
  readonly query: AnyQuery;
  /** What is left of the time that the query may take. */
  readonly timeoutMs: number;
  readonly lookbackMs: number | undefined;
  readonly stats: boolean;
}

/** One query at a time. */
export type ToWorker =
  | { readonly kind: 'query'; readonly task: QueryTask }
  /** Gives the query up, which is answered all the same. */
  | { readonly kind: 'cancel' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly result: PackedResult }
  | {
      readonly kind: 'error';
      readonly error: PackedError;
      /** It used all memory that a query may have; the thread is not to be used any more. */
      readonly isSpent: boolean;
    };
