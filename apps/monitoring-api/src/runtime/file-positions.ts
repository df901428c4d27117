import { join } from 'node:path';

import { BackendError, type FeedPosition, type Log } from '@dwcp/core';
import { type PositionStore } from '@dwcp/metrics-forwarder';
import { crc32c, nodeFileSystem, readWholeFile, writeFileAtomically } from '@dwcp/segments';

/**
 * How far each destination of remote write got: one small file each, replaced atomically. It holds
 * the position in the store's log as text, and its CRC-32C in hexadecimal.
 */
export class FilePositions implements PositionStore {
  readonly #dir: string;
  readonly #log: Log;

  constructor({ dir, log }: { readonly dir: string; readonly log: Log }) {
    this.#dir = dir;
    this.#log = log;
  }

  async load(name: string): Promise<FeedPosition | undefined> {
    await nodeFileSystem.makeDirectory(this.#dir);
    try {
      const text = Buffer.from(await readWholeFile(nodeFileSystem, this.#path(name))).toString();
      const [position = ''] = text.split(' ', 1);
      if (text === lineOf(position)) return position;
      this.#log.warn({ destination: name }, 'a stored position is damaged: sending from now on');
      return undefined;
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
      throw this.#error('read', name, cause);
    }
  }

  async save(name: string, position: FeedPosition): Promise<void> {
    try {
      await writeFileAtomically(nodeFileSystem, this.#path(name), (file) =>
        file.write(Buffer.from(lineOf(position)), 0),
      );
    } catch (cause) {
      throw this.#error('write', name, cause);
    }
  }

  /** Names are letters, digits, dots, hyphens and underscores: the configuration sees to it. */
  #path(name: string): string {
    return join(this.#dir, `${name}.position`);
  }

  #error(what: string, name: string, cause: unknown): BackendError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot ${what} the position of ${name}: ${reason}`;
    return new BackendError('remote write', message, { retryable: true, cause });
  }
}

function lineOf(position: FeedPosition): string {
  const checksum = crc32c(Buffer.from(position)).toString(16).padStart(8, '0');
  return `${position} ${checksum}\n`;
}
