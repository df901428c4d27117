import { codecOf, type Codec, HISTOGRAM } from '../remote-write/oracle.ts';

/** The fields of https://github.com/prometheus/prometheus/blob/main/prompb/{remote,types}.proto */
const PROTO = `
  syntax = "proto3";
  message ReadRequest { repeated Query queries = 1; repeated int32 accepted_response_types = 2; }
  message Query {
    int64 start_timestamp_ms = 1;
    int64 end_timestamp_ms = 2;
    repeated LabelMatcher matchers = 3;
    ReadHints hints = 4;
  }
  message LabelMatcher { int32 type = 1; string name = 2; string value = 3; }
  message ReadHints { int64 step_ms = 1; string func = 2; int64 start_ms = 3; int64 end_ms = 4; }
  message ReadResponse { repeated QueryResult results = 1; }
  message QueryResult { repeated TimeSeries timeseries = 1; }
  message TimeSeries {
    repeated Label labels = 1;
    repeated Sample samples = 2;
    repeated Histogram histograms = 4;
  }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message ChunkedReadResponse { repeated ChunkedSeries chunked_series = 1; int64 query_index = 2; }
  message ChunkedSeries { repeated Label labels = 1; repeated Chunk chunks = 2; }
  message Chunk { int64 min_time_ms = 1; int64 max_time_ms = 2; int32 type = 3; bytes data = 4; }
  ${HISTOGRAM}
`;

export const readRequest: Codec = codecOf(PROTO, 'ReadRequest');
export const readResponse: Codec = codecOf(PROTO, 'ReadResponse');
export const chunkedReadResponse: Codec = codecOf(PROTO, 'ChunkedReadResponse');

export interface ReadResponseMessage {
  readonly results: readonly {
    readonly timeseries: readonly {
      readonly labels: readonly { readonly name: string; readonly value: string }[];
      readonly samples: readonly { readonly value?: number; readonly timestamp: string }[];
      readonly histograms: readonly unknown[];
    }[];
  }[];
}

export interface ChunkMessage {
  readonly min_time_ms: string;
  readonly max_time_ms: string;
  readonly type: number;
  readonly data: Uint8Array;
}

export interface ChunkedReadMessage {
  readonly chunked_series: readonly {
    readonly labels: readonly { readonly name: string; readonly value: string }[];
    readonly chunks: readonly ChunkMessage[];
  }[];
  readonly query_index?: string;
}

/** The messages of a stream, their checksums left unchecked. */
export function* framesOf(stream: Uint8Array): Generator<{
  readonly message: Uint8Array;
  readonly crc32c: number;
}> {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  for (let at = 0; at < stream.length;) {
    let length = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = stream[at++] ?? 0;
      length += (byte & 127) * factor;
      if (byte < 128) break;
    }
    const crc32c = view.getUint32(at);
    yield { message: stream.subarray(at + 4, at + 4 + length), crc32c };
    at += 4 + length;
  }
}
