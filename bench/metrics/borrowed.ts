// Two libraries of @dwcp/protocol-prometheus that bring no types, or are its test's alone. The
// workspace's root depends on neither, so they are looked up from there.
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { REPOSITORY } from './paths.ts';

const require = createRequire(join(REPOSITORY, 'packages/protocols/prometheus/package.json'));

/** Snappy's block format. */
export const snappy = require('snappyjs') as {
  readonly compress: (bytes: Uint8Array) => Uint8Array;
  readonly uncompress: (bytes: Uint8Array) => Uint8Array;
};

interface DecodedSeries {
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  readonly samples: readonly { readonly value: number; readonly timestamp: unknown }[];
}

const protobuf = require('protobufjs') as {
  readonly parse: (schema: string) => {
    readonly root: {
      readonly lookupType: (name: string) => { readonly decode: (bytes: Uint8Array) => unknown };
    };
  };
};

const WriteRequest = protobuf
  .parse(
    `syntax = "proto3";
    message WriteRequest { repeated TimeSeries timeseries = 1; }
    message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
    message Label { string name = 1; string value = 2; }
    message Sample { double value = 1; int64 timestamp = 2; }`,
  )
  .root.lookupType('WriteRequest');

/** Reads a body with protobufjs, which knows nothing of how it was packed. */
export function decodeWriteRequest(body: Uint8Array): readonly DecodedSeries[] {
  const decoded = WriteRequest.decode(snappy.uncompress(body)) as {
    readonly timeseries: readonly DecodedSeries[];
  };
  return decoded.timeseries;
}
