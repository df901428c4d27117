// What a store must have and may have, from what the killed processes said.
import { type ExemplarSeries, isStale, type NativeHistogram, type Series } from '@dwcp/core';

import {
  exemplarKey,
  type PlannedExemplar,
  planOf,
  type Row,
  seriesLabels,
  storeOptions,
  timeOf,
} from './plan.ts';

/** A sample that was acknowledged, or found after a crash. */
interface Cell {
  readonly row: Row;
  readonly isDeleted: boolean;
}

interface Range {
  readonly series: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** What was acknowledged when a snapshot was called for. */
interface SnapshotView {
  readonly cells: readonly ReadonlyMap<number, Cell>[];
  readonly unixMs: number;
}

export interface Verdict {
  readonly problems: readonly string[];
  readonly samples: number;
}

const HOUR_MS = 3_600_000;
/** Retention removes whole blocks: of hours, more where kill after kill put off a seal. */
const OVERSTAY_MS = 24 * HOUR_MS;
/** In the ring of 300 those that were on their way may have taken the place of the oldest. */
const SURE_EXEMPLARS = 250;

export class Oracle {
  readonly problems: string[] = [];
  readonly counts = { acknowledged: 0, deleted: 0, unsureFound: 0, unsureGone: 0 };
  #cells: Map<number, Cell>[] = seriesLabels.map(() => new Map<number, Cell>());
  /** Rounds that were sent and not acknowledged. */
  readonly #sent = new Set<number>();
  /** Of those the ones that were sent before as well, so that they are several records. */
  readonly #sentAgain = new Set<number>();
  #writing: readonly Row[] | undefined;
  #deleting: Range | undefined;
  #snapshotCall: SnapshotView | undefined;
  readonly #snapshots = new Map<string, SnapshotView>();
  readonly #exemplars: PlannedExemplar[] = [];
  readonly #knownExemplars = new Set<string>();
  #maintainCall = 0;
  #maintainedUnixMs = 0;
  newestRound = -1;

  /** Rounds of which a sender has no answer. */
  get unanswered(): readonly number[] {
    return [...this.#sent].sort((a, b) => a - b);
  }

  /** What one process said, in its order. */
  hear(lines: readonly string[]): void {
    const lastSnapshot = lines.findLastIndex((line) => line.startsWith('- snapshot'));
    for (const [at, line] of lines.entries()) {
      const [kind = '', first = '', ...rest] = line.split(' ');
      if (kind === 'r') this.#send(Number(first));
      else if (kind === 'a') this.#acknowledge(Number(first), Number(rest[0]));
      else if (kind === '+' && first === 'snapshot') {
        if (at < lastSnapshot) this.#snapshotCall = this.#view();
      } else if (kind === '+') this.#begin(first, rest.join(' '));
      else if (kind === '-') this.#end(first, rest.join(' '));
      else if (kind === '!') this.problems.push(`the store logged: ${line}`);
    }
    this.#snapshotCall = undefined;
  }

  /** Compares all that is in the store after a crash, and takes it as known from then on. */
  check(found: readonly Series[]): Verdict {
    const problems: string[] = [];
    const seen = this.#compare(found, this.#cells, timeOf(this.newestRound), problems);
    if (this.#deleting !== undefined) this.#settleDeletion(this.#deleting, seen, problems);
    const lost = this.#missing(this.#cells, seen, timeOf(this.newestRound), this.#deleting);
    problems.push(...lost);
    this.#deleting = undefined;
    this.#settleSent(seen, problems);
    for (const [series, times] of seen.entries()) {
      for (const unixMs of times) {
        if (unixMs < this.#oldestAllowed()) problems.push(`overstayed: ${series} at ${unixMs}`);
      }
    }
    this.#forgetExpired();
    return { problems, samples: seen.reduce((sum, { size }) => sum + size, 0) };
  }

  /** Compares a snapshot; one that was not acknowledged only must have nothing wrong. */
  checkSnapshot(path: string, found: readonly Series[]): Verdict & { readonly isKnown: boolean } {
    const view = this.#snapshots.get(path);
    this.#snapshots.delete(path);
    const problems: string[] = [];
    const cells = view?.cells ?? this.#cells;
    const isExtra = (series: number, unixMs: number): Row | undefined =>
      this.#cells[series]?.get(unixMs)?.row;
    const seen = this.#compare(found, cells, view?.unixMs ?? 0, problems, isExtra);
    if (view !== undefined) problems.push(...this.#missing(cells, seen, timeOf(this.newestRound)));
    const samples = seen.reduce((sum, { size }) => sum + size, 0);
    return { problems, samples, isKnown: view !== undefined };
  }

  /** Acknowledged snapshots that were not checked. */
  missingSnapshots(): readonly string[] {
    return [...this.#snapshots.keys()];
  }

  checkExemplars(found: readonly ExemplarSeries[]): readonly string[] {
    const problems: string[] = [];
    const seen = new Set<string>();
    for (const { labels, exemplars } of found) {
      const series = seriesLabels.findIndex(({ key }) => key === labels.key);
      for (const { unixMs = 0, value } of exemplars) {
        const key = exemplarKey({ series, unixMs, value });
        if (seen.has(key)) problems.push(`doubled exemplar: ${key}`);
        if (!this.#knownExemplars.has(key)) problems.push(`invented exemplar: ${key}`);
        seen.add(key);
      }
    }
    for (const exemplar of this.#exemplars.slice(-SURE_EXEMPLARS)) {
      const key = exemplarKey(exemplar);
      if (!seen.has(key)) problems.push(`lost exemplar: ${key}`);
    }
    return problems;
  }

  #send(round: number): void {
    this.newestRound = Math.max(this.newestRound, round);
    if (this.#sent.has(round)) this.#sentAgain.add(round);
    this.#sent.add(round);
    for (const one of planOf(round).exemplars) this.#knownExemplars.add(exemplarKey(one));
  }

  #acknowledge(round: number, exemplarCount: number): void {
    const { main, late, exemplars } = planOf(round);
    this.#keep(main);
    this.#keep(late);
    if (exemplarCount === exemplars.length) this.#exemplars.push(...exemplars);
    this.counts.acknowledged += main.length + late.length;
    this.#sent.delete(round);
    this.#sentAgain.delete(round);
  }

  #begin(what: string, details: string): void {
    if (what === 'write') this.#writing = JSON.parse(details) as readonly Row[];
    if (what === 'delete') this.#deleting = JSON.parse(details) as Range;
    if (what === 'maintain') this.#maintainCall = Number(details);
  }

  #view(): SnapshotView {
    return { cells: this.#cells.map((own) => new Map(own)), unixMs: timeOf(this.newestRound) };
  }

  #end(what: string, details: string): void {
    if (what === 'write') {
      this.#keep(this.#writing ?? []);
      this.counts.acknowledged += this.#writing?.length ?? 0;
      this.#writing = undefined;
    } else if (what === 'delete') {
      this.#delete(this.#cellsIn(this.#deleting));
      this.#deleting = undefined;
    } else if (what === 'maintain') {
      this.#maintainedUnixMs = this.#maintainCall;
    } else if (what === 'snapshot' && this.#snapshotCall !== undefined) {
      this.#snapshots.set(details, this.#snapshotCall);
      this.#snapshotCall = undefined;
    }
  }

  #keep(rows: readonly Row[]): void {
    for (const row of rows) this.#cells[row.series]?.set(row.unixMs, { row, isDeleted: false });
  }

  /** Those that are not deleted yet. */
  #cellsIn(range: Range | undefined): readonly Cell[] {
    return (range?.series ?? []).flatMap((series) =>
      [...(this.#cells[series]?.values() ?? [])].filter(
        ({ row, isDeleted }) => !isDeleted && isIn(range, row),
      ),
    );
  }

  #delete(cells: readonly Cell[]): void {
    for (const { row } of cells) this.#cells[row.series]?.set(row.unixMs, { row, isDeleted: true });
    this.counts.deleted += cells.length;
  }

  /** Tells what is there and must not be. @returns the times that are there, by series */
  #compare(
    found: readonly Series[],
    cells: readonly ReadonlyMap<number, Cell>[],
    unixMs: number,
    problems: string[],
    extra: (series: number, unixMs: number) => Row | undefined = () => undefined,
  ): readonly Set<number>[] {
    const seen = seriesLabels.map(() => new Set<number>());
    const unsure = this.#unsureRows();
    for (const one of found) {
      const series = seriesLabels.findIndex(({ key }) => key === one.labels.key);
      const times = seen[series];
      if (times === undefined) {
        problems.push(`invented series: ${String(one.labels)}`);
        continue;
      }
      for (const [i, time] of one.timestamps.entries()) {
        if (times.has(time)) problems.push(`doubled: ${series} at ${time}`);
        times.add(time);
        const cell = cells[series]?.get(time);
        if (cell?.isDeleted === false && isSame(cell.row, one, i)) continue;
        const rows = [unsure.get(`${series}/${time}`), extra(series, time)];
        if (rows.some((row) => row !== undefined && isSame(row, one, i))) continue;
        const what = cell === undefined ? 'invented' : cell.isDeleted ? 'undeleted' : 'changed';
        problems.push(`${what}: ${series} at ${time}, now ${unixMs}: ${String(one.values[i])}`);
      }
    }
    return seen;
  }

  #missing(
    cells: readonly ReadonlyMap<number, Cell>[],
    seen: readonly ReadonlySet<number>[],
    nowUnixMs: number,
    except?: Range,
  ): readonly string[] {
    // What is older may be gone, or be there in part, downsampled.
    const from = nowUnixMs - storeOptions.retentionMs;
    const problems: string[] = [];
    for (const [series, own] of cells.entries()) {
      for (const [unixMs, { row, isDeleted }] of own) {
        if (isDeleted || unixMs < from || seen[series]?.has(unixMs) === true) continue;
        if (!isIn(except, row)) problems.push(`lost: ${series} at ${unixMs}, now ${nowUnixMs}`);
      }
    }
    return problems;
  }

  /** Rows that were on their way at the kill. */
  #unsureRows(): ReadonlyMap<string, Row> {
    const rows = [...(this.#writing ?? [])];
    for (const round of this.#sent) {
      const { main, late } = planOf(round);
      rows.push(...main, ...late);
    }
    return new Map(rows.map((row) => [`${row.series}/${row.unixMs}`, row]));
  }

  /** A deletion that was on its way is there as a whole or not at all. */
  #settleDeletion(range: Range, seen: readonly ReadonlySet<number>[], problems: string[]): void {
    const from = timeOf(this.newestRound) - storeOptions.retentionMs;
    const cells = this.#cellsIn(range);
    const isSeen = ({ row }: Cell): boolean => seen[row.series]?.has(row.unixMs) === true;
    const sure = cells.filter(({ row }) => row.unixMs >= from);
    const there = sure.filter(isSeen).length;
    if (there > 0 && there < sure.length) {
      problems.push(`half deleted: ${there} of ${sure.length} are there`);
    }
    if (!cells.some(isSeen)) this.#delete(cells);
  }

  #settleSent(seen: readonly ReadonlySet<number>[], problems: string[]): void {
    const isSeen = (row: Row): boolean => seen[row.series]?.has(row.unixMs) === true;
    const settle = (rows: readonly Row[], isOneRecord: boolean, what: string): void => {
      const there = rows.filter((row) => isSeen(row));
      this.counts.unsureFound += there.length;
      this.counts.unsureGone += rows.length - there.length;
      if (isOneRecord && there.length > 0 && there.length < rows.length) {
        problems.push(`torn: of ${what} ${there.length} of ${rows.length} rows are there`);
      }
      this.#keep(there);
    };
    for (const round of this.#sent) {
      const { main, late } = planOf(round);
      const isOneRecord = !this.#sentAgain.has(round);
      settle(main, isOneRecord, `round ${round}`);
      settle(late, isOneRecord, `the late rows of round ${round}`);
    }
    if (this.#writing !== undefined) settle(this.#writing, true, 'a write');
    this.#writing = undefined;
  }

  #oldestAllowed(): number {
    const { hourMs } = storeOptions.downsampledRetention;
    return this.#maintainedUnixMs - hourMs - OVERSTAY_MS;
  }

  #forgetExpired(): void {
    const from = this.#oldestAllowed();
    this.#cells = this.#cells.map((own) => new Map([...own].filter(([unixMs]) => unixMs >= from)));
  }
}

function isIn(range: Range | undefined, { series, unixMs }: Row): boolean {
  if (range === undefined) return false;
  return range.series.includes(series) && unixMs >= range.from && unixMs <= range.to;
}

function isSame(row: Row, { values, histograms }: Series, index: number): boolean {
  const histogram = histograms?.[index];
  if (row.histogram !== undefined || histogram !== undefined) {
    return sameHistogram(row.histogram, histogram);
  }
  if (row.isStale === true) return isStale(values, index);
  return Object.is(row.value, values[index]);
}

function sameHistogram(a: NativeHistogram | undefined, b: NativeHistogram | undefined): boolean {
  return (
    a?.count === b?.count &&
    a?.sum === b?.sum &&
    a?.positiveBuckets.join(',') === b?.positiveBuckets.join(',') &&
    a?.positiveSpans[0]?.offset === b?.positiveSpans[0]?.offset
  );
}
