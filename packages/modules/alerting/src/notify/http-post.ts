import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type LookupFunction } from 'node:net';
import { type SecureContextOptions } from 'node:tls';

/** How TLS is spoken with a receiver, in Node's terms. */
export type TlsOptions = Pick<
  SecureContextOptions,
  'ca' | 'cert' | 'key' | 'minVersion' | 'maxVersion'
> & {
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
};

export interface PostOptions {
  readonly url: URL;
  /** Default POST. */
  readonly method?: 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly lookup: LookupFunction;
  readonly tls?: TlsOptions;
  /** More of the answer is not read. */
  readonly maxResponseBytes: number;
}

export interface PostAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The beginning of the answer. */
  readonly text: string;
}

/**
 * Posts over a connection of its own and follows no redirect.
 * @throws the socket's error, or an AbortError
 */
export async function post(options: PostOptions): Promise<PostAnswer> {
  const { url, headers, body, signal, lookup, maxResponseBytes } = options;
  const { promise, resolve, reject } = Promise.withResolvers<PostAnswer>();
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(
    url,
    {
      ...(url.protocol === 'https:' ? options.tls : {}),
      method: options.method ?? 'POST',
      // A kept connection would skip the check of the address.
      agent: false,
      lookup,
      signal,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    },
    (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = (): void => {
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'],
          text: Buffer.concat(chunks).subarray(0, maxResponseBytes).toString(),
        });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size < maxResponseBytes) return;
        // What the receiver decided is in the status line; the rest of a flood is not wanted.
        finish();
        request.destroy();
      });
      response.on('end', finish);
      response.on('error', reject);
    },
  );
  request.on('error', reject);
  request.end(body);
  return await promise;
}
