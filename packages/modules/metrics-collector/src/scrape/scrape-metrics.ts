import { type Counter, type Instruments } from '@dwcp/core';

/** What the scraper says about itself. `scrape_job` is the job's name. */
export interface ScrapeMetrics {
  /** Labels scrape_job, reason. */
  readonly failures: Counter;
  /** Labels scrape_job. */
  readonly missedSlots: Counter;
  /** Labels scrape_job. */
  readonly duplicates: Counter;
  /** Labels scrape_job, reason. */
  readonly rejected: Counter;
  /** Labels scrape_job. */
  readonly lostSamples: Counter;
  /** Labels scrape_job. */
  readonly invalidTargets: Counter;
  /** Labels scrape_job. */
  readonly targetsOverLimit: Counter;
}

export function createScrapeMetrics(instruments: Instruments): ScrapeMetrics {
  return {
    failures: instruments.counter({
      name: 'dwcp_scrape_failures_total',
      help: 'Scrapes that came to nothing, by reason.',
      labelNames: ['scrape_job', 'reason'],
    }),
    missedSlots: instruments.counter({
      name: 'dwcp_scrape_missed_slots_total',
      help: 'Scrapes that were not made because the one before them was still at work.',
      labelNames: ['scrape_job'],
    }),
    duplicates: instruments.counter({
      name: 'dwcp_scrape_duplicate_samples_total',
      help: 'Samples left out because their series occurred twice in one scrape.',
      labelNames: ['scrape_job'],
    }),
    rejected: instruments.counter({
      name: 'dwcp_scrape_rejected_samples_total',
      help: 'Scraped samples that were not stored, by reason.',
      labelNames: ['scrape_job', 'reason'],
    }),
    lostSamples: instruments.counter({
      name: 'dwcp_scrape_lost_samples_total',
      help: 'Scraped samples that were lost because the store could not be written.',
      labelNames: ['scrape_job'],
    }),
    invalidTargets: instruments.counter({
      name: 'dwcp_scrape_invalid_targets_total',
      help: 'Targets that relabelling left without a usable address, interval or scheme.',
      labelNames: ['scrape_job'],
    }),
    targetsOverLimit: instruments.counter({
      name: 'dwcp_scrape_targets_over_limit_total',
      help: 'Targets left out because there are more than may be scraped, at each change of targets.',
      labelNames: ['scrape_job'],
    }),
  };
}
