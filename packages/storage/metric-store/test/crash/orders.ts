import { type Target } from './phases.ts';

/** What a child is told, as JSON in the first line of its standard input. */
export interface Orders {
  readonly dir: string;
  /** The first round to append. */
  readonly from: number;
  /** Rounds of which nobody knows whether they were stored: to be sent once more. */
  readonly again: readonly number[];
  readonly seed: number;
  readonly target?: Target | undefined;
}
