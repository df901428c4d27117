import { basename } from 'node:path';

import { CorruptionError } from '@dwcp/core';
import { type FileSystem, type OpenFile } from '@dwcp/segments';

import { readRange } from './block-file.ts';
import {
  type BlockFooter,
  type BlockSeries,
  type BlockVersion,
  checkHeader,
  decodeFooter,
  decodeIndex,
  ENVELOPE_BYTES,
  FOOTER_BYTES,
  type GroupPlace,
  HEADER_BYTES,
  parseBlockName,
  unwrap,
} from './block-format.ts';
import { openEnvelope } from './group.ts';
import { type ManifestEntry } from './manifest.ts';

/** What is wrong at a place of a file, in words. */
export interface Finding {
  readonly offset: number;
  readonly problem: string;
}

/** A block file of which any part may be damaged: what can still be made out. Must be closed. */
export interface SalvagedBlock extends AsyncDisposable {
  readonly findings: readonly Finding[];
  /** Where it is damaged it is put together from the name, the index and the manifest. */
  readonly footer: BlockFooter;
  readonly groups: readonly GroupPlace[];
  /** Undefined when the index is lost, and with it the names of all series. */
  readonly series: readonly BlockSeries[] | undefined;
  /** The chunks of a group, or what is wrong with it. */
  readGroup(group: number): Promise<Uint8Array | Finding>;
}

/**
 * @param listed what the manifest says of the block
 * @throws BackendError for a later format version; what the file system throws
 */
export async function salvageBlock(
  fileSystem: FileSystem,
  path: string,
  listed: ManifestEntry | undefined,
): Promise<SalvagedBlock> {
  const file = await fileSystem.open(path, 'read');
  try {
    return await look(file, path, listed);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function look(
  file: OpenFile,
  path: string,
  listed: ManifestEntry | undefined,
): Promise<SalvagedBlock> {
  const findings: Finding[] = [];
  const attempt = <T>(decode: () => T): T | undefined => {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      findings.push({ offset: error.offset, problem: problemOf(error) });
      return undefined;
    }
  };
  const sizeBytes = await file.size();
  const header = await readRange(file, 0, Math.min(HEADER_BYTES, sizeBytes));
  const version = attempt(() => checkHeader(path, header));
  const found = await findFooter(file, path, sizeBytes, version);
  if ('problem' in found) findings.push(found);
  const place = 'problem' in found ? await walkToIndex(file, sizeBytes) : indexPlace(found);
  const wrapped = place && (await readRange(file, place.position, place.sizeBytes));
  const index = wrapped && attempt(() => indexOf(path, place.position, wrapped));
  if (place === undefined) {
    findings.push({ offset: HEADER_BYTES, problem: 'the index cannot be found' });
  }
  const footer = 'problem' in found ? makeFooter(path, place, index?.series, listed) : found;
  return {
    findings,
    footer,
    groups: index?.groups ?? [],
    series: index?.series,
    readGroup: async (group) => {
      const { position, sizeBytes: size } = index?.groups[group] ?? { position: 0, sizeBytes: 0 };
      try {
        return openEnvelope(path, position, await readRange(file, position, size));
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        return { offset: position, problem: problemOf(error) };
      }
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** Tries the lengths of all versions when the header does not tell. */
async function findFooter(
  file: OpenFile,
  path: string,
  sizeBytes: number,
  version: BlockVersion | undefined,
): Promise<BlockFooter | Finding> {
  let finding: Finding = { offset: sizeBytes, problem: 'the block footer is cut off' };
  for (const candidate of version === undefined ? ([2, 1] as const) : [version]) {
    const offset = sizeBytes - FOOTER_BYTES[candidate];
    if (offset < HEADER_BYTES) continue;
    const bytes = await readRange(file, offset, FOOTER_BYTES[candidate]);
    try {
      const footer = decodeFooter(path, offset, bytes, candidate);
      if (footer.indexOffset + footer.indexBytes === offset) return footer;
      finding = { offset, problem: 'the block was cut or lengthened before its footer' };
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      finding = { offset, problem: problemOf(error) };
    }
  }
  return finding;
}

function indexPlace({ indexOffset, indexBytes }: BlockFooter): GroupPlace {
  return { position: indexOffset, sizeBytes: indexBytes };
}

/** Goes from envelope to envelope by their lengths; the last that is whole is the index. */
async function walkToIndex(file: OpenFile, sizeBytes: number): Promise<GroupPlace | undefined> {
  let last: GroupPlace | undefined;
  for (let position = HEADER_BYTES; position + ENVELOPE_BYTES < sizeBytes;) {
    const start = Buffer.from(await readRange(file, position, ENVELOPE_BYTES));
    const size = ENVELOPE_BYTES + start.readUInt32LE(0);
    if (position + size > sizeBytes) break;
    const bytes = await readRange(file, position, size);
    try {
      unwrap('', position, bytes);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      // A damaged group between may still have its length; what follows tells.
      position += size;
      continue;
    }
    last = { position, sizeBytes: size };
    position += size;
  }
  return last;
}

function indexOf(
  path: string,
  position: number,
  wrapped: Uint8Array,
): { readonly groups: readonly GroupPlace[]; readonly series: readonly BlockSeries[] } {
  const raw = openEnvelope(path, position, wrapped);
  try {
    const { groups, series } = decodeIndex(raw);
    const last = groups.at(-1);
    const end = last === undefined ? HEADER_BYTES : last.position + last.sizeBytes;
    if (end !== position) throw new RangeError('the groups do not end where the index is');
    return { groups, series: [...series] };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CorruptionError(path, position, `this is no index: ${error.message}`);
  }
}

function makeFooter(
  path: string,
  place: GroupPlace | undefined,
  series: readonly BlockSeries[] = [],
  listed: ManifestEntry | undefined,
): BlockFooter {
  const name = parseBlockName(basename(path).replace(/\.damaged$/, ''));
  const rows = series.flatMap(({ chunks }) => chunks);
  const maxUnixMs = rows.reduce((max, row) => Math.max(max, row.maxUnixMs), -Infinity);
  return {
    indexOffset: place?.position ?? 0,
    indexBytes: place?.sizeBytes ?? 0,
    firstSequence: name?.firstSequence ?? 0,
    lastSequence: name?.lastSequence ?? 0,
    resolutionMs: name?.resolutionMs ?? 0,
    // The manifest has the highest one of all blocks.
    walFrom: 0,
    level: listed?.level ?? 0,
    minUnixMs: rows.reduce((min, row) => Math.min(min, row.minUnixMs), Infinity),
    maxUnixMs,
    sampleCount: rows.reduce((sum, { count }) => sum + count, 0),
    sealedUnixMs: listed?.sealedUnixMs ?? maxUnixMs,
    deletedThrough: listed?.deletedThrough ?? 0,
    seriesCount: series.length,
  };
}

/** Without the path and the offset that the message begins with. */
function problemOf({ message, path, offset }: CorruptionError): string {
  return message.replace(`${path} at byte ${offset}: `, '');
}
