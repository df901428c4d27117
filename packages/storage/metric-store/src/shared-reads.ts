import { type MessagePort } from 'node:worker_threads';

import { packError, type Log, type SeriesQuery } from '@dwcp/core';

import { KnownByReader } from './shared-known.ts';
import {
  type DamagedGroup,
  type SharedSelection,
  type ToReader,
  type ToStore,
} from './shared-message.ts';
import { type SharedPins } from './shared-selection.ts';

/** Pins what a selection needs, and writes down where it is. */
export type ShareSelection = (
  query: SeriesQuery,
  known: KnownByReader,
) => Promise<{ readonly pins: SharedPins; readonly selection: SharedSelection }>;

export interface SharedReadsOptions {
  readonly share: ShareSelection;
  readonly log: Log;
  readonly onClose: (reads: SharedReads) => void;
}

/** Answers one reader on another thread; its other end is SharedStoreReader. */
export class SharedReads implements AsyncDisposable {
  readonly #port: MessagePort;
  readonly #options: SharedReadsOptions;
  readonly #known = new KnownByReader();
  readonly #open = new Map<number, SharedPins>();
  /** Settles as the last selection asked for is sent: what is known allows one at a time. */
  #sending: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(port: MessagePort, options: SharedReadsOptions) {
    this.#port = port;
    this.#options = options;
    port.on('message', (message: ToStore) => this.#receive(message));
    // Who reads keeps the process alive, not who could.
    port.unref();
  }

  /** Selections that are being read at the moment. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Gives everything free, for the reader has ended: it must not run any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.close();
    await this.#sending;
    await Promise.all([...this.#open.keys()].map((id) => this.#release(id, [])));
    this.#options.onClose(this);
  }

  #receive(message: ToStore): void {
    if (message.kind === 'select') {
      this.#sending = this.#sending.then(() => this.#send(message.id, message.query));
    } else {
      void this.#release(message.id, message.damaged);
    }
  }

  async #send(id: number, query: SeriesQuery): Promise<void> {
    if (this.#isClosed) return;
    try {
      const { pins, selection } = await this.#options.share(query, this.#known);
      this.#open.set(id, pins);
      if (!this.#isClosed) this.#post({ kind: 'selected', id, selection }, buffersOf(selection));
    } catch (error) {
      this.#known.forget();
      if (!this.#isClosed) this.#post({ kind: 'failed', id, error: packError(error) });
    }
  }

  async #release(id: number, damaged: readonly DamagedGroup[]): Promise<void> {
    const pins = this.#open.get(id);
    if (pins === undefined) return;
    try {
      // What is damaged for the reader is looked at here too, which counts it and tells of it.
      for (const { block, group } of damaged) {
        await pins.blocks[block]?.readGroup(group).catch(() => undefined);
      }
      this.#open.delete(id);
      await pins.release();
    } catch (err) {
      this.#options.log.warn({ err }, 'the next start removes a block file');
    }
  }

  #post(message: ToReader, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

/** What changes its owner on the way. */
function buffersOf(selection: SharedSelection): readonly ArrayBuffer[] {
  const { series, blockRowEnds, blockRows, deleted, headRowEnds, headRows, encoded } = selection;
  const columns = [series, blockRowEnds, blockRows, deleted, headRowEnds, headRows, encoded];
  return [...columns.map(({ buffer }) => buffer), selection.open].flatMap((buffer) =>
    buffer instanceof ArrayBuffer && buffer.byteLength > 0 ? [buffer] : [],
  );
}
