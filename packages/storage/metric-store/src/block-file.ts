import { CorruptionError } from '@dwcp/core';
import { type FileSystem, type OpenFile } from '@dwcp/segments';

import {
  type BlockFooter,
  type BlockIndex,
  type BlockVersion,
  checkHeader,
  decodeFooter,
  decodeIndex,
  FOOTER_BYTES,
  type GroupPlace,
  HEADER_BYTES,
  unwrap,
} from './block-format.ts';
import { openEnvelope } from './group.ts';

/** What reading a block asks of a file system. */
export interface BlockFiles extends Pick<FileSystem, 'remove'> {
  open(path: string, mode: 'read'): Promise<OpenBlockFile>;
}

export type OpenBlockFile = Pick<OpenFile, 'size' | 'read' | 'close'>;

/** A block file, open for reading; it can be removed while it is read. */
export class BlockFile {
  readonly path: string;
  readonly version: BlockVersion;
  readonly footer: BlockFooter;
  readonly sizeBytes: number;
  readonly #fileSystem: BlockFiles;
  readonly #file: OpenBlockFile;
  #readers = 0;
  #isRetired = false;
  #pins = 0;
  #isUnwanted = false;

  private constructor(
    fileSystem: BlockFiles,
    path: string,
    file: OpenBlockFile,
    known: {
      readonly version: BlockVersion;
      readonly footer: BlockFooter;
      readonly sizeBytes: number;
    },
  ) {
    this.#fileSystem = fileSystem;
    this.path = path;
    this.#file = file;
    this.version = known.version;
    this.footer = known.footer;
    this.sizeBytes = known.sizeBytes;
  }

  /** @throws CorruptionError when header or footer are damaged */
  static async open(fileSystem: BlockFiles, path: string): Promise<BlockFile> {
    const file = await fileSystem.open(path, 'read');
    try {
      const sizeBytes = await file.size();
      const header = await readRange(file, 0, Math.min(HEADER_BYTES, sizeBytes));
      const version = checkHeader(path, header);
      const footerAt = Math.max(0, sizeBytes - FOOTER_BYTES[version]);
      const last = await readRange(file, footerAt, sizeBytes - footerAt);
      const footer = decodeFooter(path, footerAt, last, version);
      if (footer.indexOffset + footer.indexBytes !== footerAt) {
        throw new CorruptionError(path, footerAt, 'the block was cut or lengthened');
      }
      return new BlockFile(fileSystem, path, file, { version, footer, sizeBytes });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** @throws CorruptionError */
  async readIndex(): Promise<BlockIndex> {
    const { indexOffset, indexBytes } = this.footer;
    const raw = await this.#readRaw({ position: indexOffset, sizeBytes: indexBytes });
    const index = decodeIndex(raw);
    const last = index.groups.at(-1);
    const end = last === undefined ? HEADER_BYTES : last.position + last.sizeBytes;
    if (end === indexOffset) return index;
    throw new CorruptionError(this.path, indexOffset, 'the groups do not end where the index is');
  }

  /**
   * A group as it stands in the file, its checksum verified.
   * @throws CorruptionError
   */
  async readGroup({ position, sizeBytes }: GroupPlace): Promise<Uint8Array> {
    const bytes = await readRange(this.#file, position, sizeBytes);
    unwrap(this.path, position, bytes);
    return bytes;
  }

  /**
   * The chunks of a group.
   * @throws CorruptionError
   */
  readRawGroup(place: GroupPlace): Promise<Uint8Array> {
    return this.#readRaw(place);
  }

  /** Keeps the file open until the matching `release`, also when it is retired meanwhile. */
  acquire(): void {
    this.#readers++;
  }

  async release(): Promise<void> {
    this.#readers--;
    if (this.#isRetired && this.#readers === 0) await this.#file.close();
  }

  /** Closes the file as soon as nobody reads it. */
  async retire(): Promise<void> {
    if (this.#isRetired) return;
    this.#isRetired = true;
    if (this.#readers === 0) await this.#file.close();
  }

  /** Keeps the file under its name until the matching `unpin`. */
  pin(): void {
    this.#pins++;
  }

  async unpin(): Promise<void> {
    this.#pins--;
    if (this.#isUnwanted && this.#pins === 0) await this.#fileSystem.remove(this.path);
  }

  /** Closes and removes the file. Readers of before go on reading. */
  async remove(): Promise<void> {
    await this.retire();
    this.#isUnwanted = true;
    if (this.#pins === 0) await this.#fileSystem.remove(this.path);
  }

  async #readRaw({ position, sizeBytes }: GroupPlace): Promise<Uint8Array> {
    const bytes = await readRange(this.#file, position, sizeBytes);
    return openEnvelope(this.path, position, bytes);
  }
}

export async function readRange(
  file: Pick<OpenFile, 'read'>,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, await file.read(bytes, position));
}
