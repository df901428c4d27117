import { type SeriesQuery } from '@dwcp/core';

import { type Block } from './block.ts';
import { type ChunkArena } from './chunk-arena.ts';
import { type Columns } from './columns.ts';
import { type Head, type HeadPlaces } from './head.ts';
import { type SeriesEntry } from './series-table.ts';
import { hasHistogram, NumberList, SampleCopies } from './shared-columns.ts';
import { type KnownByReader } from './shared-known.ts';
import {
  FIRST_SLAB,
  IN_ENCODED,
  IN_OPEN,
  type SharedBlock,
  type SharedSelection,
} from './shared-message.ts';
import { type Readers } from './slots.ts';
import { Turns } from './turns.ts';

/** Looks into the index of a block between two turns of the event loop; a few milliseconds. */
const LOOKS_PER_TURN = 16_384;

type Range = Pick<SeriesQuery, 'startUnixMs' | 'endUnixMs'>;

/**
 * What keeps the samples of a selection in their place while another thread reads them: files under
 * their name, and chunks in their slabs. Open samples are copied, so they need not wait. Must be
 * released.
 */
export class SharedPins {
  readonly blocks: readonly Block[];
  readonly #readers: Readers;
  readonly #reader: number;
  #isReleased = false;

  /** @param readers who read chunks of heads from other threads */
  constructor(
    { blocks, readers }: { readonly blocks: readonly Block[]; readonly readers: Readers },
    { startUnixMs, endUnixMs }: Range,
  ) {
    this.blocks = blocks.filter((block) => block.overlaps(startUnixMs, endUnixMs));
    for (const block of this.blocks) block.pin();
    this.#readers = readers;
    this.#reader = readers.enter();
  }

  /** Again: nothing happens. @throws what the removal of a file that nobody wants any more throws */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#readers.leave(this.#reader);
    await Promise.all(this.blocks.map((block) => block.unpin()));
  }
}

/** Writes down where the samples of series are in heads. */
class HeadRows implements HeadPlaces {
  readonly rows = new NumberList();
  readonly copies = new SampleCopies();
  sampleCount = 0;
  readonly #known: KnownByReader;
  /** The slabs of each head, as rows call them: to look up each anew takes longer than all the rest. */
  readonly #places = new Map<ChunkArena, number[]>();
  #arena: ChunkArena | undefined;
  #arenaPlaces: number[] = [];

  constructor(known: KnownByReader) {
    this.#known = known;
  }

  chunk(chunks: ChunkArena, chunk: number, samples: number): void {
    if (chunks !== this.#arena) this.#turnTo(chunks);
    const slab = chunks.slabOf(chunk);
    const place = (this.#arenaPlaces[slab] ??=
      this.#known.slabNumber(chunks.bytesOf(chunk)) + FIRST_SLAB);
    this.rows.push3(place, chunks.offsetOf(chunk), samples);
    this.sampleCount += samples;
  }

  open(columns: Columns, start: number, samples: number): void {
    if (hasHistogram(columns, start, samples)) {
      this.rows.push3(IN_ENCODED, this.copies.encode(columns, start, samples), samples);
    } else {
      this.rows.push3(IN_OPEN, this.copies.add(columns, start, samples), samples);
    }
    this.sampleCount += samples;
  }

  #turnTo(chunks: ChunkArena): void {
    this.#arena = chunks;
    this.#arenaPlaces = this.#places.get(chunks) ?? [];
    this.#places.set(chunks, this.#arenaPlaces);
  }
}

/** Writes down where the samples of series are in blocks. */
class BlockRows {
  readonly rows = new NumberList();
  readonly deleted: number[] = [];
  sampleCount = 0;
  readonly #blocks: readonly Block[];
  readonly #groups: readonly Set<number>[];

  constructor(blocks: readonly Block[]) {
    this.#blocks = blocks;
    this.#groups = blocks.map(() => new Set());
  }

  add(entry: SeriesEntry, { startUnixMs, endUnixMs }: Range): void {
    for (const [place, block] of this.#blocks.entries()) {
      const groups = this.#groups[place];
      block.eachChunk(entry, startUnixMs, endUnixMs, ({ group, offset, count }, deleted) => {
        const row = this.rows.length / 4;
        for (const { from, to } of deleted) this.deleted.push(row, from, to);
        this.rows.push4(place, group, offset, count);
        this.sampleCount += count;
        groups?.add(group);
      });
    }
  }

  get blocks(): readonly SharedBlock[] {
    return this.#blocks.map((block, place) => ({
      serial: block.serial,
      path: block.path,
      groups: Float64Array.from(
        [...(this.#groups[place] ?? [])].flatMap((group) => {
          const { position, sizeBytes } = block.groupPlace(group);
          return [group, position, sizeBytes];
        }),
      ),
    }));
  }
}

/**
 * Writes down where the samples of some series are. What heads have is taken down before the first
 * wait: so all is of one moment, whatever is appended, sealed or removed meanwhile.
 */
export async function shareSelection(
  entries: readonly SeriesEntry[],
  {
    heads,
    range,
    pins,
    known,
  }: {
    readonly heads: readonly Head[];
    readonly range: Range;
    readonly pins: SharedPins;
    readonly known: KnownByReader;
  },
): Promise<SharedSelection> {
  known.begin(entries.length);
  const inHeads = new HeadRows(known);
  const headEnds = new Uint32Array(entries.length);
  const overlapping = heads.filter(
    (head) => head.minUnixMs <= range.endUnixMs && head.maxUnixMs >= range.startUnixMs,
  );
  for (let i = 0; i < entries.length; i++) {
    const id = entries[i]?.id ?? 0;
    for (const head of overlapping) head.eachPlace(id, range, inHeads);
    headEnds[i] = inHeads.rows.length / 3;
  }

  const inBlocks = new BlockRows(pins.blocks);
  const series = new Int32Array(entries.length);
  const blockRowEnds = new Uint32Array(entries.length);
  const headRowEnds = new Uint32Array(entries.length);
  const turns = new Turns(LOOKS_PER_TURN);
  let count = 0;
  let rowsBefore = 0;
  for (const [i, entry] of entries.entries()) {
    inBlocks.add(entry, range);
    const rows = inBlocks.rows.length / 4 + (headEnds[i] ?? 0);
    if (rows > rowsBefore) {
      rowsBefore = rows;
      series[count] = known.seriesNumber(entry);
      blockRowEnds[count] = inBlocks.rows.length / 4;
      headRowEnds[count] = headEnds[i] ?? 0;
      count++;
    }
    await turns.spend(1 + pins.blocks.length);
  }
  return {
    sampleCount: inHeads.sampleCount + inBlocks.sampleCount,
    series: series.slice(0, count),
    ...known.finish(),
    blocks: inBlocks.blocks,
    blockRowEnds: blockRowEnds.slice(0, count),
    blockRows: inBlocks.rows.finish(),
    deleted: Float64Array.from(inBlocks.deleted),
    headRowEnds: headRowEnds.slice(0, count),
    headRows: inHeads.rows.finish(),
    open: inHeads.copies.open,
    encoded: inHeads.copies.encoded,
  };
}
