import { CLOUD_REGION, type LogRecord, SERVICE_NAME, wordsOf } from '@dwcp/core';

/** What a live tail wants to see. */
export interface TailFilter {
  /** Words that must all occur in the body, in any case. */
  readonly text?: string;
  readonly minSeverityNumber?: number;
  readonly maxSeverityNumber?: number;
  readonly service?: string;
  readonly region?: string;
}

/** Turns a filter into a test of a record. */
export function tailMatcher(filter: TailFilter): (record: LogRecord) => boolean {
  const words = wordsOf(filter.text ?? '');
  const { minSeverityNumber = 0, maxSeverityNumber = 24, service, region } = filter;
  return (record) => {
    const { severityNumber, resource, body } = record;
    if (severityNumber < minSeverityNumber || severityNumber > maxSeverityNumber) return false;
    if (service !== undefined && resource.attributes[SERVICE_NAME] !== service) return false;
    if (region !== undefined && resource.attributes[CLOUD_REGION] !== region) return false;
    return words.size === 0 || words.isSubsetOf(wordsOf(body));
  };
}

/**
 * Records for one reader who may be slower than they come. When it is full the oldest go, counted,
 * since a tail is about now.
 */
export class TailBuffer {
  readonly #capacity: number;
  #records: LogRecord[] = [];
  #dropped = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(record: LogRecord): void {
    this.#records.push(record);
    // Cutting half at once keeps a push cheap on average.
    if (this.#records.length > this.#capacity) {
      const surplus = Math.ceil(this.#capacity / 2);
      this.#records = this.#records.slice(surplus);
      this.#dropped += surplus;
    }
  }

  /** Takes what is there, and how many were dropped since the last time. */
  take(): { readonly records: readonly LogRecord[]; readonly dropped: number } {
    const taken = { records: this.#records, dropped: this.#dropped };
    this.#records = [];
    this.#dropped = 0;
    return taken;
  }
}
