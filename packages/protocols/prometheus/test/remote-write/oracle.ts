import protobuf from 'protobufjs';

export const HISTOGRAM = `
  message Histogram {
    oneof count { uint64 count_int = 1; double count_float = 2; }
    double sum = 3;
    sint32 schema = 4;
    double zero_threshold = 5;
    oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
    repeated BucketSpan negative_spans = 8;
    repeated sint64 negative_deltas = 9;
    repeated double negative_counts = 10;
    repeated BucketSpan positive_spans = 11;
    repeated sint64 positive_deltas = 12;
    repeated double positive_counts = 13;
    int32 reset_hint = 14;
    int64 timestamp = 15;
    repeated double custom_values = 16;
  }
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }
`;

/** The fields of https://github.com/prometheus/prometheus/blob/main/prompb/{types,remote}.proto */
const V1 = `
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
  message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
  message TimeSeries {
    repeated Label labels = 1;
    repeated Sample samples = 2;
    repeated Exemplar exemplars = 3;
    repeated Histogram histograms = 4;
  }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
  ${HISTOGRAM}
`;

/** And of prompb/io/prometheus/write/v2/types.proto */
const V2 = `
  syntax = "proto3";
  message Request { repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
  message TimeSeries {
    repeated uint32 labels_refs = 1;
    repeated Sample samples = 2;
    repeated Histogram histograms = 3;
    repeated Exemplar exemplars = 4;
    Metadata metadata = 5;
    int64 created_timestamp = 6;
  }
  message Exemplar { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3; }
  message Sample { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
  message Metadata { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
  ${HISTOGRAM}
`;

export function codecOf(proto: string, name: string): Codec {
  const type = protobuf.parse(proto, { keepCase: true }).root.lookupType(name);
  return {
    encode: (value) => Uint8Array.from(type.encode(type.fromObject({ ...value })).finish()),
    decode: (bytes) => type.toObject(type.decode(bytes), { longs: String, arrays: true }),
  };
}

/** Messages as protobufjs reads and writes them: the names are those of the proto files, 64-bit integers are strings. */
export interface Codec {
  encode(value: object): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

export const writeRequest1: Codec = codecOf(V1, 'WriteRequest');
export const writeRequest2: Codec = codecOf(V2, 'Request');
