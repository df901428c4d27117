import {
  type Clock,
  type Instruments,
  type Labels,
  type Log,
  type MetricMetadata,
  type SampleFeed,
} from '@dwcp/core';
import { type RemoteWriteVersion } from '@dwcp/protocol-prometheus';

import { type CheckAddress } from './address-check.ts';
import { type PositionStore } from './position-store.ts';
import { type Transport } from './transport.ts';

/** How requests identify themselves. Files are read anew for each request, so that secrets can rotate. */
export type RemoteWriteAuthorization =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'bearer'; readonly tokenFile: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'basic'; readonly username: string; readonly passwordFile: string };

/** PEM text, or files of it. Files are looked at again every 30 s, so that certificates can rotate. */
export interface RemoteWriteTls {
  readonly ca?: string;
  readonly caFile?: string;
  readonly cert?: string;
  readonly certFile?: string;
  readonly key?: string;
  readonly keyFile?: string;
  /** The name that is asked for and checked; default: the host of the URL. */
  readonly serverName?: string;
  readonly insecureSkipVerify?: boolean;
  /** Default TLS 1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** One destination. */
export interface RemoteWriteOptions {
  /** Names the stored position, the hold on the feed, and the label `destination` of metrics. */
  readonly name: string;
  /** `http` or `https`, without user and password, such as `https://host/api/v1/write`. */
  readonly url: string;
  /** What is tried first: 2.0 falls back to 1.0 where the receiver does not know it. Default '2.0'. */
  readonly version?: RemoteWriteVersion;
  /** Sent with each request; the protocol's own headers cannot be set. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly authorization?: RemoteWriteAuthorization;
  readonly tls?: RemoteWriteTls;
  /** For a whole exchange. Default 30 s. */
  readonly timeoutMs?: number;
  /** Added to series that have no label of that name, before `relabel`. */
  readonly externalLabels?: Labels;
  /** Prometheus' write_relabel_configs; undefined drops the series. Must be pure: answers are kept. */
  readonly relabel?: (labels: Labels) => Labels | undefined;
  /** Default true. */
  readonly sendExemplars?: boolean;
  /** Default: in 2.0 only. With true in 1.0 too, where Prometheus understands them and others may not. */
  readonly sendNativeHistograms?: boolean;
  /** Rows in one request at most. Default 2,000. */
  readonly maxSamplesPerSend?: number;
  /** How long rows wait for company before a request that is not full. Default 500 ms. */
  readonly batchDelayMs?: number;
  /** Rows waiting per shard; from there on the feed is not read. Default 10,000. */
  readonly capacity?: number;
  /** Default 1. */
  readonly minShards?: number;
  /** Requests at once at most. Default 16. */
  readonly maxShards?: number;
  /** Default 30 ms. */
  readonly minBackoffMs?: number;
  /** Default 5 s. */
  readonly maxBackoffMs?: number;
  /** The longest wait that a receiver may ask for with Retry-After. Default 60 s. */
  readonly maxRetryAfterMs?: number;
  /** How often metadata are sent in 1.0. Default 60 s. */
  readonly metadataIntervalMs?: number;
  /** How often the position is saved: what was sent since is sent again after a kill. Default 1 s. */
  readonly saveIntervalMs?: number;
  /** How often the number of shards is thought over. Default 10 s. */
  readonly reshardIntervalMs?: number;
  /** Series whose relabeled form is kept. Default 200,000. */
  readonly seriesCacheSize?: number;
}

/** What a forwarder works with. */
export interface ForwarderPorts {
  readonly feed: SampleFeed;
  readonly positions: PositionStore;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly instruments?: Instruments;
  /** What is known of the metrics, such as `MetricStore.metadata`. */
  readonly metadata?: () => readonly MetricMetadata[];
  /** Judges each IP address before a connection is made to it. Default: all are allowed. */
  readonly checkAddress?: CheckAddress;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** Makes what carries the requests, in place of HTTP connections of its own. For tests. */
  readonly wrapTransport?: (transport: Transport) => Transport;
}
