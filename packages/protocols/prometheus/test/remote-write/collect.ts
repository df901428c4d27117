import { type Exemplar, type Labels, type MetricMetadata, type NativeHistogram } from '@dwcp/core';
import {
  decodeRemoteWrite,
  readLabels,
  RemoteWriteError,
  type RemoteWriteVersion,
  unpackSnappy,
} from '@dwcp/protocol-prometheus';

export interface SeenSeries {
  readonly labels: Labels;
  /** Time, and the value's bits as sixteen hexadecimal digits. */
  readonly samples: (readonly [unixMs: number, bits: string])[];
  readonly histograms: (readonly [unixMs: number, histogram: NativeHistogram])[];
  readonly exemplars: Exemplar[];
}

export interface Seen {
  readonly series: SeenSeries[];
  readonly metadata: MetricMetadata[];
  readonly invalid: string[];
}

const MAX_BYTES = 16 << 20;

/** Unpacks and decodes a body, and keeps all it says. A series with bad labels is skipped and noted. */
export function collect(body: Uint8Array, version: RemoteWriteVersion): Seen {
  return collectMessage(Uint8Array.from(unpackSnappy(body, MAX_BYTES)), version);
}

export function collectMessage(message: Uint8Array, version: RemoteWriteVersion): Seen {
  const seen: Seen = { series: [], metadata: [], invalid: [] };
  let current: SeenSeries | undefined;
  const now = (): SeenSeries => {
    if (current === undefined) throw new Error('data without a series');
    return current;
  };
  decodeRemoteWrite(message, version, {
    series(bytes, start, end) {
      current = undefined;
      try {
        const labels = readLabels(bytes, start, end);
        current = { labels, samples: [], histograms: [], exemplars: [] };
      } catch (error) {
        if (!(error instanceof RemoteWriteError)) throw error;
        seen.invalid.push(error.message);
        return false;
      }
      seen.series.push(current);
      return true;
    },
    sample(unixMs, low, high) {
      now().samples.push([unixMs, hex(high) + hex(low)]);
    },
    histogram(unixMs, histogram) {
      now().histograms.push([unixMs, histogram]);
    },
    exemplar(exemplar) {
      now().exemplars.push(exemplar);
    },
    metadata(metadata) {
      seen.metadata.push(metadata);
    },
    invalid(error) {
      seen.invalid.push(error.message);
    },
  });
  return seen;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

export function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return hex(view.getInt32(0)) + hex(view.getInt32(4));
}

export const STALE_BITS = '7ff0000000000002';

/** The message of the RemoteWriteError that something throws. */
export function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof RemoteWriteError) return `${error.kind}: ${error.message}`;
    throw error;
  }
  return 'nothing was thrown';
}
