import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** A file of /proc bigger than this is not read to its end. */
const MAX_SIZE_BYTES = 8 * 1024 * 1024;

/**
 * Reads files of /proc or /sys: kernel memory, never a disk, so reading them synchronously into one
 * kept buffer is the cheapest way and does not block.
 */
export class ProcReader {
  readonly #root: string;
  readonly #paths = new Map<string, string>();
  #buffer = Buffer.allocUnsafe(32 * 1024);

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * @param path below the root, as in `net/dev`
   * @throws Error of node:fs, such as ENOENT where the kernel or the container lacks the file
   */
  read(path: string, encoding: 'latin1' | 'utf8' = 'latin1'): string {
    let full = this.#paths.get(path);
    if (full === undefined) this.#paths.set(path, (full = join(this.#root, path)));
    const fd = openSync(full, 'r');
    try {
      let size = 0;
      // Such files come in pieces, and a short read is not the end of one.
      for (;;) {
        if (size === this.#buffer.length) {
          if (size >= MAX_SIZE_BYTES) break;
          const bigger = Buffer.allocUnsafe(size * 2);
          this.#buffer.copy(bigger);
          this.#buffer = bigger;
        }
        const got = readSync(fd, this.#buffer, size, this.#buffer.length - size, null);
        if (got === 0) break;
        size += got;
      }
      return this.#buffer.toString(encoding, 0, size);
    } finally {
      closeSync(fd);
    }
  }

  /** The words of a one-line file, or of each line. */
  words(path: string): readonly string[] {
    return this.read(path).trim().split(/\s+/);
  }
}
