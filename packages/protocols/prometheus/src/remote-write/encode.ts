// oxlint-disable-next-line typescript/triple-slash-reference -- other packages compile this source too
/// <reference path="./snappyjs.d.ts" />
import { type MetricMetadata } from '@dwcp/core';
import { compress } from 'snappyjs';

import { writeRequest1 } from './encode-v1.ts';
import { writeRequest2 } from './encode-v2.ts';
import { type RemoteWriteSeries, type RemoteWriteVersion } from './types.ts';
import { WireWriter } from './wire-writer.ts';

export interface EncodeRemoteWriteOptions {
  readonly version: RemoteWriteVersion;
  /** By family. 2.0 sends metadata with series, so there those of no series are left out. */
  readonly metadata?: readonly MetricMetadata[];
}

/** The body of a request: protobuf, packed with snappy. Send it with `remoteWriteHeaders`. */
export function encodeRemoteWrite(
  series: readonly RemoteWriteSeries[],
  options: EncodeRemoteWriteOptions,
): Uint8Array {
  const { version, metadata = [] } = options;
  const writer = new WireWriter();
  if (version === '1.0') {
    writeRequest1(writer, series, metadata);
    return compress(writer.written);
  }
  const symbolWriter = new WireWriter();
  writeRequest2(symbolWriter, writer, series, metadata);
  symbolWriter.append(writer.written);
  return compress(symbolWriter.written);
}
