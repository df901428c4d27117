import { Labels } from '@dwcp/core';
import {
  encodeRemoteWrite,
  remoteWriteHeaders,
  type RemoteWriteSeries,
} from '@dwcp/protocol-prometheus';

/** Distinct values of the label `text`, in which a backtracking engine would lose itself. */
const LONG_TEXTS = 3_200;
const SERIES_PER_WRITE = 4_000;

/** When the data ends: a whole minute. */
export const END_MS = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;

/** The selectors that the queries use, and how much each of them selects. */
export const SHAPES = {
  wide: { series: 40_000, samples: 3 },
  many: { series: LONG_TEXTS, samples: 20 },
  more: { series: LONG_TEXTS, samples: 20 },
  day: { series: 20, samples: 5_760 },
} as const;

export type Shape = keyof typeof SHAPES;

const LABELS: Readonly<Record<Shape, (i: number) => Readonly<Record<string, string>>>> = {
  wide: (i) => ({ i: String(i), job: `job-${i % 40}`, pod: `pod-${i % 4_000}-${'x'.repeat(20)}` }),
  many: (i) => ({ i: String(i), text: `${'a'.repeat(200)}${i}!` }),
  more: (i) => ({ i: String(i) }),
  day: (i) => ({ i: String(i), le: String(i) }),
};

/** Writes all of it; samples lie 15 s apart and end at END_MS. */
export async function writeManySeries(url: string): Promise<void> {
  for (const shape of Object.keys(SHAPES) as Shape[]) {
    const { series: count } = SHAPES[shape];
    for (let from = 0; from < count; from += SERIES_PER_WRITE) {
      const part = Array.from({ length: Math.min(SERIES_PER_WRITE, count - from) }, (_, i) =>
        seriesOf(shape, from + i),
      );
      const response = await fetch(`${url}/api/v1/write`, {
        method: 'POST',
        headers: remoteWriteHeaders('1.0'),
        body: encodeRemoteWrite(part, { version: '1.0' }),
      });
      if (!response.ok) throw new Error(`${shape}: ${response.status} ${await response.text()}`);
    }
  }
}

function seriesOf(shape: Shape, i: number): RemoteWriteSeries {
  const { samples } = SHAPES[shape];
  return {
    labels: Labels.from({ __name__: shape, ...LABELS[shape](i) }),
    timestamps: Float64Array.from(
      { length: samples },
      (_, at) => END_MS - (samples - 1 - at) * 15_000,
    ),
    values: Float64Array.from({ length: samples }, (_, at) => at * (i + 1)),
  };
}
