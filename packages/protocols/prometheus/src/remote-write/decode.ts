import { RequestReader1 } from './decode-v1.ts';
import { RequestReader2 } from './decode-v2.ts';
import { RemoteWriteError } from './errors.ts';
import { type RemoteWriteVersion, type RemoteWriteVisitor } from './types.ts';

/**
 * Tells a visitor what a request holds. Fields may come in any order and unknown ones are passed over,
 * as protobuf wants it; the usual order is the fast one.
 *
 * @param message unpacked protobuf, which must not change meanwhile
 * @throws RemoteWriteError when it cannot be read; the visitor may by then have been told of a part of it
 */
export function decodeRemoteWrite(
  message: Uint8Array,
  version: RemoteWriteVersion,
  visitor: RemoteWriteVisitor,
): void {
  const reader =
    version === '1.0' ? new RequestReader1(message, visitor) : new RequestReader2(message, visitor);
  try {
    reader.read();
  } catch (error) {
    if (!(error instanceof RemoteWriteError)) throw error;
    const where = reader.seriesIndex < 0 ? '' : `timeseries[${reader.seriesIndex}]: `;
    throw new RemoteWriteError(error.kind, `remote write ${version}: ${where}${error.message}`, {
      cause: error,
    });
  }
}
