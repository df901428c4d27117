import { type Clock, type Instruments, type Resource } from '@dwcp/core';
import {
  type DecodedMetrics,
  type OtlpMetric,
  type OtlpScope,
  type OtlpScopeMetrics,
} from '@dwcp/protocol-otlp';

import { DeltaTracker } from './delta-tracker.ts';
import { MetricFamily } from './metric-family.ts';
import { LabelNamer, type TranslationStrategy } from './names.ts';
import { createOtlpInstruments, type OtlpInstruments } from './otlp-instruments.ts';
import { type LabelOptions, ResourceLabels } from './point-labels.ts';
import { TargetInfo } from './target-info.ts';
import { type OtlpTranslation, Translation } from './translation.ts';

export interface OtlpMetricsTranslatorOptions {
  readonly clock: Clock;
  readonly instruments: Instruments;
  /** Default `UnderscoreEscapingWithSuffixes`. */
  readonly translationStrategy?: TranslationStrategy;
  /** The label that gets the resource's `cloud.region`; false for none. Default `region`. */
  readonly regionLabel?: string | false;
  /** The region of resources that name none. Default: they get no label. */
  readonly region?: string;
  /** Attributes of the resource that become labels of every series. Default none. */
  readonly promoteResourceAttributes?: readonly string[];
  /** Whether series get `otel_scope_name`, `_version`, `_schema_url` and attributes. Default false. */
  readonly scopeLabels?: boolean;
  /** Whether each resource gets a `target_info` series. Default true. */
  readonly targetInfo?: boolean;
  /** Series of delta temporality that are added up at once; further ones are refused. Default 100,000. */
  readonly maxDeltaSeries?: number;
  /** A delta series without points is forgotten after so long. Default one hour. */
  readonly deltaExpiryMs?: number;
  /** Buckets of a classic histogram; points with more are refused. Default 1,000. */
  readonly maxBuckets?: number;
  /** Buckets of a native histogram; its resolution is halved until they suffice. Default 320. */
  readonly maxNativeBuckets?: number;
}

/** Names of metrics kept per scope. */
const MAX_FAMILIES = 10_000;

/**
 * Turns OTLP metrics into series as Prometheus' OTLP receiver does, and adds up points of delta
 * temporality, see `DeltaTracker` for what that means after a restart.
 *
 * It keeps the labels of the series that it has seen, found by the objects that an
 * `OtlpMetricsCache` gives out again; so its memory follows that cache.
 *
 * Delta totals move on when a request is translated, not when its batch is appended. A request that
 * is sent again because the append failed is refused as a duplicate, and its observations are in
 * the next total.
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#otlp-metric-points-to-prometheus
 */
export class OtlpMetricsTranslator {
  readonly #strategy: TranslationStrategy;
  readonly #labelOptions: LabelOptions;
  readonly #deltas: DeltaTracker;
  readonly #limits: { readonly maxBuckets: number; readonly maxNativeBuckets: number };
  readonly #hasTargetInfo: boolean;
  readonly #instruments: OtlpInstruments;
  readonly #resources = new WeakMap<Resource, ResourceLabels>();
  readonly #families = new WeakMap<Resource, WeakMap<OtlpScope, Map<string, MetricFamily>>>();
  #expired = 0;

  constructor(options: OtlpMetricsTranslatorOptions) {
    const { clock, regionLabel = 'region' } = options;
    this.#strategy = options.translationStrategy ?? 'UnderscoreEscapingWithSuffixes';
    this.#labelOptions = {
      labelNames: new LabelNamer(this.#strategy),
      regionLabel: regionLabel === false ? undefined : regionLabel,
      region: options.region ?? '',
      promotedAttributes: options.promoteResourceAttributes ?? [],
      hasScopeLabels: options.scopeLabels ?? false,
    };
    this.#deltas = new DeltaTracker({
      clock,
      maxSeries: options.maxDeltaSeries ?? 100_000,
      expiryMs: options.deltaExpiryMs ?? 3_600_000,
    });
    this.#limits = {
      maxBuckets: options.maxBuckets ?? 1_000,
      maxNativeBuckets: options.maxNativeBuckets ?? 320,
    };
    this.#hasTargetInfo = options.targetInfo ?? true;
    this.#instruments = createOtlpInstruments(options.instruments);
  }

  /** Series of delta temporality that are being added up. */
  get deltaSeries(): number {
    return this.#deltas.size;
  }

  /** Never throws for what a request holds: a wrong point is refused and told. */
  translate(metrics: DecodedMetrics): OtlpTranslation {
    this.#deltas.sweep();
    const translation = new Translation(metrics, this.#deltas, {
      ...this.#limits,
      labelNames: this.#labelOptions.labelNames,
    });
    const targetInfo = this.#hasTargetInfo ? new TargetInfo() : undefined;
    for (const [i, { resource, scopeMetrics }] of metrics.resourceMetrics.entries()) {
      const labels = this.#labelsOf(resource);
      for (const [j, group] of scopeMetrics.entries()) {
        const families = this.#familiesOf(resource, group);
        for (const [k, metric] of group.metrics.entries()) {
          const path = (): string => `resourceMetrics[${i}].scopeMetrics[${j}].metrics[${k}]`;
          translation.add(metric, this.#familyOf(families, metric, group, labels), path);
        }
      }
      targetInfo?.add(translation, labels, scopeMetrics, `resourceMetrics[${i}].resource`);
    }
    const result = translation.finish();
    this.#count(translation);
    return result;
  }

  #labelsOf(resource: Resource): ResourceLabels {
    let labels = this.#resources.get(resource);
    if (labels === undefined) {
      labels = new ResourceLabels(resource, this.#labelOptions);
      this.#resources.set(resource, labels);
    }
    return labels;
  }

  #familiesOf(resource: Resource, { scope }: OtlpScopeMetrics): Map<string, MetricFamily> {
    let scopes = this.#families.get(resource);
    if (scopes === undefined) this.#families.set(resource, (scopes = new WeakMap()));
    let families = scopes.get(scope);
    if (families === undefined) scopes.set(scope, (families = new Map()));
    return families;
  }

  #familyOf(
    families: Map<string, MetricFamily>,
    metric: OtlpMetric,
    { scope, schemaUrl }: OtlpScopeMetrics,
    labels: ResourceLabels,
  ): MetricFamily {
    const kind = metric.type === 'sum' && metric.isMonotonic ? 'counter' : metric.type;
    const key = `${kind}\0${metric.unit}\0${schemaUrl}\0${metric.name}`;
    let family = families.get(key);
    if (family === undefined) {
      if (families.size >= MAX_FAMILIES) {
        families.clear();
        this.#instruments.cacheResets.inc();
      }
      family = new MetricFamily(metric, this.#strategy, (attributes) =>
        labels.ofPoint(attributes, scope, schemaUrl),
      );
      families.set(key, family);
    }
    return family;
  }

  #count(translation: Translation): void {
    const { points, rejected, deltaSeries, deltaExpired } = this.#instruments;
    points.inc(translation.pointCount);
    for (const [reason, count] of translation.reasons) rejected.labels({ reason }).inc(count);
    deltaSeries.set(this.#deltas.size);
    deltaExpired.inc(this.#deltas.expired - this.#expired);
    this.#expired = this.#deltas.expired;
  }
}
