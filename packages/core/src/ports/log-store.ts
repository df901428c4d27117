import { type LogRecord } from '../log-record.ts';
import { type CallOptions } from './metric-store.ts';

export interface LogQuery {
  /** Inclusive. */
  readonly startUnixNano: bigint;
  /** Exclusive. */
  readonly endUnixNano: bigint;
  /** Words that must all occur in the body, in any case. */
  readonly text?: string;
  /** Lowest severity number wanted. */
  readonly minSeverityNumber?: number;
  /** Highest severity number wanted. */
  readonly maxSeverityNumber?: number;
  /** The resource's `service.name`. */
  readonly service?: string;
  /** The resource's `cloud.region`. */
  readonly region?: string;
  readonly traceId?: string;
  readonly spanId?: string;
  /** Attributes of the record that must have exactly this value, compared as text. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** 1 to 10,000. */
  readonly limit: number;
  /** Where an earlier page ended. */
  readonly cursor?: string;
  /** Default: newest first. */
  readonly order?: 'newest-first' | 'oldest-first';
}

export interface LogPage {
  readonly records: readonly LogRecord[];
  /** Undefined on the last page. Stable while records are added. */
  readonly nextCursor: string | undefined;
}

export interface LogStoreStats {
  readonly recordCount: number;
  readonly sizeBytes: number;
}

/** Where log records live. Each adapter runs `logStoreContract` from the testing package. */
export interface LogStore extends AsyncDisposable {
  /** Appends and resolves once durable. @throws BackendError when that failed; then none is kept */
  append(records: readonly LogRecord[], options?: CallOptions): Promise<void>;
  /** @throws InvalidInputError for a cursor that is none of ours */
  search(query: LogQuery, options?: CallOptions): Promise<LogPage>;
  /** Removes what is older than the moment; returns how many records went. */
  deleteBefore(unixNano: bigint): Promise<number>;
  stats(): LogStoreStats;
}
