import { Columns } from './columns.ts';

/** Samples; the first series that has more makes larger ones. */
const SMALLEST = 256;
/** 2 MiB. */
const LARGEST_KEPT = 131_072;

let kept: WeakRef<Columns> | undefined;

/**
 * Columns for a scan: those of an earlier one where they are still there, since to fill new memory
 * with zeros takes as long as to decode into it. The garbage collector may have them in between.
 */
export function takeScanColumns(): Columns {
  const columns = kept?.deref() ?? new Columns(SMALLEST);
  kept = undefined;
  return columns;
}

/** Nobody may read them any more. */
export function giveBackScanColumns(columns: Columns): void {
  columns.histograms = undefined;
  if (columns.capacity <= LARGEST_KEPT) kept = new WeakRef(columns);
}
