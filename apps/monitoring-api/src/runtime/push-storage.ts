import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { BackendError, CorruptionError, type Log } from '@dwcp/core';
import {
  groupingKeyOf,
  type LabelPair,
  type PushGroup,
  type PushStorage,
} from '@dwcp/metrics-collector';
import {
  crc32c,
  type FileSystem,
  isTemporaryFile,
  nodeFileSystem,
  readWholeFile,
  writeFileAtomically,
} from '@dwcp/segments';

export interface FilePushStorageOptions {
  /** Made when it is not there. */
  readonly dir: string;
  readonly log: Log;
  readonly fileSystem?: FileSystem;
}

const SUFFIX = '.group';
const DAMAGED = '.damaged';
const TITLE = 'dwcp push group';
const VERSION = 1;
/** The title, the format's version, and the CRC-32C of all that follows the line. */
const HEADER = /^dwcp push group (\d+) ([0-9a-f]{8})\n/;

/** Where a group has numbers; JSON has neither NaN nor infinities nor a negative zero. */
const NUMBER_FIELDS = new Set(['value', 'sum', 'count']);

/**
 * One file per group, replaced atomically and synced at each push: what was answered survives
 * `kill -9` and a power cut. A file is called by the first 32 hexadecimal digits of the SHA-256 of
 * its group's key; it holds the header line, then the group as JSON.
 */
export class FilePushStorage implements PushStorage {
  readonly #dir: string;
  readonly #log: Log;
  readonly #files: FileSystem;

  constructor({ dir, log, fileSystem = nodeFileSystem }: FilePushStorageOptions) {
    this.#dir = dir;
    this.#log = log.child({ module: 'push-storage' });
    this.#files = fileSystem;
  }

  async load(): Promise<readonly PushGroup[]> {
    return await this.#attempt('read', async () => {
      await this.#files.makeDirectory(this.#dir);
      const groups: PushGroup[] = [];
      for (const name of await this.#files.list(this.#dir)) {
        const path = join(this.#dir, name);
        if (isTemporaryFile(name)) await this.#files.remove(path);
        else if (name.endsWith(SUFFIX)) await this.#loadOne(path, groups);
      }
      return groups;
    });
  }

  async save(group: PushGroup): Promise<void> {
    const bytes = encodePushGroup(group);
    await this.#attempt('write', () =>
      writeFileAtomically(this.#files, this.#pathOf(group.labels), (file) => file.write(bytes, 0)),
    );
  }

  async remove(labels: readonly LabelPair[]): Promise<void> {
    await this.#attempt('remove', async () => {
      await this.#files.remove(this.#pathOf(labels));
      await this.#files.syncDirectory(this.#dir);
    });
  }

  async #loadOne(path: string, groups: PushGroup[]): Promise<void> {
    const bytes = await readWholeFile(this.#files, path);
    try {
      groups.push(decodePushGroup(bytes, path));
    } catch (err) {
      if (!(err instanceof CorruptionError)) throw err;
      this.#log.error({ err, path, keptAs: path + DAMAGED }, 'a pushed group is damaged');
      await this.#files.rename(path, path + DAMAGED);
    }
  }

  #pathOf(labels: readonly LabelPair[]): string {
    const { key } = groupingKeyOf(labels);
    const name = createHash('sha256').update(key).digest('hex').slice(0, 32);
    return join(this.#dir, name + SUFFIX);
  }

  async #attempt<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof BackendError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `could not ${what} pushed groups: ${why}`;
      throw new BackendError('push storage', message, { cause, retryable: true });
    }
  }
}

/** A group as its file has it. */
export function encodePushGroup(group: PushGroup): Uint8Array {
  const json = JSON.stringify(group, (_key, value: unknown) =>
    typeof value === 'number' && !isPlain(value) ? numberText(value) : value,
  );
  const body = Buffer.from(json, 'utf8');
  const crc = crc32c(body).toString(16).padStart(8, '0');
  return Buffer.concat([Buffer.from(`${TITLE} ${VERSION} ${crc}\n`, 'latin1'), body]);
}

/**
 * @param path for the error
 * @throws CorruptionError when it is not what was written
 * @throws BackendError when a later version wrote it
 */
export function decodePushGroup(bytes: Uint8Array, path: string): PushGroup {
  const head = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  const [line, version, crc] = HEADER.exec(head) ?? [];
  if (line === undefined) throw new CorruptionError(path, 0, 'the header line is damaged');
  if (Number(version) !== VERSION) {
    const message = `${path} has format version ${version}, this server reads ${VERSION}`;
    throw new BackendError('push storage', message, { retryable: false });
  }
  const body = bytes.subarray(line.length);
  if (crc32c(body) !== Number.parseInt(crc ?? '', 16)) {
    throw new CorruptionError(path, line.length, 'the checksum does not match');
  }
  // What carries our checksum is what we wrote.
  return JSON.parse(Buffer.from(body).toString('utf8'), reviveNumbers) as PushGroup;
}

/** Strings stand for numbers in a few fields, and in points, the arrays that begin with a number. */
function reviveNumbers(key: string, value: unknown): unknown {
  if (typeof value === 'string' && NUMBER_FIELDS.has(key)) return Number(value);
  if (key !== 'points' || !Array.isArray(value)) return value;
  return value.map((point: readonly unknown[]) =>
    point.map((part) => (typeof part === 'string' ? Number(part) : part)),
  );
}

const isPlain = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0);

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
