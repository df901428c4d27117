import { type SampleBatch } from '../sample.ts';
import { type CallOptions } from './metric-store.ts';

/** A place in the feed of a store. Opaque text that may be stored, and compared for equality only. */
export type FeedPosition = string;

/** What was appended at a place, and the place behind it. */
export interface FeedEntry {
  /** Samples in the order in which they were appended. May be empty. */
  readonly batch: SampleBatch;
  readonly next: FeedPosition;
  /** Something between the place asked for and this entry was damaged or dropped. */
  readonly isAfterGap: boolean;
}

/**
 * All samples of a store in the order in which they became durable, again and again from any place
 * that is still held, also after a restart: what a sender with a durable queue reads.
 */
export interface SampleFeed {
  /** The place behind everything that is durable now. */
  end(): FeedPosition;
  /** The entry at a place; undefined at the end. */
  read(from: FeedPosition, options?: CallOptions): Promise<FeedEntry | undefined>;
  /** Resolves when there is something to read at the place. @throws the signal's reason */
  more(from: FeedPosition, options?: CallOptions): Promise<void>;
  /**
   * Keeps what is at the place and behind it for the reader of that name, in place of what it held
   * before. The store gives a hold up when it costs more than its limit; the reader meets a gap then.
   */
  hold(reader: string, from: FeedPosition): void;
  release(reader: string): void;
  /** Bytes and age of what lies between a place and the end. */
  backlog(from: FeedPosition): { readonly sizeBytes: number };
}
