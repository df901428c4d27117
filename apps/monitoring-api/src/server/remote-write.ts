import { type Readable } from 'node:stream';

import { ProblemSchema } from '@dwcp/api-schema';
import {
  type AppendResult,
  type Exemplar,
  type Labels,
  type MetricMetadata,
  type MetricTransaction,
  type NativeHistogram,
  NO_SERIES,
  type SeriesRef,
} from '@dwcp/core';
import {
  decodeRemoteWrite,
  readLabels,
  RemoteWriteError,
  type RemoteWriteVersion,
  remoteWriteVersionOf,
  type RemoteWriteVisitor,
  unpackSnappy,
} from '@dwcp/protocol-prometheus';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from './context.ts';
import { ProblemError } from './problem.ts';

/** Problems of one request that its answer tells of; the counters have all. */
const MAX_TOLD = 3;
/** An unpacked body may be so many times larger than the limit for bodies, which is for packed ones. */
const UNPACKED_RATIO = 4;

/**
 * Takes samples by Prometheus' remote write, 1.0 and 2.0. An answer of success means that all of the
 * request is durable. What is wrong in a request is refused with 400 and the rest of it is kept, as
 * Prometheus does: a sender does not send it again.
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec/
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
 */
export async function remoteWriteRoutes(
  app: FastifyInstance,
  { runtime }: ServerContext,
): Promise<void> {
  const { bodyLimitBytes } = runtime.config.server;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request: FastifyRequest, payload: unknown) =>
    partsOf(payload as Readable, bodyLimitBytes),
  );
  const { addedRegion } = runtime.config;
  const maxBytes = bodyLimitBytes * UNPACKED_RATIO;

  app.post(
    '/api/v1/write',
    {
      config: { monitoring: false },
      schema: {
        tags: ['Ingest'],
        summary: "Take samples by Prometheus' remote write, 1.0 or 2.0",
        description:
          'The body is a protobuf message, packed with snappy. 204 once all of it is durable.',
        consumes: ['application/x-protobuf'],
        response: { 204: Type.Null(), '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request, reply) => {
      const version = versionOf(request);
      const reader = new RequestReader(runtime.metricStore.begin(), addedRegion);
      decode(request.body, { version, maxBytes, reader });
      if (reader.metadataSeen.length > 0) runtime.metricStore.putMetadata(reader.metadataSeen);
      const result = await reader.commit();
      runtime.countRejected(result);
      if (version === '2.0') tellWritten(reply, result);
      const problems = reader.problems(result);
      if (problems !== undefined) {
        throw new ProblemError(400, 'samples-refused', 'Samples refused', problems);
      }
      return reply.code(204).send();
    },
  );
}

function versionOf({ headers }: FastifyRequest): RemoteWriteVersion {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'snappy';
  if (encoding !== 'snappy') {
    throw new ProblemError(
      415,
      'content-encoding',
      'Unsupported encoding',
      `remote write is packed with snappy, not ${encoding}`,
    );
  }
  const version = remoteWriteVersionOf(headers['content-type']);
  if (version !== undefined) return version;
  throw new ProblemError(
    415,
    'media-type',
    'Unsupported media type',
    'send application/x-protobuf with proto=prometheus.WriteRequest (1.0) or proto=io.prometheus.write.v2.Request (2.0)',
  );
}

/** In one go, without waiting: the unpacked message is only valid until the next one. */
function decode(
  body: unknown,
  options: {
    readonly version: RemoteWriteVersion;
    readonly maxBytes: number;
    readonly reader: RequestReader;
  },
): void {
  const { version, maxBytes, reader } = options;
  try {
    decodeRemoteWrite(unpackSnappy(joined(body as BodyParts), maxBytes), version, reader);
  } catch (error) {
    // Nothing of the request was committed.
    reader.abandon();
    if (!(error instanceof RemoteWriteError)) throw error;
    if (error.kind === 'too-large') {
      throw new ProblemError(413, 'body-too-large', 'Body too large', error.message);
    }
    throw new ProblemError(400, 'malformed-body', 'Malformed remote write', error.message);
  }
}

interface BodyParts {
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
}

/** The body as it comes in. Joining it would take new memory for each request: see `joined`. */
async function partsOf(payload: Readable, maxBytes: number): Promise<BodyParts> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  // What is refused is still read to its end, or the connection would hang: see `readToItsEnd`.
  for await (const part of payload.iterator({ destroyOnReturn: false })) {
    sizeBytes += (part as Uint8Array).length;
    if (sizeBytes > maxBytes) {
      throw new ProblemError(
        413,
        'body-too-large',
        'Body too large',
        'the body is larger than server.bodyLimitBytes; send it in parts',
      );
    }
    parts.push(part as Uint8Array);
  }
  return { parts, sizeBytes };
}

const MAX_KEPT_BYTES = 1024 * 1024;
let joinBuffer = new Uint8Array(64 * 1024);

/** The whole body, in memory that the next call uses again unless it is very long. */
function joined({ parts, sizeBytes }: BodyParts): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  if (sizeBytes > MAX_KEPT_BYTES) return Buffer.concat(parts, sizeBytes);
  if (joinBuffer.length < sizeBytes) joinBuffer = new Uint8Array(sizeBytes * 2);
  let at = 0;
  for (const part of parts) {
    joinBuffer.set(part, at);
    at += part.length;
  }
  return joinBuffer.subarray(0, sizeBytes);
}

/** Puts what a request holds into a transaction. */
class RequestReader implements RemoteWriteVisitor {
  readonly metadataSeen: MetricMetadata[] = [];
  readonly #transaction: MetricTransaction;
  readonly #addedRegion: string | undefined;
  readonly #told: string[] = [];
  #toldCount = 0;
  /** Parts that never got to the store. */
  #unreadable = 0;
  #series: SeriesRef = NO_SERIES;

  constructor(transaction: MetricTransaction, addedRegion: string | undefined) {
    this.#transaction = transaction;
    this.#addedRegion = addedRegion;
  }

  series(bytes: Uint8Array, start: number, end: number): boolean {
    const known = this.#transaction.find(bytes, start, end);
    this.#series = known === NO_SERIES ? this.#define(bytes, start, end) : known;
    return true;
  }

  sample(unixMs: number, low: number, high: number): void {
    this.#transaction.sample(this.#series, unixMs, low, high);
  }

  histogram(unixMs: number, histogram: NativeHistogram): void {
    this.#transaction.histogram(this.#series, unixMs, histogram);
  }

  exemplar(exemplar: Exemplar): void {
    this.#transaction.exemplar(this.#series, exemplar);
  }

  metadata(metadata: MetricMetadata): void {
    this.metadataSeen.push(metadata);
  }

  invalid(error: RemoteWriteError): void {
    this.#unreadable++;
    this.#tell(error);
  }

  async commit(): Promise<AppendResult> {
    const result = await this.#transaction.commit();
    if (this.#unreadable === 0) return result;
    const invalid = (result.rejected.invalid ?? 0) + this.#unreadable;
    return { ...result, rejected: { ...result.rejected, invalid } };
  }

  abandon(): void {
    this.#transaction.abandon();
  }

  /** What was wrong, for a person to read; undefined when nothing was. */
  problems({ rejected }: AppendResult): string | undefined {
    // As in Prometheus, no exemplar is worth refusing a request: they are counted only.
    const counts = Object.entries(rejected)
      .filter(([reason]) => reason !== 'exemplar')
      .map(([reason, count]) => `${reason}=${count}`);
    if (counts.length === 0 && this.#toldCount === 0) return undefined;
    const told = this.#told.join('; ');
    const kept = 'the rest of the request was kept';
    return [counts.join(', '), told, kept].filter((part) => part !== '').join('; ');
  }

  #tell({ message }: RemoteWriteError): void {
    this.#toldCount++;
    if (this.#told.length < MAX_TOLD) this.#told.push(message);
  }

  #define(bytes: Uint8Array, start: number, end: number): SeriesRef {
    let labels: Labels;
    try {
      labels = readLabels(bytes, start, end, { sort: true });
    } catch (error) {
      if (!(error instanceof RemoteWriteError)) throw error;
      this.#tell(error);
      // The samples of it are counted as they come.
      return this.#transaction.invalid();
    }
    const region = this.#addedRegion;
    const placed = region === undefined || labels.has('region') ? labels : labels.with({ region });
    return this.#transaction.define(bytes, start, end, placed);
  }
}

function tellWritten(reply: FastifyReply, result: AppendResult): void {
  const { appended, appendedHistograms = 0, appendedExemplars = 0 } = result;
  void reply.headers({
    'X-Prometheus-Remote-Write-Samples-Written': String(appended - appendedHistograms),
    'X-Prometheus-Remote-Write-Histograms-Written': String(appendedHistograms),
    'X-Prometheus-Remote-Write-Exemplars-Written': String(appendedExemplars),
  });
}
