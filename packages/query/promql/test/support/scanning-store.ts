import { type Series, type SeriesQuery, type SeriesScanner } from '@dwcp/core';
import { MemoryMetricStore } from '@dwcp/testing';

/**
 * A memory store that also scans. It writes over the arrays of a series as soon as the visit is
 * over, so that whoever still reads them gets numbers that are plainly wrong.
 */
export class ScanningMetricStore extends MemoryMetricStore implements SeriesScanner {
  /** The most samples that were out for reading at a time. */
  largestVisit = 0;
  scanCount = 0;

  async scan(
    query: SeriesQuery,
    visit: (series: Series) => void | Promise<void>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    this.scanCount++;
    for (const series of await super.select(query, options)) {
      this.largestVisit = Math.max(this.largestVisit, series.timestamps.length);
      await visit(series);
      series.timestamps.fill(-1);
      series.values.fill(1e300);
    }
  }

  override select(): Promise<readonly Series[]> {
    throw new Error('a store that scans is not asked to select');
  }
}
