export { ExpositionError } from './errors.ts';
export { EXPOSITION_CONTENT_TYPE, type ExpositionFormat, expositionFormatOf } from './format.ts';
export {
  type Exposition,
  type ExpositionSample,
  parseExposition,
  type ParseExpositionOptions,
} from './parse.ts';
export { ExpositionReader, type ExpositionReaderOptions } from './reader.ts';
export { decodeExposition, detach } from './text.ts';
export { type MetricFamily, writeExposition } from './write.ts';
export { decodeReadRequest } from './remote-read/decode-request.ts';
export {
  encodeChunkedReadResponses,
  encodeReadResponse,
  encodeReadSeries,
  readFrameHead,
} from './remote-read/encode.ts';
export { type ReadQuery, type ReadRequest, type ReadResponseType } from './remote-read/types.ts';
export { decodeRemoteWrite } from './remote-write/decode.ts';
export { encodeRemoteWrite, type EncodeRemoteWriteOptions } from './remote-write/encode.ts';
export { RemoteWriteError } from './remote-write/errors.ts';
export { remoteWriteHeaders, remoteWriteVersionOf } from './remote-write/headers.ts';
export { readLabels, type ReadLabelsOptions } from './remote-write/labels.ts';
export { unpackSnappy } from './remote-write/snappy.ts';
export {
  type RemoteWriteSeries,
  type RemoteWriteVersion,
  type RemoteWriteVisitor,
} from './remote-write/types.ts';
