import { constants } from 'node:fs';
import { type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises';

import { makeDirectory } from './make-directory.ts';

/** A file that is open. Positions and sizes are in bytes. */
export interface OpenFile {
  size(): Promise<number>;
  /** Fills the target from the position on; fewer bytes only at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Writes all bytes or rejects; when it rejects, some of them may have been written. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Asks the disk to keep the data (fdatasync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What the stores ask of a file system; small, so that tests can let any call fail or stop half way. */
export interface FileSystem {
  /** With its parents; nothing happens when it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Names in the directory, sorted. */
  list(path: string): Promise<readonly string[]>;
  /** `create` empties an existing file; `read` and `modify` want one. */
  open(path: string, mode: 'read' | 'modify' | 'create'): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** A second name for a file. */
  link(from: string, to: string): Promise<void>;
  /** Nothing happens when there is no such file. */
  remove(path: string): Promise<void>;
  /** With all that is in it; nothing happens when there is no such directory. */
  removeDirectory(path: string): Promise<void>;
  /** Asks the disk to keep what was created, renamed and removed in the directory. */
  syncDirectory(path: string): Promise<void>;
}

/** The file system of the machine. */
export const nodeFileSystem: FileSystem = {
  makeDirectory,
  list: async (path) => (await readdir(path)).toSorted(),
  open: async (path, mode) => new NodeFile(await open(path, flags[mode])),
  rename,
  link,
  remove: (path) => rm(path, { force: true }),
  removeDirectory: (path) => rm(path, { force: true, recursive: true }),
  async syncDirectory(path) {
    const handle = await open(path, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

const flags = { read: 'r', modify: 'r+', create: 'w+' } as const;

class NodeFile implements OpenFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const left = target.length - done;
      const { bytesRead } = await this.#handle.read(target, done, left, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const left = bytes.length - done;
      const { bytesWritten } = await this.#handle.write(bytes, done, left, position + done);
      done += bytesWritten;
    }
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size);
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
