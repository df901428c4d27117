import { type ReadFamily } from './family-builder.ts';
import { PushError } from './push-error.ts';
import { readProtobuf } from './read-protobuf.ts';
import { readText } from './read-text.ts';

const PROTOBUF = 'application/vnd.google.protobuf';

/** What a body held. */
export interface ReadPush {
  readonly families: readonly ReadFamily[];
  readonly nativeHistograms: number;
}

/**
 * Reads the body of a push by its `Content-Type`: delimited protobuf, OpenMetrics, and text for
 * everything else, since curl calls a body what it likes.
 * @throws PushError
 */
export function readPush(body: Uint8Array, contentType: string | undefined): ReadPush {
  const [mediaType = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim());
  switch (mediaType.toLowerCase()) {
    case PROTOBUF: {
      const isDelimited = parameters.some((part) => /^encoding="?delimited"?$/i.test(part));
      if (isDelimited) return readProtobuf(body);
      throw new PushError(
        'media-type',
        `${PROTOBUF} is taken with proto=io.prometheus.client.MetricFamily; encoding=delimited, got ` +
          JSON.stringify(contentType),
      );
    }
    case 'application/openmetrics-text':
      return { families: readText(body, 'openmetrics'), nativeHistograms: 0 };
    default:
      return { families: readText(body, 'text'), nativeHistograms: 0 };
  }
}
