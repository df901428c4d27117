import { type Labels, type MetricMetadata, type SampleBatchBuilder } from '@dwcp/core';
import {
  decodeExposition,
  detach,
  ExpositionError,
  type ExpositionFormat,
  expositionFormatOf,
  ExpositionReader,
} from '@dwcp/protocol-prometheus';

import { type HttpAnswer } from './http-client.ts';
import { storedLabels } from './sample-labels.ts';
import { ScrapeError } from './scrape-error.ts';
import { type ScrapeJob } from './scrape-job.ts';
import { type SeriesCache } from './series-cache.ts';
import { type Target } from './target.ts';

/** Samples further ahead of the scrape than this are refused, as Prometheus does. */
const MAX_AHEAD_MS = 10 * 60_000;

/** What a scrape brought, in the numbers that `scrape_...` series report. */
export interface ReadResult {
  scraped: number;
  postRelabelling: number;
  seriesAdded: number;
  duplicates: number;
  /** The first series that occurred twice. */
  firstDuplicate: string;
  tooFarAhead: number;
  /** Only what is new or changed since the scrapes before. */
  readonly metadata: MetricMetadata[];
}

export interface ReadOptions {
  readonly target: Target;
  readonly external: Labels;
  readonly cache: SeriesCache;
  readonly unixMs: number;
  readonly batch: SampleBatchBuilder;
  /** What is known of each family; kept up to date. */
  readonly knownMetadata: Map<string, MetricMetadata>;
}

export function emptyResult(): ReadResult {
  return {
    scraped: 0,
    postRelabelling: 0,
    seriesAdded: 0,
    duplicates: 0,
    firstDuplicate: '',
    tooFarAhead: 0,
    metadata: [],
  };
}

/**
 * Turns an answer into rows of the batch. The counts are right even when it throws: `result` is
 * filled as far as the reading went, as Prometheus reports them.
 * @throws ScrapeError, after which the batch must not be used and the cache be rolled back
 */
export function readSamples(
  { body, contentType }: HttpAnswer,
  options: ReadOptions,
  result: ReadResult,
): void {
  // Misbehaving servers send nothing at all now and then; that is no fault of the format.
  if (body.length === 0) return;
  const format = formatOf(contentType, options.target.job);
  try {
    const reader = new ExpositionReader(decodeExposition(body), { format });
    readAll(reader, options, result);
    noteMetadata(reader.metadata, options.knownMetadata, result.metadata);
  } catch (error) {
    if (!(error instanceof ExpositionError)) throw error;
    throw new ScrapeError('parse', error.message, { cause: error });
  }
}

function readAll(reader: ExpositionReader, options: ReadOptions, result: ReadResult): void {
  const { target, external, cache, unixMs, batch } = options;
  const { honorTimestamps, trackTimestampsStaleness, sampleLimit } = target.job;
  for (;;) {
    const guess = cache.guess();
    if (!reader.next(guess?.text)) break;
    result.scraped++;
    let cached = reader.expectedMatched ? guess : cache.find(reader.series);
    const isNew = cached === undefined;
    if (cached === undefined) {
      const labels = storedLabels(reader, target, external);
      if (labels !== undefined && sampleLimit > 0 && result.postRelabelling >= sampleLimit) {
        // Past the limit the answer is only counted; what may be far too much is not remembered.
        result.postRelabelling++;
        continue;
      }
      cached = cache.add(reader.series, labels);
    }
    cache.see(cached);
    const { series } = cached;
    if (series === undefined) continue;
    const ownUnixMs = honorTimestamps ? reader.unixMs : undefined;
    result.postRelabelling++;
    if (sampleLimit > 0 && result.postRelabelling > sampleLimit) continue;
    if (ownUnixMs === undefined) {
      if (cache.isRepeated(series)) {
        if (result.duplicates++ === 0) result.firstDuplicate = detach(reader.series);
        continue;
      }
      cache.trackStaleness(series);
    } else {
      if (ownUnixMs > unixMs + MAX_AHEAD_MS) {
        result.tooFarAhead++;
        continue;
      }
      if (trackTimestampsStaleness) cache.trackStaleness(series);
    }
    if (isNew) result.seriesAdded++;
    batch.add(series.labels, ownUnixMs ?? unixMs, reader.value);
  }
  if (sampleLimit > 0 && result.postRelabelling > sampleLimit) {
    throw new ScrapeError(
      'sample-limit',
      `sample limit exceeded (samples: ${result.postRelabelling}, limit: ${sampleLimit})`,
    );
  }
}

function formatOf(contentType: string | undefined, job: ScrapeJob): ExpositionFormat {
  const format = expositionFormatOf(contentType);
  if (format !== undefined) return format;
  if (job.fallbackScrapeProtocol !== undefined) {
    return job.fallbackScrapeProtocol.startsWith('OpenMetrics') ? 'openmetrics' : 'text';
  }
  const found =
    contentType === undefined
      ? 'the answer has no Content-Type'
      : `the Content-Type ${JSON.stringify(contentType.slice(0, 100))} is no metrics format`;
  throw new ScrapeError(
    'content-type',
    `${found}; expected text/plain or application/openmetrics-text (set fallback_scrape_protocol to take it anyway)`,
  );
}

/** Metadata is the same scrape after scrape; only changes are kept and reported. */
function noteMetadata(
  found: ReadonlyMap<string, MetricMetadata>,
  known: Map<string, MetricMetadata>,
  changes: MetricMetadata[],
): void {
  for (const each of found.values()) {
    const before = known.get(each.name);
    if (before?.type === each.type && before.help === each.help && before.unit === each.unit) {
      continue;
    }
    const kept: MetricMetadata = {
      name: detach(each.name),
      type: each.type,
      help: detach(each.help),
      unit: detach(each.unit),
    };
    known.set(kept.name, kept);
    changes.push(kept);
  }
  if (known.size <= 2 * found.size + 100) return;
  for (const name of known.keys()) if (!found.has(name)) known.delete(name);
}
