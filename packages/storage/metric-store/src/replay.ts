import { type MetricMetadata } from '@dwcp/core';
import { crc32c } from '@dwcp/segments';

import { type ExemplarTable } from './exemplar-table.ts';
import { type Head } from './head.ts';
import { type SeriesTable } from './series-table.ts';
import { decodeRecord, type RecordVisitor } from './wal-record.ts';

const UNKNOWN = -1;

/** Brings what the log has into the head. Ids of the log have a meaning inside their segment only. */
export class Replay {
  replayed = 0;
  /** Samples whose series was defined in a part of the log that is damaged. */
  lost = 0;
  readonly #visitor: RecordVisitor;
  #segment = 0;
  /** Our ids by those of the log. */
  #ids = new Int32Array(1_024).fill(UNKNOWN);

  constructor(
    table: SeriesTable,
    head: Head,
    exemplars: ExemplarTable,
    onMetadata: (metadata: MetricMetadata) => void,
  ) {
    const { state } = table;
    this.#visitor = {
      series: (logged, labels) => {
        if (logged >= this.#ids.length) {
          const larger = new Int32Array(logged * 2).fill(UNKNOWN);
          larger.set(this.#ids);
          this.#ids = larger;
        }
        this.#ids[logged] = table.ensure(labels).id;
      },
      sample: (logged, unixMs, low, high, histogram, isLate) => {
        const id = this.#ids[logged] ?? UNKNOWN;
        this.replayed++;
        if (id === UNKNOWN) {
          this.lost++;
        } else if (isLate || unixMs <= (state.newestUnixMs[id] ?? 0)) {
          // Also what was in order once: all newer samples had been deleted, and after the deletion was
          // cleaned up the blocks know of newer ones again.
          head.appendLate(id, unixMs, low, high, histogram?.value);
        } else if (histogram === undefined) {
          head.append(id, unixMs, low, high, undefined);
          state.setNewest(id, unixMs, low, high, false);
        } else {
          const { bytes, value } = histogram;
          head.append(id, unixMs, low, high, value);
          state.setNewest(id, unixMs, crc32c(bytes), bytes.length, true);
        }
      },
      exemplar: ({ id: logged, exemplar }) => {
        const id = this.#ids[logged] ?? UNKNOWN;
        if (id === UNKNOWN) this.lost++;
        else exemplars.add(id, exemplar);
      },
      metadata: onMetadata,
    };
  }

  record(payload: Uint8Array, segment: number): void {
    if (segment !== this.#segment) {
      this.#segment = segment;
      this.#ids.fill(UNKNOWN);
    }
    decodeRecord(payload, this.#visitor);
  }
}
