import { CorruptionError, type MetricMetadata } from '@dwcp/core';
import { crc32c, type FileSystem, readWholeFile, writeFileAtomically } from '@dwcp/segments';

import { laterVersion } from './block-format.ts';

/** What the data directory consists of. Replaced as a whole, atomically. */
export interface Manifest {
  /** Log segments below this number are in the blocks. */
  readonly walFrom: number;
  /** File names, in the order their heads were sealed. */
  readonly blocks: readonly string[];
  readonly metadata: readonly MetricMetadata[];
}

const TITLE = 'dwcp metric store manifest';
const VERSION = '1';

/**
 * The first line is the title and the CRC-32C, in hexadecimal, of the rest; the rest is JSON.
 * @returns undefined when there is none
 * @throws CorruptionError; BackendError for a later format version
 */
export async function readManifest(
  fileSystem: FileSystem,
  path: string,
): Promise<Manifest | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readWholeFile(fileSystem, path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const end = bytes.indexOf(10);
  const body = bytes.subarray(end + 1);
  const title = Buffer.from(bytes.subarray(0, Math.max(0, end))).toString('latin1');
  const version = /^dwcp metric store manifest (\d+) /.exec(title)?.[1];
  if (version === undefined || title !== titleOf(version, body)) {
    throw new CorruptionError(path, 0, 'the manifest does not match its checksum');
  }
  if (version !== VERSION) throw laterVersion(path);
  return JSON.parse(Buffer.from(body).toString()) as Manifest;
}

export async function saveManifest(
  fileSystem: FileSystem,
  path: string,
  manifest: Manifest,
): Promise<void> {
  const body = Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`);
  await writeFileAtomically(fileSystem, path, (file) =>
    file.write(Buffer.concat([Buffer.from(`${titleOf(VERSION, body)}\n`), body]), 0),
  );
}

function titleOf(version: string, body: Uint8Array): string {
  return `${TITLE} ${version} ${crc32c(body).toString(16).padStart(8, '0')}`;
}
