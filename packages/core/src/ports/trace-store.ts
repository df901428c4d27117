import { type Span } from '../span.ts';
import { type CallOptions } from './metric-store.ts';

export interface TraceQuery {
  /** Traces that started at or after this moment. */
  readonly startUnixNano: bigint;
  /** Traces that started before this moment. */
  readonly endUnixNano: bigint;
  /** A span of this `service.name` takes part. */
  readonly service?: string;
  /** A span of this name takes part (of that service, when both are given). */
  readonly operation?: string;
  /** A span of this `cloud.region` takes part. */
  readonly region?: string;
  /** Bounds on the trace's whole duration. */
  readonly minDurationNano?: bigint;
  readonly maxDurationNano?: bigint;
  /** Only traces with (true) or without (false) a span in error. */
  readonly hasError?: boolean;
  /** A span has these attributes (its own or its resource's), compared as text. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** 1 to 1,000. */
  readonly limit: number;
  readonly cursor?: string;
}

/** A trace in one line. Correct for the spans stored so far, late ones included. */
export interface TraceSummary {
  readonly traceId: string;
  /** Name and service of the root span, or of the earliest span while the root is missing. */
  readonly rootName: string;
  readonly rootService: string;
  readonly startUnixNano: bigint;
  readonly endUnixNano: bigint;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly services: readonly string[];
  readonly regions: readonly string[];
}

export interface TracePage {
  /** Newest first. */
  readonly traces: readonly TraceSummary[];
  readonly nextCursor: string | undefined;
}

export interface TraceStoreStats {
  readonly spanCount: number;
  readonly sizeBytes: number;
}

/** Where spans live. Each adapter runs `traceStoreContract` from the testing package. */
export interface TraceStore extends AsyncDisposable {
  /**
   * Appends and resolves once durable. A span with the trace and span id of a stored one replaces
   * it, so a repeated export is harmless.
   * @throws BackendError when that failed; then none is kept
   */
  append(spans: readonly Span[], options?: CallOptions): Promise<void>;
  /** All spans of a trace by start time; empty when there is none. */
  trace(traceId: string, options?: CallOptions): Promise<readonly Span[]>;
  /** @throws InvalidInputError for a cursor that is none of ours */
  search(query: TraceQuery, options?: CallOptions): Promise<TracePage>;
  /** Names of services, sorted. */
  services(): Promise<readonly string[]>;
  /** Span names seen in a service, sorted. */
  operations(service: string): Promise<readonly string[]>;
  /** Removes spans that ended before the moment; returns how many went. */
  deleteBefore(unixNano: bigint): Promise<number>;
  stats(): TraceStoreStats;
}
