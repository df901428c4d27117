import { type Exemplar, InvalidInputError, type Labels, type MetricMetadata } from '@dwcp/core';

import { ExpositionError } from './errors.ts';
import { type ExpositionFormat } from './format.ts';
import { ExpositionReader } from './reader.ts';
import { decodeExposition, detach } from './text.ts';

export interface ExpositionSample {
  /** With `__name__`. */
  readonly labels: Labels;
  readonly value: number;
  /** The sample's own timestamp. */
  readonly unixMs?: number;
  readonly exemplar?: Exemplar;
}

export interface ParseExpositionOptions {
  readonly format: ExpositionFormat;
  /** OpenMetrics: hold every MUST of the specification, not only what Prometheus asks. */
  readonly strict?: boolean;
  /**
   * `fail`, the default, throws at the first bad line, as a scrape must. `skip` leaves bad lines out
   * and lists them: for imports. It does not go with `strict`, whose rules span lines.
   */
  readonly onBadLine?: 'fail' | 'skip';
  /** Bad lines listed at most; all are counted. Default 100. */
  readonly maxProblems?: number;
  /** With more bad lines than this the whole body is refused. Default 10,000. */
  readonly maxBadLines?: number;
}

export interface Exposition {
  readonly samples: readonly ExpositionSample[];
  readonly metadata: readonly MetricMetadata[];
  /** The first bad lines that were left out. */
  readonly problems: readonly ExpositionError[];
  readonly badLineCount: number;
}

/**
 * Reads a whole exposition in Prometheus text 0.0.4 or OpenMetrics 1.0.
 * @param body bytes must be UTF-8
 * @throws ExpositionError at the first bad line; with `onBadLine: 'skip'` at too many bad lines
 */
export function parseExposition(
  body: string | Uint8Array,
  options: ParseExpositionOptions,
): Exposition {
  const { format, strict = false, onBadLine = 'fail' } = options;
  const { maxProblems = 100, maxBadLines = 10_000 } = options;
  const skip = onBadLine === 'skip';
  if (skip && strict) {
    throw new InvalidInputError('onBadLine', "'skip' does not go with strict; use 'fail'");
  }
  const text = typeof body === 'string' ? body : decodeExposition(body);
  const reader = new ExpositionReader(text, { format, strict, lineByLine: skip });
  const samples: ExpositionSample[] = [];
  const problems: ExpositionError[] = [];
  let badLineCount = 0;
  for (;;) {
    try {
      if (!reader.next()) break;
      samples.push(currentSample(reader));
    } catch (error) {
      if (!skip || !(error instanceof ExpositionError)) throw error;
      badLineCount++;
      if (badLineCount > maxBadLines) {
        throw new ExpositionError(
          error.line,
          `more than ${maxBadLines} bad lines, the last: ${error.reason}`,
          { cause: error },
        );
      }
      if (problems.length < maxProblems) problems.push(error);
      reader.skipLine();
    }
  }
  return { samples, metadata: [...reader.metadata.values()].map(detached), problems, badLineCount };
}

function currentSample(reader: ExpositionReader): ExpositionSample {
  const labels = reader.labels();
  const { value, unixMs, exemplar } = reader;
  if (unixMs === undefined && exemplar === undefined) return { labels, value };
  return {
    labels,
    value,
    ...(unixMs !== undefined && { unixMs }),
    ...(exemplar !== undefined && { exemplar }),
  };
}

function detached(metadata: MetricMetadata): MetricMetadata {
  const { name, type, help, unit } = metadata;
  return { name: detach(name), type, help: detach(help), unit: detach(unit) };
}
