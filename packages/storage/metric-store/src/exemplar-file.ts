import { join } from 'node:path';

import { CorruptionError, type Labels } from '@dwcp/core';
import { crc32c, type FileSystem, readWholeFile, writeFileAtomically } from '@dwcp/segments';

import { laterVersion } from './block-format.ts';
import { type ExemplarTable } from './exemplar-table.ts';
import { type SeriesTable } from './series-table.ts';
import { Turns } from './turns.ts';
import { decodeRecord, encodeExemplarsAlone } from './wal-record.ts';

// The exemplars outlive the log segments they came in: they are saved whenever a block is written.
// The layout is described in docs/formats/metric-block.md.

const NAME = 'exemplars';
const MAGIC = 'DWCPEXMP';
const VERSION = 1;
const HEADER_BYTES = 20;
/** Rows written between two turns of the event loop. */
const ROWS_PER_TURN = 2_000;

export async function saveExemplars(
  fileSystem: FileSystem,
  dir: string,
  table: SeriesTable,
  exemplars: ExemplarTable,
): Promise<void> {
  const rows = exemplars.rows();
  if (rows.length === 0) return;
  const payload = await encodeExemplarsAlone(table, rows, new Turns(ROWS_PER_TURN));
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 'latin1');
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(payload.length, 12);
  header.writeUInt32LE(crc32c(payload, crc32c(header.subarray(0, 16))), 16);
  await writeFileAtomically(fileSystem, join(dir, NAME), (file) =>
    file.write(Buffer.concat([header, payload]), 0),
  );
}

/** @throws CorruptionError; BackendError for a later format version */
export async function readExemplars(
  fileSystem: FileSystem,
  dir: string,
  table: SeriesTable,
  exemplars: ExemplarTable,
): Promise<void> {
  const path = join(dir, NAME);
  // What a crash cut short.
  await fileSystem.remove(`${path}.tmp`);
  let bytes: Uint8Array;
  try {
    bytes = await readWholeFile(fileSystem, path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(HEADER_BYTES, bytes.length));
  const payload = bytes.subarray(HEADER_BYTES);
  if (
    header.length < HEADER_BYTES ||
    header.toString('latin1', 0, 8) !== MAGIC ||
    header.readUInt32LE(12) !== payload.length ||
    header.readUInt32LE(16) !== crc32c(payload, crc32c(header.subarray(0, 16)))
  ) {
    throw new CorruptionError(path, 0, 'the exemplars do not match their checksum');
  }
  if (header.readUInt32LE(8) !== VERSION) throw laterVersion(path);
  const known = new Map<number, Labels>();
  decodeRecord(payload, {
    series: (id, labels) => known.set(id, labels),
    exemplar: ({ id, exemplar }) => {
      const labels = known.get(id);
      // Of a series that is in no block any more nobody asks.
      const entry = labels === undefined ? undefined : table.find(labels);
      if (entry !== undefined) exemplars.add(entry.id, exemplar);
    },
    sample: () => undefined,
    metadata: () => undefined,
  });
}
