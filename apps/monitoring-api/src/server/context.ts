import { type Runtime } from '../runtime/runtime.ts';
import { type QuerySlots } from './query-slots.ts';

/** What the routes share. */
export interface ServerContext {
  readonly runtime: Runtime;
  readonly querySlots: QuerySlots;
  /** Ends live streams, so that closing the server need not wait for their readers. */
  readonly closing: AbortSignal;
}
