import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { CorruptionError } from '@dwcp/core';

import { encodeEnvelope, lengthOf, STORED_TAIL, unwrap } from './block-format.ts';
import { ByteWriter } from './bytes.ts';

/** Raw bytes of a group; one is read and decompressed as a whole. */
const GROUP_BYTES = 64 * 1024;

/**
 * A run of chunks that is being filled, and its tail: what in chunks is pure chance, such as the noise of
 * scrape times. Among other bytes that would spoil the codes that zstd finds for them, so the tail is
 * stored as it is.
 */
export class GroupWriter {
  readonly bytes = new ByteWriter(GROUP_BYTES + 16 * 1024);
  /** Its bytes stand in the group in the opposite order: a place in it is counted from the group's end. */
  readonly tail = new ByteWriter(1024);
  /** Valid while there are bytes. */
  number = 0;

  get isEmpty(): boolean {
    return this.bytes.length === 0;
  }

  get isFull(): boolean {
    return this.bytes.length + this.tail.length >= GROUP_BYTES;
  }

  /** The group in its envelope; empty from then on. */
  take(): Uint8Array {
    const compressed = zstdCompressSync(this.bytes.view());
    const rawLength = this.bytes.length + this.tail.length;
    const parts: Uint8Array[] = [compressed];
    if (this.tail.length > 0) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(compressed.length);
      parts.unshift(length);
      parts.push(this.tail.copy().reverse());
    }
    const flags = this.tail.length > 0 ? STORED_TAIL : 0;
    const wrapped = Buffer.concat([encodeEnvelope(parts, rawLength, flags), ...parts]);
    this.bytes.clear();
    this.tail.clear();
    return wrapped;
  }
}

/**
 * The raw bytes of a group, or of an index, without its envelope.
 * @throws CorruptionError
 */
export function openEnvelope(path: string, position: number, wrapped: Uint8Array): Uint8Array {
  const { content, rawLength, hasTail } = unwrap(path, position, wrapped);
  try {
    if (!hasTail) return ownMemory(decompress(content, rawLength));
    const end = 4 + content.readUInt32LE(0);
    const raw = decompress(content.subarray(4, end), rawLength);
    const tail = content.subarray(end);
    if (lengthOf([raw, tail]) !== rawLength) throw new RangeError('its length is another');
    return Buffer.concat([raw, tail]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CorruptionError(path, position, `what is stored cannot be read: ${reason}`);
  }
}

function decompress(compressed: Uint8Array, rawLength: number): Uint8Array {
  return zstdDecompressSync(compressed, { maxOutputLength: Math.max(1, rawLength) });
}

/** zlib gives a view of 64 KiB at least, and groups are kept. */
function ownMemory(raw: Uint8Array): Uint8Array {
  return raw.buffer.byteLength > raw.length * 2 ? new Uint8Array(raw) : raw;
}
