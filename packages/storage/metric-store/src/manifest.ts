import { type MetricMetadata } from '@dwcp/core';
import { type FileSystem } from '@dwcp/segments';

import { type FileTitle, readCheckedJson, saveCheckedJson } from './checked-json.ts';

/** What a block holds, so that it can be said of one that is lost. */
export interface ListedBlock {
  readonly name: string;
  readonly sizeBytes: number;
  readonly minUnixMs: number;
  readonly maxUnixMs: number;
  readonly sampleCount: number;
  /** These three as in the block's footer, should that be damaged. */
  readonly level: number;
  readonly sealedUnixMs: number;
  readonly deletedThrough: number;
}

/** Of version 1 only the name is known. */
export type ManifestEntry = Pick<ListedBlock, 'name'> & Partial<ListedBlock>;

/** What the data directory consists of. Replaced as a whole, atomically. */
export interface Manifest {
  /** Log segments below this number are in the blocks. */
  readonly walFrom: number;
  /** The number of the next sealed head. */
  readonly nextSequence: number;
  /** In the order their heads were sealed; of downsampled ones behind the others. */
  readonly blocks: readonly ManifestEntry[];
  readonly metadata: readonly MetricMetadata[];
}

const TITLE: FileTitle = { title: 'dwcp metric store manifest', version: 2 };

/** Version 1 had names alone, and no number of the next head. */
interface ManifestVersion1 {
  readonly walFrom: number;
  readonly blocks: readonly string[];
  readonly metadata: readonly MetricMetadata[];
}

/**
 * @returns undefined when there is none
 * @throws CorruptionError; BackendError for a later format version
 */
export async function readManifest(
  fileSystem: FileSystem,
  path: string,
): Promise<Manifest | undefined> {
  const found = await readCheckedJson(fileSystem, path, TITLE);
  if (found?.version !== 1) return found?.value as Manifest | undefined;
  const { blocks, ...rest } = found.value as ManifestVersion1;
  return { ...rest, nextSequence: 0, blocks: blocks.map((name) => ({ name })) };
}

export function saveManifest(
  fileSystem: FileSystem,
  path: string,
  manifest: Manifest,
): Promise<void> {
  return saveCheckedJson(fileSystem, path, TITLE, manifest);
}
