import { type LabelMatcher } from '@dwcp/core';

/** The forms an answer can have; a client names those it takes, the best first. */
export type ReadResponseType = 'samples' | 'streamed-xor-chunks';

export interface ReadQuery {
  /** Inclusive, as is the end. */
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  readonly matchers: readonly LabelMatcher[];
}

export interface ReadRequest {
  readonly queries: readonly ReadQuery[];
  /** By number where we do not know it. Empty: samples. */
  readonly acceptedResponseTypes: readonly (ReadResponseType | number)[];
}
