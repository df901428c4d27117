import { Labels } from '@dwcp/core';

import { excerpt } from '../text.ts';
import { type RemoteWriteVisitor } from './types.ts';

/**
 * Reports an exemplar.
 * @param flat names and values in turn, in any order, as Prometheus accepts them here
 * @returns what is wrong with it; it is then not reported
 */
export function reportExemplar(
  visitor: RemoteWriteVisitor,
  flat: readonly string[],
  value: number,
  unixMs: number,
): string | undefined {
  const pairs: (readonly [string, string])[] = [];
  const names = new Set<string>();
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] ?? '';
    if (name === '') return `an exemplar of the value ${value}: a label has no name`;
    if (names.has(name)) {
      return `an exemplar of the value ${value}: the label ${excerpt(name)} occurs twice`;
    }
    names.add(name);
    pairs.push([name, flat[i + 1] ?? '']);
  }
  const labels = Labels.fromPairs(pairs);
  // On the wire 0 is the same as no timestamp.
  visitor.exemplar(unixMs === 0 ? { labels, value } : { labels, value, unixMs });
  return undefined;
}
