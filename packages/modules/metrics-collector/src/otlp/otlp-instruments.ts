import { type Counter, type Gauge, type Instruments } from '@dwcp/core';

/** What the translation of OTLP metrics says about itself. */
export interface OtlpInstruments {
  readonly points: Counter;
  /** Label reason. */
  readonly rejected: Counter;
  readonly deltaSeries: Gauge;
  readonly deltaExpired: Counter;
  readonly cacheResets: Counter;
}

export function createOtlpInstruments(instruments: Instruments): OtlpInstruments {
  return {
    points: instruments.counter({
      name: 'dwcp_otlp_points_total',
      help: 'Metric points that came in by OTLP and became samples.',
    }),
    rejected: instruments.counter({
      name: 'dwcp_otlp_rejected_points_total',
      help: 'Metric points that came in by OTLP and were refused, by reason.',
      labelNames: ['reason'],
    }),
    deltaSeries: instruments.gauge({
      name: 'dwcp_otlp_delta_series',
      help: 'Series of delta temporality whose points are being added up.',
    }),
    deltaExpired: instruments.counter({
      name: 'dwcp_otlp_delta_expired_total',
      help: 'Series of delta temporality that were forgotten because no more points came.',
    }),
    cacheResets: instruments.counter({
      name: 'dwcp_otlp_translation_cache_resets_total',
      help: 'Times that the names of a scope were forgotten because there were too many.',
    }),
  };
}
