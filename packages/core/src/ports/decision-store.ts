import { type Decision, type DecisionRecord } from '../decision.ts';
import { type CallOptions } from './metric-store.ts';

export interface DecisionQuery {
  /** Records that stood at some moment from here on: `lastUnixMs` is compared. Inclusive. */
  readonly startUnixMs: number;
  /** Records that began before. Exclusive. */
  readonly endUnixMs: number;
  /** Any of these. */
  readonly subjects?: readonly string[];
  readonly alertName?: string;
  /** Labels that must have exactly this value. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly kinds?: readonly Decision['kind'][];
  /** 1 to 10,000. */
  readonly limit: number;
  /** Where an earlier page ended. */
  readonly cursor?: string;
  /** By when they began. Default: newest first. */
  readonly order?: 'newest-first' | 'oldest-first';
}

export interface DecisionPage {
  readonly records: readonly DecisionRecord[];
  /** Undefined on the last page. Stable while records are added. */
  readonly nextCursor: string | undefined;
}

export interface DecisionStoreStats {
  readonly recordCount: number;
  readonly sizeBytes: number;
  /** Removed because there were more than there may be. */
  readonly droppedRecords: number;
}

/** Where decisions live. Each adapter runs `decisionStoreContract` from the testing package. */
export interface DecisionStore extends AsyncDisposable {
  /**
   * Keeps records and resolves once they are durable. One with the subject, topic and `unixMs` of a
   * kept record takes its place. Above the limit of records the oldest go.
   * @throws BackendError when that failed; then none is kept
   */
  put(records: readonly DecisionRecord[], options?: CallOptions): Promise<void>;
  /** @throws InvalidInputError for a limit or cursor that is wrong */
  search(query: DecisionQuery, options?: CallOptions): Promise<DecisionPage>;
  /** What stood at a moment: of each topic about a subject the last record that began by then. */
  inForce(
    subject: string,
    unixMs: number,
    options?: CallOptions,
  ): Promise<readonly DecisionRecord[]>;
  /** Removes what stood last before the moment; returns how many records went. */
  deleteBefore(unixMs: number): Promise<number>;
  stats(): DecisionStoreStats;
}
