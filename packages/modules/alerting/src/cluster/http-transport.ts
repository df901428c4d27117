import { BackendError, type Clock } from '@dwcp/core';

import { checkedUrl, HttpSender } from '../notify/http-sender.ts';
import { httpExtras } from '../receivers/secrets.ts';
import { type HttpSettings } from '../receivers/settings.ts';
import { type PeerAnswer, type PeerRequest, type PeerTransport } from './message.ts';
import { readPeerAnswer } from './read-message.ts';

/** Where an instance takes what its peers ask, behind its address. */
export const PEER_PATH = '/api/v1/alerts/cluster';
/** More of a request is not taken, more of an answer not read. */
export const MAX_PEER_BYTES = 8_388_608;
/** Requests that hang are ended by whoever asks; this is for those that forget. */
const TIMEOUT_MS = 60_000;

export interface HttpPeerTransportOptions {
  readonly clock: Clock;
  /** Authorization and certificates; files are read for each request. */
  readonly http?: HttpSettings;
}

/**
 * The address of a peer; may be in a private network.
 * @throws InvalidInputError for one that cannot or may not be posted to, as of a metadata service
 */
export function checkPeerUrl(url: string): URL {
  return checkedUrl('alerting.cluster.peers', url, true);
}

/** Posts to peers as JSON. They may be in private networks; metadata services are refused. */
export class HttpPeerTransport implements PeerTransport {
  readonly #options: HttpPeerTransportOptions;
  readonly #sender: HttpSender;

  constructor(options: HttpPeerTransportOptions) {
    this.#options = options;
    this.#sender = new HttpSender({
      name: 'alert cluster',
      allowPrivateNetwork: true,
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: MAX_PEER_BYTES,
      clock: options.clock,
    });
  }

  /**
   * @param url of the instance: `http://host:9000`, with the prefix of its path if it has one
   * @throws DeliveryError when no answer came, BackendError when it is none of an instance
   */
  async ask(
    url: string,
    request: PeerRequest,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<PeerAnswer> {
    const base = checkPeerUrl(url);
    const { headers, secrets, tls } = await httpExtras('alert cluster', this.#options.http);
    const { text } = await this.#sender.send(
      {
        url: new URL(`${base.pathname.replace(/\/+$/, '')}${PEER_PATH}`, base),
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(request),
      },
      { signal, secrets, tls },
    );
    try {
      return readPeerAnswer(JSON.parse(text));
    } catch (cause) {
      const message = `what ${base.host} answered is no answer of an instance`;
      throw new BackendError('alert cluster', message, { retryable: true, cause });
    }
  }
}
