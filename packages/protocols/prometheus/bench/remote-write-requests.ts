import { Labels } from '@dwcp/core';
import { type RemoteWriteSeries, type RemoteWriteVisitor } from '@dwcp/protocol-prometheus';

/** Series with the labels of a fleet of services, eight of some 200 bytes. */
export function fleet(seriesCount: number, sampleCount: number): RemoteWriteSeries[] {
  return Array.from({ length: seriesCount }, (_, i) => ({
    labels: Labels.from({
      __name__: `http_server_request_duration_seconds_${i % 20}`,
      instance: `10.0.${i % 250}.${i % 13}:9100`,
      job: 'payment-service',
      method: ['GET', 'POST', 'PUT'][i % 3] ?? '',
      region: 'eu-west-1',
      route: `/api/v1/items/${i % 40}`,
      status: String(200 + (i % 5)),
      zone: `eu-west-1${'abc'[i % 3]}`,
    }),
    timestamps: Float64Array.from(
      { length: sampleCount },
      (__, k) => 1_760_000_000_000 + k * 15_000 + i,
    ),
    values: Float64Array.from({ length: sampleCount }, (__, k) => i * 1.25 + k),
  }));
}

/** Looks at all it is told, as a store does at least. */
export class Counter implements RemoteWriteVisitor {
  sampleCount = 0;
  labelBytes = 0;
  sum = 0;

  series(_bytes: Uint8Array, start: number, end: number): boolean {
    this.labelBytes += end - start;
    return true;
  }

  sample(unixMs: number, low: number, high: number): void {
    this.sampleCount++;
    this.sum += unixMs + (low ^ high);
  }

  histogram(): void {}

  exemplar(): void {}

  metadata(): void {}
}
