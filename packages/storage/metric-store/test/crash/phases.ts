// A file system that tells what the store is at, and that can be slow at one chosen call.
import { setTimeout as pause } from 'node:timers/promises';

import { type FileSystem, nodeFileSystem, type OpenFile } from '@dwcp/segments';

/** What the store does to files, as far as a name tells. */
export const filePhases = [
  'log write',
  'log removal',
  'exemplars',
  'seal',
  'merge',
  'downsample',
  'rewrite',
  'manifest',
  'tombstones',
  'replaced block',
  'retention',
  'snapshot',
] as const;

export type FilePhase = (typeof filePhases)[number];

/** A call to be slow at: the n-th of its phase, before it, after it, or a write half way. */
export interface Target {
  readonly phase: FilePhase;
  readonly nth: number;
  readonly side: 'before' | 'half' | 'after';
}

/** Longer than the parent needs to kill. */
const STALL_MS = 40;

export class PhasedFileSystem implements FileSystem {
  readonly #target: Target | undefined;
  readonly #say: (line: string) => void;
  readonly #active = new Map<FilePhase, number>();
  /** First and last number of blocks that were written in the place of others. */
  readonly #written: (readonly [first: number, last: number])[] = [];
  #seen = 0;

  /** @param say gets `p <phases>` at each change of them, and `hit <phase>` at the target */
  constructor(target: Target | undefined, say: (line: string) => void) {
    this.#target = target;
    this.#say = say;
  }

  makeDirectory(path: string): Promise<void> {
    return this.#during(phaseOf(path), () => nodeFileSystem.makeDirectory(path));
  }

  list(path: string): Promise<readonly string[]> {
    return nodeFileSystem.list(path);
  }

  async open(path: string, mode: 'read' | 'modify' | 'create'): Promise<OpenFile> {
    const phase = mode === 'create' ? phaseOf(path) : undefined;
    // Until it is renamed or removed.
    if (phase !== undefined && path.endsWith('.tmp')) this.#enter(phase);
    if (phase === 'merge' || phase === 'rewrite') this.#written.push(sequencesOf(path));
    const file = await this.#at(phase, () => nodeFileSystem.open(path, mode));
    return phase === undefined ? file : this.#wrap(file, phase);
  }

  async rename(from: string, to: string): Promise<void> {
    const phase = phaseOf(from);
    await this.#at(phase, () => nodeFileSystem.rename(from, to));
    // The directory of a snapshot was not opened.
    if (phase !== undefined && !/\/snapshots\/[^/]+$/.test(from)) this.#leave(phase);
  }

  link(from: string, to: string): Promise<void> {
    return this.#during(phaseOf(to), () => nodeFileSystem.link(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#during(this.#removalOf(path), () => nodeFileSystem.remove(path));
  }

  removeDirectory(path: string): Promise<void> {
    return nodeFileSystem.removeDirectory(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#during(phaseOf(path), () => nodeFileSystem.syncDirectory(path));
  }

  #wrap(file: OpenFile, phase: FilePhase): OpenFile {
    return {
      size: () => file.size(),
      read: (target, position) => file.read(target, position),
      write: (bytes, position) =>
        this.#at(
          phase,
          () => file.write(bytes, position),
          () => file.write(bytes.subarray(0, bytes.length / 2), position),
        ),
      truncate: (size) => file.truncate(size),
      sync: () => this.#at(phase, () => file.sync()),
      close: () => file.close(),
    };
  }

  #removalOf(path: string): FilePhase | undefined {
    if (path.endsWith('.wal')) return 'log removal';
    if (!path.endsWith('.block')) return undefined;
    const [first, last] = sequencesOf(path);
    const isReplaced = this.#written.some(([from, to]) => from <= first && to >= last);
    return isReplaced ? 'replaced block' : 'retention';
  }

  async #during<T>(phase: FilePhase | undefined, call: () => Promise<T>): Promise<T> {
    if (phase === undefined || phase === 'log write') return this.#at(phase, call);
    this.#enter(phase);
    try {
      return await this.#at(phase, call);
    } finally {
      this.#leave(phase);
    }
  }

  async #at<T>(
    phase: FilePhase | undefined,
    call: () => Promise<T>,
    half?: () => Promise<void>,
  ): Promise<T> {
    const target = this.#target;
    if (target === undefined || phase !== target.phase || this.#seen++ !== target.nth) {
      return call();
    }
    if (target.side === 'half') await half?.();
    const stall = (): Promise<void> => {
      this.#say(`hit ${phase}`);
      return pause(STALL_MS);
    };
    if (target.side !== 'after') {
      await stall();
      return call();
    }
    const done = await call();
    await stall();
    return done;
  }

  #enter(phase: FilePhase): void {
    this.#active.set(phase, (this.#active.get(phase) ?? 0) + 1);
    this.#tell();
  }

  #leave(phase: FilePhase): void {
    const count = (this.#active.get(phase) ?? 1) - 1;
    if (count === 0) this.#active.delete(phase);
    else this.#active.set(phase, count);
    this.#tell();
  }

  #tell(): void {
    this.#say(`p ${[...this.#active.keys()].join('+')}`);
  }
}

function phaseOf(path: string): FilePhase | undefined {
  if (path.includes('/snapshots')) return 'snapshot';
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name.endsWith('.wal')) return 'log write';
  if (name === 'exemplars.tmp') return 'exemplars';
  if (name === 'manifest.tmp') return 'manifest';
  if (name === 'tombstones.tmp') return 'tombstones';
  if (!name.endsWith('.block.tmp')) return undefined;
  if (/\.r\d+\.block/.test(name)) return 'rewrite';
  if (/\.\d+s\.block/.test(name)) return 'downsample';
  const [first, last] = sequencesOf(path);
  return first === last ? 'seal' : 'merge';
}

function sequencesOf(path: string): readonly [first: number, last: number] {
  const [, first, last] = /(\d{8,10})-(\d{8,10})[^/]*$/.exec(path) ?? [];
  return [Number(first), Number(last)];
}
