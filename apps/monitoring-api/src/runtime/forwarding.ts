import { BlockList, isIPv6 } from 'node:net';
import { join } from 'node:path';

import {
  type Clock,
  type Instruments,
  type Labels,
  type Log,
  type MetricMetadata,
  type SampleFeed,
} from '@dwcp/core';
import { relabel } from '@dwcp/metrics-collector';
import { RemoteWriteForwarder } from '@dwcp/metrics-forwarder';

import { type Config, type RemoteWriteConfig } from '../config/config.ts';
import { FilePositions } from './file-positions.ts';

export interface ForwardingParts {
  readonly config: Config;
  readonly feed: SampleFeed;
  readonly metadata: () => readonly MetricMetadata[];
  readonly clock: Clock;
  readonly log: Log;
  readonly instruments: Instruments;
}

/** Starts to send all samples on to the configured destinations. */
export async function startForwarding(
  parts: ForwardingParts,
): Promise<readonly RemoteWriteForwarder[]> {
  const { config, feed, metadata, clock, log, instruments } = parts;
  const positions = new FilePositions({ dir: join(config.dataDir, 'remote-write'), log });
  const ports = { feed, positions, metadata, clock, log, instruments, checkAddress };
  const forwarders = config.remoteWrite.map(
    (destination) => new RemoteWriteForwarder(optionsOf(destination), ports),
  );
  for (const forwarder of forwarders) await forwarder.start();
  return forwarders;
}

function optionsOf(
  destination: RemoteWriteConfig,
): ConstructorParameters<typeof RemoteWriteForwarder>[0] {
  const { name, url, version, authorization, caFile, timeoutMs, sendExemplars, maxShards } =
    destination;
  return {
    name,
    url,
    version,
    timeoutMs,
    sendExemplars,
    maxShards,
    ...(authorization === undefined ? {} : { authorization }),
    ...(caFile === undefined ? {} : { tls: { caFile } }),
    ...(destination.relabel.length === 0
      ? {}
      : { relabel: (labels: Labels) => relabel(labels, destination.relabel) }),
  };
}

const METADATA_ADDRESSES = new BlockList();
METADATA_ADDRESSES.addSubnet('169.254.0.0', 16, 'ipv4');
METADATA_ADDRESSES.addSubnet('fe80::', 10, 'ipv6');
METADATA_ADDRESSES.addAddress('fd00:ec2::254', 'ipv6');

/**
 * Receivers are inside private networks as a rule; the metadata services of clouds are none.
 * @returns why the IP address may not be talked to
 */
export function checkAddress(address: string): string | undefined {
  // However it is written: an IPv4 address may stand in an IPv6 one, a zone behind it.
  const [plain = ''] = address.split('%');
  return METADATA_ADDRESSES.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
    ? `${address} is a link-local address, where clouds keep their metadata`
    : undefined;
}
