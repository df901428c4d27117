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
export { DiscoveryError } from './discovery/discovery-error.ts';
export { type DiscoveryStatus } from './discovery/discovery-manager.ts';
export {
  type DiscoveryConfig,
  type DnsDiscoveryConfig,
  type DnsRecordType,
  type FileDiscoveryConfig,
  type HttpDiscoveryConfig,
} from './discovery/discovery-config.ts';
export {
  type DnsRecord,
  type DnsResolver,
  SystemDnsResolver,
  type SystemDnsOptions,
} from './discovery/dns-resolver.ts';
export { parseRelabelList } from './scrape/parse-relabel-list.ts';
export { parseScrapeConfigs, type ScrapeDefaults } from './scrape/parse-scrape-configs.ts';
export { relabel, type RelabelAction, type RelabelConfig } from './scrape/relabel.ts';
export { ScrapeError, type ScrapeFailure } from './scrape/scrape-error.ts';
export {
  type HeaderSettings,
  type HttpSettings,
  type ScrapeAuth,
  type TlsSettings,
} from './scrape/http-settings.ts';
export { type ScrapeJob, type ScrapeProtocol, type StaticTargets } from './scrape/scrape-job.ts';
export { ScrapeLoop, type ScrapeLoopOptions } from './scrape/scrape-loop.ts';
export { Scraper, type ScraperOptions } from './scrape/scraper.ts';
export { Secret } from './scrape/secret.ts';
export { type DroppedTarget } from './scrape/target.ts';
export { type TargetStatus } from './scrape/target-status.ts';

// OTLP
export { type TranslationStrategy } from './otlp/names.ts';
export { type OtlpTranslation } from './otlp/translation.ts';
export { OtlpMetricsTranslator, type OtlpMetricsTranslatorOptions } from './otlp/translator.ts';

// pushgateway
export { type GroupingKey, groupingKeyOf, parseGroupingPath } from './pushgateway/grouping-key.ts';
export { PushError, type PushRefusal } from './pushgateway/push-error.ts';
export {
  type LabelPair,
  type PushFamily,
  type PushGroup,
  type PushMetric,
  type PushMetricType,
  type PushPoint,
} from './pushgateway/push-group.ts';
export { pushGroupJson } from './pushgateway/push-json.ts';
export { noPushStorage, type PushStorage } from './pushgateway/push-storage.ts';
export {
  type Push,
  Pushgateway,
  type PushgatewayOptions,
  type PushgatewayStats,
} from './pushgateway/pushgateway.ts';
export {
  groupingPath,
  PushClient,
  type PushClientOptions,
  type PushClientStatus,
} from './pushgateway/push-client.ts';
