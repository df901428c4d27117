/**
 * Decompressed groups of blocks, the least recently used ones dropped above a limit of bytes. A view
 * counts with all the memory it keeps.
 */
export class GroupCache {
  readonly #limitBytes: number;
  readonly #groups = new Map<number, Uint8Array>();
  #sizeBytes = 0;
  /** The group used last: the next chunk that is asked for mostly is in it too. */
  #last: { readonly key: number; readonly bytes: Uint8Array } | undefined;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get(key: number): Uint8Array | undefined {
    if (this.#last?.key === key) return this.#last.bytes;
    const bytes = this.#groups.get(key);
    if (bytes === undefined) return undefined;
    this.#last = { key, bytes };
    // A Map keeps the order of insertion: the first key is the one unused for longest.
    this.#groups.delete(key);
    this.#groups.set(key, bytes);
    return bytes;
  }

  put(key: number, bytes: Uint8Array): void {
    this.#sizeBytes += keptBytes(bytes) - keptBytes(this.#groups.get(key));
    this.#groups.set(key, bytes);
    this.#last = undefined;
    for (const [oldest, group] of this.#groups) {
      if (this.#sizeBytes <= this.#limitBytes) break;
      this.#groups.delete(oldest);
      this.#sizeBytes -= keptBytes(group);
    }
  }
}

function keptBytes(bytes: Uint8Array | undefined): number {
  return bytes?.buffer.byteLength ?? 0;
}
