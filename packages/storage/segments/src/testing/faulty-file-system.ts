import { type FileSystem, type OpenFile } from '../file-system.ts';

export type FileOperation =
  | 'open'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'rename'
  | 'link'
  | 'remove'
  | 'removeDirectory'
  | 'syncDirectory';

/**
 * What happens to an operation: it works; it fails and changes nothing; it fails half way (a write
 * leaves half its bytes); or the process ends there, half way, so that every later call fails too.
 */
export type Fate = 'work' | 'fail' | 'half' | 'crash';

/** A file system for tests whose operations fail as planned. What it did stays on the real one. */
export class FaultyFileSystem implements FileSystem {
  readonly #real: FileSystem;
  readonly #plan: (operation: FileOperation, path: string, index: number) => Fate;
  #count = 0;
  #crashed = false;

  /** @param plan asked before each operation that changes something; `index` counts them from 0 */
  constructor(
    real: FileSystem,
    plan: (operation: FileOperation, path: string, index: number) => Fate,
  ) {
    this.#real = real;
    this.#plan = plan;
  }

  /** How many operations there were. */
  get operationCount(): number {
    return this.#count;
  }

  makeDirectory(path: string): Promise<void> {
    return this.#real.makeDirectory(path);
  }

  list(path: string): Promise<readonly string[]> {
    return this.#real.list(path);
  }

  async open(path: string, mode: 'read' | 'modify' | 'create'): Promise<OpenFile> {
    if (mode === 'create') await this.#face('open', path);
    const file = await this.#real.open(path, mode);
    return {
      size: () => file.size(),
      read: (target, position) => file.read(target, position),
      write: (bytes, position) =>
        this.#face(
          'write',
          path,
          () => file.write(bytes, position),
          () => file.write(bytes.subarray(0, bytes.length >> 1), position),
        ),
      truncate: (size) => this.#face('truncate', path, () => file.truncate(size)),
      sync: () => this.#face('sync', path, () => file.sync()),
      close: () => file.close(),
    };
  }

  rename(from: string, to: string): Promise<void> {
    return this.#face('rename', to, () => this.#real.rename(from, to));
  }

  link(from: string, to: string): Promise<void> {
    return this.#face('link', to, () => this.#real.link(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#face('remove', path, () => this.#real.remove(path));
  }

  removeDirectory(path: string): Promise<void> {
    return this.#face('removeDirectory', path, () => this.#real.removeDirectory(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#face('syncDirectory', path, () => this.#real.syncDirectory(path));
  }

  async #face(
    operation: FileOperation,
    path: string,
    whole: () => Promise<void> = () => Promise.resolve(),
    half: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    if (this.#crashed) throw new Error('the process is gone');
    const fate = this.#plan(operation, path, this.#count++);
    if (fate === 'work') return whole();
    if (fate === 'crash') this.#crashed = true;
    if (fate !== 'fail') await half();
    throw Object.assign(new Error(`ENOSPC: no space left on device, ${operation} ${path}`), {
      code: 'ENOSPC',
    });
  }
}
