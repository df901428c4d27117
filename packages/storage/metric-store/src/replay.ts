import { type MetricMetadata } from '@dwcp/core';
import { crc32c } from '@dwcp/segments';

import { type Head } from './head.ts';
import { type SeriesEntry, type SeriesTable } from './series-table.ts';
import { decodeRecord, type RecordVisitor } from './wal-record.ts';

/** Brings what the log has into the head. Ids have a meaning inside their segment only. */
export class Replay {
  replayed = 0;
  /** Samples that were in a block already. */
  skipped = 0;
  /** Samples whose series was defined in a part of the log that is damaged. */
  lost = 0;
  readonly #head: Head;
  readonly #visitor: RecordVisitor;
  #segment = 0;
  #entries: (SeriesEntry | undefined)[] = [];

  constructor(table: SeriesTable, head: Head, onMetadata: (metadata: MetricMetadata) => void) {
    this.#head = head;
    this.#visitor = {
      series: (id, labels) => {
        this.#entries[id] = table.ensure(labels);
      },
      sample: (id, unixMs, low, high, histogram) => {
        const entry = this.#entries[id];
        this.replayed++;
        if (entry === undefined) {
          this.lost++;
        } else if (unixMs <= entry.newestUnixMs) {
          this.skipped++;
        } else if (histogram === undefined) {
          this.#head.append(entry, unixMs, low, high, undefined);
          entry.setNewest(unixMs, low, high, false);
        } else {
          this.#head.append(entry, unixMs, low, high, histogram.value);
          entry.setNewest(unixMs, crc32c(histogram.bytes), histogram.bytes.length, true);
        }
      },
      metadata: onMetadata,
    };
  }

  record(payload: Uint8Array, segment: number): void {
    if (segment !== this.#segment) {
      this.#segment = segment;
      this.#entries = [];
    }
    decodeRecord(payload, this.#visitor);
  }
}
