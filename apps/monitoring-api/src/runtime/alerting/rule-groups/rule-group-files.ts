import { join } from 'node:path';

import { BackendError, type Log } from '@dwcp/core';
import {
  type FileSystem,
  isTemporaryFile,
  linkOrCopy,
  nodeFileSystem,
  readWholeFile,
  writeFileAtomically,
} from '@dwcp/segments';

import { RULE_GROUP_NAME } from './rule-group-file.ts';

const SUFFIX = '.yml';
/** The file as it was before a change that is under way. */
const BEFORE = '.before';

/** A file that was found. */
export interface FoundRuleGroupFile {
  readonly name: string;
  readonly path: string;
  /** What is in it, or why it cannot be read. */
  readonly text: string | Error;
  /** What was in it before a change that was under way when the last process ended. */
  readonly before?: string;
}

/** A change that is on disk. */
export interface WrittenRuleGroupFile {
  /** Makes it final. What that leaves behind goes away with the next start. */
  keep(): Promise<void>;
  /** Puts back what was there; needs no space on disk. @throws what the file system threw */
  undo(): Promise<void>;
}

/** The folder of managed rule groups: one file for each. */
export class RuleGroupFiles {
  readonly #dir: string;
  readonly #fileSystem: FileSystem;
  readonly #log: Log;

  constructor(options: {
    readonly dir: string;
    readonly log: Log;
    readonly fileSystem?: FileSystem | undefined;
  }) {
    this.#dir = options.dir;
    this.#fileSystem = options.fileSystem ?? nodeFileSystem;
    this.#log = options.log;
  }

  pathOf(name: string): string {
    return join(this.#dir, name + SUFFIX);
  }

  /** Makes the folder when it is missing. @throws what the file system threw when it cannot be read */
  async readAll(): Promise<readonly FoundRuleGroupFile[]> {
    await this.#fileSystem.makeDirectory(this.#dir);
    const names = await this.#fileSystem.list(this.#dir);
    const found: FoundRuleGroupFile[] = [];
    for (const file of names) {
      if (file.endsWith(BEFORE) || isTemporaryFile(file)) continue;
      const name = file.slice(0, -SUFFIX.length);
      if (!file.endsWith(SUFFIX) || !RULE_GROUP_NAME.test(name)) {
        this.#log.warn({ file: join(this.#dir, file) }, 'no file of a rule group, left out');
        continue;
      }
      const path = this.pathOf(name);
      const text = await this.#read(path);
      const before = names.includes(file + BEFORE) ? await this.#read(path + BEFORE) : undefined;
      found.push({ name, path, text, ...(typeof before === 'string' ? { before } : {}) });
    }
    return found;
  }

  async #read(path: string): Promise<string | Error> {
    try {
      return Buffer.from(await readWholeFile(this.#fileSystem, path)).toString();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Removes what changes left that were cut short. */
  async sweep(): Promise<void> {
    try {
      const names = await this.#fileSystem.list(this.#dir);
      for (const name of names) {
        if (!name.endsWith(BEFORE) && !isTemporaryFile(name)) continue;
        await this.#fileSystem.remove(join(this.#dir, name));
      }
    } catch (err) {
      this.#log.warn({ err, dir: this.#dir }, 'left-over files could not be removed');
    }
  }

  /**
   * Writes a file, durable when it resolves.
   * @throws BackendError, retryable, with the file as it was before
   */
  async write(name: string, text: string): Promise<WrittenRuleGroupFile> {
    const path = this.pathOf(name);
    const before = path + BEFORE;
    const fileSystem = this.#fileSystem;
    let existed = false;
    const undo = async (): Promise<void> => {
      if (existed) await fileSystem.rename(before, path);
      else await fileSystem.remove(path);
      await fileSystem.syncDirectory(this.#dir);
      // Two names of one file are not renamed to one.
      await fileSystem.remove(before);
    };
    let isChanging = false;
    try {
      await fileSystem.remove(before);
      existed = (await fileSystem.list(this.#dir)).includes(name + SUFFIX);
      if (existed) await linkOrCopy(fileSystem, path, before);
      isChanging = true;
      await writeFileAtomically(fileSystem, path, (file) => file.write(Buffer.from(text), 0));
    } catch (cause) {
      // It may have failed with the new file in place already.
      if (isChanging) await undo().catch((err: unknown) => this.#couldNotUndo(name, err));
      throw notSaved(name, cause);
    }
    return {
      undo,
      keep: async () => {
        await fileSystem.remove(before).catch((err: unknown) => {
          this.#log.warn({ err, file: before }, 'left-over files could not be removed');
        });
      },
    };
  }

  #couldNotUndo(name: string, err: unknown): void {
    this.#log.error(
      { err, group: name },
      'a rule group was not put back on disk; the next start may find the change there',
    );
  }

  /** Takes the file of a group away whose end is on record. */
  async remove(name: string): Promise<void> {
    try {
      await this.#fileSystem.remove(this.pathOf(name));
      await this.#fileSystem.syncDirectory(this.#dir);
    } catch (err) {
      this.#log.warn({ err, group: name }, 'the file of a deleted rule group was not removed');
    }
  }
}

/** A group is as it was, for its change did not get to the disk. */
export function notSaved(name: string, cause: unknown): BackendError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `the rule group ${JSON.stringify(name)} was not changed: ${reason}`;
  return new BackendError('alerting', message, { retryable: true, cause });
}
