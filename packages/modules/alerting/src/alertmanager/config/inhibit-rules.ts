import { type LabelMatcher } from '@dwcp/core';

import { readLabelNames, readMatchers } from './matchers.ts';
import { type ConfigReader } from './reader.ts';
import { type ConfigRecord } from './record.ts';

/** Alerts that match the target are held back while one matches the source. */
export interface InhibitRuleConfig {
  readonly name: string;
  readonly source: readonly LabelMatcher[];
  readonly target: readonly LabelMatcher[];
  /** Labels that both must have the same; absent is ''. */
  readonly equal: readonly string[];
}

export function readInhibitRule(reader: ConfigReader, found: ConfigRecord): InhibitRuleConfig {
  return {
    name: found.text('name'),
    source: readMatchers(reader, found, {
      match: 'source_match',
      matchRe: 'source_match_re',
      matchers: 'source_matchers',
    }),
    target: readMatchers(reader, found, {
      match: 'target_match',
      matchRe: 'target_match_re',
      matchers: 'target_matchers',
    }),
    equal: readLabelNames(reader, found, 'equal'),
  };
}
