import { type Log, type Notification } from '@dwcp/core';

import { type SharedState } from '../cluster/shared-state.ts';
import { type SerialQueue } from '../serial-queue.ts';
import { type PipelineState } from './pipeline-state.ts';
import { type PipelineRecord } from './pipeline-store.ts';
import { entryOf, isTold, newsFrom } from './told.ts';

interface SharingParts {
  /** The pipeline's own: what one decides on, no other changes meanwhile. */
  readonly queue: SerialQueue;
  readonly log: Log;
  readonly state: () => PipelineState;
  readonly nowUnixMs: () => number;
  readonly maxSilences: number;
  readonly maxEntries: number;
  readonly commit: (records: readonly PipelineRecord[]) => Promise<unknown>;
  /** For what holds although it could not be stored. */
  readonly commitInMemory: (records: readonly PipelineRecord[]) => void;
}

/** What of the pipeline several instances have in common: silences, and what receivers were told. */
export class PipelineSharing {
  readonly #parts: SharingParts;

  constructor(parts: SharingParts) {
    this.#parts = parts;
  }

  /** What other instances are to know. */
  shared(): SharedState {
    const { silences, told } = this.#parts.state();
    return { silences: silences.all(), log: told.entries() };
  }

  /**
   * Takes over what another instance knows; resolves once it is durable and holds.
   * @returns how much was refused: wrong, or over a limit
   */
  takeOver(news: SharedState): Promise<number> {
    const { queue, state, nowUnixMs, maxSilences, maxEntries, commit } = this.#parts;
    return queue.run(async () => {
      const limits = { unixMs: nowUnixMs(), maxSilences, maxEntries };
      const { records, refused } = newsFrom(news, state(), limits);
      if (records.length > 0) await commit(records);
      return refused;
    });
  }

  /** Notes that a notification arrived, for other instances. */
  noteTold(integration: string, notification: Notification): Promise<void> {
    const { queue, log, state, commit, commitInMemory } = this.#parts;
    return queue.run(async () => {
      const entry = entryOf(integration, notification, state());
      if (entry === undefined) return;
      const records = [{ kind: 'told', entries: [entry] } as const];
      try {
        await commit(records);
      } catch (error) {
        // It was told, whether that can be written or not.
        commitInMemory(records);
        log.error({ err: error }, 'alert pipeline could not store what was told');
      }
    });
  }

  /** Whether receivers know already, from this instance or another, all that a notification tells. */
  isToldByAny(integration: string, notification: Notification): Promise<boolean> {
    const { queue, state } = this.#parts;
    return queue.run(async () => isTold(integration, notification, state()));
  }
}
