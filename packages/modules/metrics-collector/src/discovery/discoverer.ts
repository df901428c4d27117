import { type Cancellation } from '../scrape/cancellation.ts';
import { type TargetGroup } from './target-group.ts';

/** Looks for targets in one place, again and again. */
export interface Discoverer {
  /** How often to look. */
  readonly intervalMs: number;
  /**
   * Looks once. What cannot be found out leaves the groups of the look before, has been counted and
   * is told by `failure`.
   * @returns all groups there are now
   */
  look(cancellation: Cancellation): Promise<readonly TargetGroup[]>;
  /** Why the last look, or a part of it, came to nothing; undefined when it did not. */
  readonly failure: string | undefined;
}
