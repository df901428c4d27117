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
