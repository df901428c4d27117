import { type RejectReason } from '@dwcp/core';

import { type ApiError } from './api-error.ts';

/**
 * Why a receiver of remote write refused rows, read from its words, which are all it gives.
 * @returns undefined when the answer is about something else, such as the request as a whole
 * @see the errors of storage/interface.go and web/api/v1 in Prometheus 2.42 to 3
 */
export function refusalReason({ status, message }: ApiError): RejectReason | undefined {
  // 2.42 answers 500 for labels and histograms it cannot take.
  if (status !== 400 && status !== 500) return undefined;
  return REASONS.find(([words]) => words.test(message))?.[1];
}

const REASONS: readonly (readonly [RegExp, RejectReason])[] = [
  [/duplicate sample/i, 'duplicate'],
  [/too far in(?:to)? the future/i, 'too-far-ahead'],
  [/out of bounds|too old/i, 'too-old'],
  [/out of order/i, 'out-of-order'],
  [/labels? limit|label_limit|too many labels|label (?:name|value) too long/i, 'label-limit'],
  [/series limit|max series/i, 'series-limit'],
  [/invalid sample|invalid labels?|invalid metric name|empty labelset|label name/i, 'invalid'],
  [/native histograms? (?:are|is) (?:disabled|not)|histogram(?:'s| has| spans)|schema/i, 'invalid'],
];
