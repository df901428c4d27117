export { HostCollector, type HostCollectorOptions } from './collectors/host/host-collector.ts';
export { type MetricCollector, type MetricSink } from './collectors/metric-collector.ts';
export {
  ProcessCollector,
  type ProcessCollectorOptions,
} from './collectors/process/process-collector.ts';
export { renderCollectors } from './collectors/render-collectors.ts';
export {
  contentTypeOf,
  type ExpositionFormat,
  joinExpositions,
} from './exposition/exposition-writer.ts';
export {
  InstrumentRegistry,
  type InstrumentRegistryOptions,
} from './instruments/instrument-registry.ts';
export { metricNameAdvice } from './instruments/names.ts';
export { type RejectionReason } from './instruments/rejections.ts';
export { CollectionLoop, type CollectionLoopOptions } from './loop/collection-loop.ts';
export { type CollectorStatus } from './loop/registration.ts';

// scrape
export { parseScrapeConfigs, type ScrapeDefaults } from './scrape/parse-scrape-configs.ts';
export { relabel, type RelabelAction, type RelabelConfig } from './scrape/relabel.ts';
export { ScrapeError, type ScrapeFailure } from './scrape/scrape-error.ts';
export {
  type ScrapeAuth,
  type ScrapeJob,
  type ScrapeProtocol,
  type StaticTargets,
} from './scrape/scrape-job.ts';
export { ScrapeLoop, type ScrapeLoopOptions } from './scrape/scrape-loop.ts';
export { Scraper, type ScraperOptions } from './scrape/scraper.ts';
export { Secret } from './scrape/secret.ts';
export { type DroppedTarget } from './scrape/target.ts';
export { type TargetStatus } from './scrape/target-status.ts';
