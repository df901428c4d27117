import { type RemoteWriteVersion } from './types.ts';

const MESSAGE_1 = 'prometheus.WriteRequest';
const MESSAGE_2 = 'io.prometheus.write.v2.Request';

/** The headers a sender sets beside its authorization. */
export function remoteWriteHeaders(version: RemoteWriteVersion): Record<string, string> {
  return {
    'Content-Type':
      version === '1.0' ? 'application/x-protobuf' : `application/x-protobuf;proto=${MESSAGE_2}`,
    'Content-Encoding': 'snappy',
    'X-Prometheus-Remote-Write-Version': version === '1.0' ? '0.1.0' : '2.0.0',
  };
}

/**
 * The version a Content-Type names: a protobuf without `proto` is 1.0, and so is a missing header,
 * as in Prometheus. The header X-Prometheus-Remote-Write-Version decides nothing.
 * @returns undefined for what is no remote write: answer 415, on which senders fall back to 1.0
 */
export function remoteWriteVersionOf(
  contentType: string | undefined,
): RemoteWriteVersion | undefined {
  if (contentType === undefined || contentType.trim() === '') return '1.0';
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim());
  if (type.toLowerCase() !== 'application/x-protobuf') return undefined;
  for (const parameter of parameters) {
    const match = /^proto\s*=\s*"?([^"]*)"?$/i.exec(parameter);
    if (match === null) continue;
    if (match[1] === MESSAGE_1) return '1.0';
    return match[1] === MESSAGE_2 ? '2.0' : undefined;
  }
  return '1.0';
}
