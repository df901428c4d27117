// A real Prometheus and our own server, both told the same by remote write.
import {
  encodeRemoteWrite,
  remoteWriteHeaders,
  type RemoteWriteSeries,
} from '@dwcp/protocol-prometheus';
import { DATA_DURATION_MS, DATA_START_MS, startPrometheus } from '@dwcp/testing';

import { DwcpServer } from '../acceptance/dwcp-server.ts';

/** Prometheus takes nothing that is an hour older than its newest sample. */
const SLICE_MS = 10 * 60_000;

export interface TwoServers extends AsyncDisposable {
  readonly oursUrl: string;
  readonly theirsUrl: string;
}

export async function startBoth(
  program: string,
  series: readonly RemoteWriteSeries[],
): Promise<TwoServers> {
  await using started = new AsyncDisposableStack();
  const theirs = started.use(
    await startPrometheus(program, '', {
      args: [
        '--enable-feature=native-histograms,promql-at-modifier,promql-negative-offset',
        '--web.enable-remote-write-receiver',
        '--storage.tsdb.retention.time=100y',
      ],
    }),
  );
  const ours = started.use(await DwcpServer.start('retention: { metrics: 100y }\n'));
  for (const body of slices(series)) {
    await write(theirs.url, body);
    await write(ours.url, body);
  }
  const resources = started.move();
  return {
    oursUrl: ours.url,
    theirsUrl: theirs.url,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** The whole data as requests of ten minutes each. */
function* slices(series: readonly RemoteWriteSeries[]): Generator<Uint8Array> {
  const end = DATA_START_MS + DATA_DURATION_MS + 2 * SLICE_MS;
  for (let from = DATA_START_MS; from < end; from += SLICE_MS) {
    const parts = series.map((one) => between(one, from, from + SLICE_MS));
    // The stale marker of a histogram travels as a float, and a message has its floats first. So it
    // comes in a request of its own, after the histograms that it ends.
    const withHistograms = parts.flatMap(({ histograms = [], ...part }) => {
      const size = histograms.findLastIndex((one) => one !== undefined) + 1;
      return size === 0 ? [] : [{ ...head(part, size), histograms: histograms.slice(0, size) }];
    });
    const floats = parts.map(({ histograms = [], ...part }) => {
      const size = histograms.findLastIndex((one) => one !== undefined) + 1;
      return tail(part, size);
    });
    for (const request of [withHistograms, floats]) {
      const present = request.filter(({ timestamps }) => timestamps.length > 0);
      if (present.length > 0) yield encodeRemoteWrite(present, { version: '1.0' });
    }
  }
}

/** The samples with `startMs <= t < endMs`. */
function between(series: RemoteWriteSeries, startMs: number, endMs: number): RemoteWriteSeries {
  const { labels, timestamps, values, histograms } = series;
  const first = timestamps.filter((unixMs) => unixMs < startMs).length;
  const last = timestamps.filter((unixMs) => unixMs < endMs).length;
  const part = {
    labels,
    timestamps: timestamps.slice(first, last),
    values: values.slice(first, last),
  };
  return histograms === undefined ? part : { ...part, histograms: histograms.slice(first, last) };
}

const head = ({ labels, timestamps, values }: RemoteWriteSeries, size: number) => ({
  labels,
  timestamps: timestamps.slice(0, size),
  values: values.slice(0, size),
});
const tail = ({ labels, timestamps, values }: RemoteWriteSeries, size: number) => ({
  labels,
  timestamps: timestamps.slice(size),
  values: values.slice(size),
});

async function write(url: string, body: Uint8Array): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: remoteWriteHeaders('1.0'),
    body: Buffer.from(body),
  });
  if (!response.ok) {
    throw new Error(`${url} answered the write with ${response.status}: ${await response.text()}`);
  }
}
