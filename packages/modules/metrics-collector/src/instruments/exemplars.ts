import { type Clock, type Exemplar, isLegacyLabelName, Labels, type LabelValues } from '@dwcp/core';

/** What OpenMetrics allows the names and values of an exemplar's labels to have together. */
const MAX_CHARACTERS = 128;

/**
 * An exemplar for a value just seen.
 * @returns undefined when its labels are not what OpenMetrics allows: legacy names, at most 128
 *   characters of names and values together
 */
export function makeExemplar(
  labels: LabelValues,
  value: number,
  clock: Clock,
): Exemplar | undefined {
  let characters = 0;
  for (const name in labels) {
    const text = labels[name];
    if (typeof text !== 'string' || !isLegacyLabelName(name)) return undefined;
    characters += countCodePoints(name) + countCodePoints(text);
  }
  if (characters === 0 || characters > MAX_CHARACTERS) return undefined;
  return { labels: Labels.from(labels), value, unixMs: clock.nowUnixMs() };
}

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
