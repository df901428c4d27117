import { CorruptionError } from '@dwcp/core';
import { crc32c, type FileSystem, readWholeFile, writeFileAtomically } from '@dwcp/segments';

import { laterVersion } from './block-format.ts';

/** What a file is called in its first line, and the format version that is written. */
export interface FileTitle {
  readonly title: string;
  readonly version: number;
}

/**
 * Reads a file whose first line is its title, its version and the CRC-32C, in hexadecimal, of the
 * rest; the rest is JSON.
 * @returns undefined when there is none
 * @throws CorruptionError; BackendError for a later format version
 */
export async function readCheckedJson(
  fileSystem: FileSystem,
  path: string,
  { title, version }: FileTitle,
): Promise<{ readonly version: number; readonly value: unknown } | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readWholeFile(fileSystem, path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const end = bytes.indexOf(10);
  const body = bytes.subarray(end + 1);
  const line = Buffer.from(bytes.subarray(0, Math.max(0, end))).toString('latin1');
  const found = Number(line.startsWith(`${title} `) ? line.slice(title.length + 1, -9) : '');
  if (!(found >= 1) || line !== firstLine({ title, version: found }, body)) {
    throw new CorruptionError(path, 0, `the ${title} does not match its checksum`);
  }
  if (found > version) throw laterVersion(path);
  return { version: found, value: JSON.parse(Buffer.from(body).toString()) };
}

/** Replaces the file as a whole, atomically. */
export async function saveCheckedJson(
  fileSystem: FileSystem,
  path: string,
  title: FileTitle,
  value: unknown,
): Promise<void> {
  const body = Buffer.from(`${JSON.stringify(value, undefined, 1)}\n`);
  await writeFileAtomically(fileSystem, path, (file) =>
    file.write(Buffer.concat([Buffer.from(`${firstLine(title, body)}\n`), body]), 0),
  );
}

function firstLine({ title, version }: FileTitle, body: Uint8Array): string {
  return `${title} ${version} ${crc32c(body).toString(16).padStart(8, '0')}`;
}
