import { join } from 'node:path';

import { BackendError, CorruptionError } from '@dwcp/core';
import { type FileSystem, nodeFileSystem } from '@dwcp/segments';

import { MANIFEST, TOMBSTONES } from './block-directory.ts';
import { isBlockName, parseBlockName } from './block-format.ts';
import { checkContent, type Loss } from './check-content.ts';
import { type Manifest, type ManifestEntry, readManifest } from './manifest.ts';
import { salvageBlock } from './salvage.ts';
import { readTombstones } from './tombstones.ts';
import { Turns } from './turns.ts';

/** A damaged place. */
export interface Damage {
  readonly path: string;
  readonly offset: number;
  readonly problem: string;
  /** What is not to be had any more because of it. Empty when nothing is. */
  readonly lost: readonly Loss[];
}

export interface BlockReport {
  readonly name: string;
  /** `stray`: in no manifest; what a crash left, and the next start removes. */
  readonly status: 'ok' | 'damaged' | 'missing' | 'stray' | 'set-aside';
  readonly sampleCount: number;
  readonly damages: readonly Damage[];
}

export interface StorageReport {
  /** Whether nothing at all is damaged or missing. */
  readonly isSound: boolean;
  readonly blocks: readonly BlockReport[];
  /** In manifest and tombstones. */
  readonly damages: readonly Damage[];
  /** What looks odd and costs nothing, and why. */
  readonly notes: readonly string[];
}

export interface VerifyOptions {
  readonly fileSystem?: FileSystem;
  readonly signal?: AbortSignal;
}

/** Of samples decoded between two turns of the event loop. */
const SAMPLES_PER_TURN = 65_536;

/**
 * Reads every byte of the blocks of a data directory, decodes every chunk, and compares index,
 * content, manifest and directory. Changes nothing, and may be used beside a running store.
 * @throws BackendError when there is no such directory, or it was written by a later version
 */
export async function verifyBlocks(
  dataDir: string,
  { fileSystem = nodeFileSystem, signal }: VerifyOptions = {},
): Promise<StorageReport> {
  const dir = join(dataDir, 'blocks');
  for (let attempt = 1; ; attempt++) {
    const files = await fileSystem.list(dir).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new BackendError('metric store', `cannot verify ${dataDir}: ${reason}`, {
        retryable: false,
        cause,
      });
    });
    const manifest = await readOr(join(dir, MANIFEST), (path) => readManifest(fileSystem, path));
    const report = await verifyState(fileSystem, dir, { files, manifest }, signal);
    if (report.isSound || attempt === 3) return report;
    // A store at work may have replaced blocks since.
    const again = await readOr(join(dir, MANIFEST), (path) => readManifest(fileSystem, path));
    if (JSON.stringify(again) === JSON.stringify(manifest)) return report;
  }
}

interface Found {
  readonly files: readonly string[];
  readonly manifest: { readonly value: Manifest | undefined; readonly damage?: Damage };
}

async function verifyState(
  fileSystem: FileSystem,
  dir: string,
  { files, manifest }: Found,
  signal: AbortSignal | undefined,
): Promise<StorageReport> {
  const onDisk = files.filter(isBlockName);
  const damages = manifest.damage === undefined ? [] : [manifest.damage];
  const notes: string[] = [];
  if (manifest.value === undefined && manifest.damage === undefined && onDisk.length > 0) {
    const problem = 'there is no manifest; the next start makes it anew from the blocks';
    damages.push({ path: join(dir, MANIFEST), offset: 0, problem, lost: [] });
  }
  const tombstones = await readOr(join(dir, TOMBSTONES), (p) => readTombstones(fileSystem, p));
  if (tombstones.damage !== undefined) damages.push(tombstones.damage);
  const entries: readonly ManifestEntry[] =
    manifest.value?.blocks ?? onDisk.map((name) => ({ name }));
  const listed = new Map(entries.map((entry) => [entry.name, entry]));
  damages.push(...doubles(dir, entries, manifest.value !== undefined));
  const blocks: BlockReport[] = [];
  for (const name of new Set([...listed.keys(), ...onDisk])) {
    signal?.throwIfAborted();
    if (!onDisk.includes(name)) {
      blocks.push(missing(dir, listed.get(name) ?? { name }));
    } else if (listed.has(name)) {
      blocks.push(await verifyBlock(fileSystem, join(dir, name), listed.get(name), signal));
    } else {
      blocks.push({ name, status: 'stray', sampleCount: 0, damages: [] });
      notes.push(`${name} is not in the manifest: a crash left it, the next start removes it`);
    }
  }
  for (const name of files.filter((file) => file.endsWith('.damaged'))) {
    blocks.push({ name, status: 'set-aside', sampleCount: 0, damages: [] });
    notes.push(`${name} was set aside before; its loss was told then, and a repair may mend it`);
  }
  for (const name of files.filter((file) => file.endsWith('.tmp'))) {
    notes.push(`${name} was never finished: a crash left it, the next start removes it`);
  }
  const isSound =
    damages.length === 0 &&
    blocks.every(({ status }) => status !== 'damaged' && status !== 'missing');
  return { isSound, blocks, damages, notes };
}

/** Reads and decodes all of one block file. */
export async function verifyBlock(
  fileSystem: FileSystem,
  path: string,
  listed: ManifestEntry | undefined,
  signal?: AbortSignal,
): Promise<BlockReport> {
  await using block = await salvageBlock(fileSystem, path, listed);
  const damages: Damage[] = block.findings.map((finding) => ({ ...finding, path, lost: [] }));
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (block.series === undefined) {
    const what = { fromUnixMs: listed?.minUnixMs, toUnixMs: listed?.maxUnixMs };
    const problem = 'without the index nothing of the block can be read';
    const lost = [{ series: undefined, sampleCount: listed?.sampleCount, ...what }];
    damages.push({ path, offset: block.footer.indexOffset, problem, lost });
    return { name, status: 'damaged', sampleCount: 0, damages };
  }
  const turns = new Turns(SAMPLES_PER_TURN, signal);
  const content = await checkContent(block, turns);
  damages.push(...content.damages.map((damage) => ({ path, ...damage })));
  damages.push(...contradictions(path, name, block.footer, listed, content));
  const status = damages.length === 0 ? 'ok' : 'damaged';
  return { name, status, sampleCount: content.sampleCount, damages };
}

/** What footer, name and manifest say otherwise than the content; nothing is lost by that. */
function contradictions(
  path: string,
  name: string,
  footer: Awaited<ReturnType<typeof salvageBlock>>['footer'],
  listed: ManifestEntry | undefined,
  content: { readonly indexed: Readonly<Record<string, number>> },
): readonly Damage[] {
  const own = parseBlockName(name);
  const claims: readonly (readonly [string, number | undefined, number | undefined])[] = [
    ['first sealed head', footer.firstSequence, own?.firstSequence],
    ['last sealed head', footer.lastSequence, own?.lastSequence],
    ['resolution', footer.resolutionMs, own?.resolutionMs],
    ['sample count', footer.sampleCount, content.indexed['sampleCount']],
    ['oldest time', footer.minUnixMs, content.indexed['minUnixMs']],
    ['newest time', footer.maxUnixMs, content.indexed['maxUnixMs']],
    ['sample count', footer.sampleCount, listed?.sampleCount],
    ['oldest time', footer.minUnixMs, listed?.minUnixMs],
    ['newest time', footer.maxUnixMs, listed?.maxUnixMs],
  ];
  return claims.flatMap(([what, said, found]) => {
    if (found === undefined || said === found) return [];
    const problem = `the ${what} is ${found}, and the footer says ${said}`;
    return [{ path, offset: footer.indexOffset + footer.indexBytes, problem, lost: [] }];
  });
}

function missing(dir: string, entry: ManifestEntry): BlockReport {
  const { name, minUnixMs, maxUnixMs, sampleCount } = entry;
  const lost = [{ series: undefined, fromUnixMs: minUnixMs, toUnixMs: maxUnixMs, sampleCount }];
  const problem = 'the block is in the manifest, but not there';
  const damages = [{ path: join(dir, name), offset: 0, problem, lost }];
  return { name, status: 'missing', sampleCount: 0, damages };
}

/** Blocks in the manifest that have sealed heads which another one has too. */
function doubles(
  dir: string,
  entries: readonly ManifestEntry[],
  isManifest: boolean,
): readonly Damage[] {
  if (!isManifest) return [];
  const names = entries.flatMap(({ name }) => {
    const parsed = parseBlockName(name);
    return parsed === undefined ? [] : [{ name, ...parsed }];
  });
  return names.flatMap((one, i) => {
    const other = names.find(
      (two, j) =>
        j < i &&
        two.resolutionMs === one.resolutionMs &&
        two.firstSequence <= one.lastSequence &&
        two.lastSequence >= one.firstSequence,
    );
    if (other === undefined) return [];
    const problem = `${one.name} and ${other.name} have the same sealed heads`;
    return [{ path: join(dir, MANIFEST), offset: 0, problem, lost: [] }];
  });
}

async function readOr<T>(
  path: string,
  read: (path: string) => Promise<T>,
): Promise<{ readonly value: T | undefined; readonly damage?: Damage }> {
  try {
    return { value: await read(path) };
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    const { offset, message } = error;
    return { value: undefined, damage: { path, offset, problem: message, lost: [] } };
  }
}
