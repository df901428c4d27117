import { compileMatchers, type LabelMatcher } from '@dwcp/core';
import { type FileSystem } from '@dwcp/segments';

import { type FileTitle, readCheckedJson, saveCheckedJson } from './checked-json.ts';
import { type Columns } from './columns.ts';
import { type SeriesEntry } from './series-table.ts';

/** A stretch of time, both ends in it. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** What a deletion is on disk: the question it was asked as, so that a million series cost a line. */
interface DeletionRecord {
  readonly id: number;
  readonly matchers: readonly LabelMatcher[];
  /** Null for no bound. */
  readonly from: number | null;
  readonly to: number | null;
}

/**
 * A deletion whose samples are still in blocks. It concerns the blocks that were there: each block
 * tells the number of the last deletion before it (`deletedThrough`), so what is written later, also
 * with the same labels and times, stays visible.
 */
export class Deletion {
  readonly id: number;
  readonly matchers: readonly LabelMatcher[];
  readonly range: TimeRange;
  readonly #matches: ReturnType<typeof compileMatchers>;
  readonly #concerned = new WeakMap<SeriesEntry, boolean>();

  /** @throws InvalidInputError for a regular expression that is not valid RE2 */
  constructor(id: number, matchers: readonly LabelMatcher[], range: TimeRange) {
    this.id = id;
    this.matchers = matchers;
    this.range = range;
    this.#matches = compileMatchers(matchers);
  }

  concerns(entry: SeriesEntry): boolean {
    let found = this.#concerned.get(entry);
    if (found === undefined) this.#concerned.set(entry, (found = this.#matches(entry.labels)));
    return found;
  }

  overlaps(minUnixMs: number, maxUnixMs: number): boolean {
    return this.range.from <= maxUnixMs && this.range.to >= minUnixMs;
  }
}

/** The ranges that deletions took out of a series. */
export function rangesOf(
  deletions: readonly Deletion[],
  entry: SeriesEntry,
  minUnixMs: number,
  maxUnixMs: number,
): readonly TimeRange[] {
  return deletions
    .filter((deletion) => deletion.overlaps(minUnixMs, maxUnixMs) && deletion.concerns(entry))
    .map(({ range }) => range);
}

/**
 * Takes the samples in the ranges out of `count` samples from a position on; the others close up.
 * @returns how many are left
 */
export function without(
  columns: Columns,
  start: number,
  count: number,
  ranges: readonly TimeRange[],
): number {
  const { timestamps, words, histograms } = columns;
  columns.forgetTimes();
  let to = start;
  for (let i = start; i < start + count; i++) {
    const unixMs = timestamps[i] ?? 0;
    if (ranges.some((range) => unixMs >= range.from && unixMs <= range.to)) continue;
    if (to !== i) {
      timestamps[to] = unixMs;
      words[to * 2] = words[i * 2] ?? 0;
      words[to * 2 + 1] = words[i * 2 + 1] ?? 0;
      if (histograms !== undefined) histograms[to] = histograms[i];
    }
    to++;
  }
  if (histograms !== undefined) histograms.fill(undefined, to, start + count);
  return to - start;
}

/** What the file has. */
export interface Tombstones {
  /** The number of the last deletion there was, also when it needs no tombstone any more. */
  readonly lastId: number;
  readonly deletions: readonly Deletion[];
}

const TITLE: FileTitle = { title: 'dwcp metric store tombstones', version: 1 };

/** @throws CorruptionError; BackendError for a later format version */
export async function readTombstones(fileSystem: FileSystem, path: string): Promise<Tombstones> {
  const found = await readCheckedJson(fileSystem, path, TITLE);
  if (found === undefined) return { lastId: 0, deletions: [] };
  const { lastId, deletions } = found.value as {
    readonly lastId: number;
    readonly deletions: readonly DeletionRecord[];
  };
  return {
    lastId,
    deletions: deletions.map(
      ({ id, matchers, from, to }) =>
        new Deletion(id, matchers, {
          from: from ?? Number.NEGATIVE_INFINITY,
          to: to ?? Number.POSITIVE_INFINITY,
        }),
    ),
  };
}

export function saveTombstones(
  fileSystem: FileSystem,
  path: string,
  { lastId, deletions }: Tombstones,
): Promise<void> {
  const records = deletions.map(({ id, matchers, range }): DeletionRecord => ({
    id,
    matchers: matchers.map(({ name, operator, value }) => ({ name, operator, value })),
    from: Number.isFinite(range.from) ? range.from : null,
    to: Number.isFinite(range.to) ? range.to : null,
  }));
  return saveCheckedJson(fileSystem, path, TITLE, { lastId, deletions: records });
}
