// One run of generated queries against both servers.
import {
  DATA_DURATION_MS,
  DATA_START_MS,
  pick,
  type Random,
  type RandomQuery,
} from '@dwcp/testing';

import { ask, type Answer, difference, hasHistogram, hasSameOrder, isEmpty } from './answers.ts';
import { type TwoServers } from './two-servers.ts';

/** Whole seconds, 2 modulo 5, never fall on a sample nor on a step of a subquery. */
export const QUERY_SECONDS = Array.from(
  { length: 9 },
  (_, i) => (DATA_START_MS + (DATA_DURATION_MS * i) / 8) / 1000 + 302,
);

export interface Difference {
  readonly expression: string;
  /** Where, and what differs. */
  readonly text: string;
  readonly got: Answer;
  readonly wanted: Answer;
}

interface Both {
  readonly got: Answer;
  readonly wanted: Answer;
}

export interface Run {
  readonly differences: readonly Difference[];
  /** Instant queries that Prometheus refused, answered with nothing, answered with histograms. */
  readonly failedCount: number;
  readonly emptyCount: number;
  readonly histogramCount: number;
}

export async function runQueries(
  { oursUrl, theirsUrl }: TwoServers,
  queries: Iterable<RandomQuery>,
  random: Random,
): Promise<Run> {
  const differences: Difference[] = [];
  let [failedCount, emptyCount, histogramCount] = [0, 0, 0];
  for (const { ours, theirs } of queries) {
    const time = pick(random, QUERY_SECONDS);
    const step = pick(random, [15, 35, 60, 300]);
    const end = time + step * Math.floor(random() * 40);
    const at = { time: String(time) };
    const over = { start: String(time), end: String(end), step: String(step) };
    const both = async (path: 'query' | 'query_range', parameters: Record<string, string>) => ({
      got: await ask(oursUrl, path, { query: ours, ...parameters }),
      wanted: await ask(theirsUrl, path, { query: theirs, ...parameters }),
    });
    const instant = await both('query', at);
    const range = await both('query_range', over);
    // What was kept of the first answer gives the same.
    const again = await ask(oursUrl, 'query_range', { query: ours, ...over });
    if ('error' in instant.wanted) failedCount++;
    if (isEmpty(instant.wanted)) emptyCount++;
    if (hasHistogram(instant.wanted)) histogramCount++;
    const report = (kind: string, { got, wanted }: Both, found: string): void => {
      const text = `${kind}: ${ours}\n    at ${time}, to ${end} by ${step}\n    ${found}`;
      differences.push({ expression: ours, text, got, wanted });
    };
    if (/^(?:sort|topk|bottomk)/.test(ours) && !hasSameOrder(instant.got, instant.wanted)) {
      report('instant', instant, 'the order differs');
    }
    const compared: Record<string, Both> = {
      instant,
      range,
      'range, asked again': { got: again, wanted: range.got },
    };
    for (const [kind, answers] of Object.entries(compared)) {
      const found = difference(answers.got, answers.wanted);
      if (found !== undefined) report(kind, answers, found);
    }
  }
  return { differences, failedCount, emptyCount, histogramCount };
}
