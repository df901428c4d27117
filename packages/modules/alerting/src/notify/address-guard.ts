import { type LookupAddress } from 'node:dns';
import { lookup as dnsLookup } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Whether a server may be talked to, and if not, why. */
export type AddressVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: string };

/** Addresses of a host name. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', prefix = ''] = range.split('/');
    list.addSubnet(network, Number(prefix), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Where clouds keep the credentials of a machine, and where nobody is: never talked to. */
const never = blockList([
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  'ff00::/8',
]);

/** Loopback, private and otherwise not public. @see RFC 6890 */
const inside = blockList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '::/128',
  '::1/128',
  '100::/64',
  '2001:db8::/32',
  'fc00::/7',
  'fec0::/10',
]);

const METADATA_HOSTS: ReadonlySet<string> = new Set([
  'instance-data',
  'instance-data.ec2.internal',
  'metadata',
  'metadata.azure.internal',
  'metadata.goog',
  'metadata.google.internal',
]);

/** Judges a host name or literal address before anything is resolved. */
export function judgeHost(hostname: string, allowPrivateNetwork: boolean): AddressVerdict {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (isIP(host) !== 0) return judgeAddress(host, allowPrivateNetwork);
  if (METADATA_HOSTS.has(host)) {
    return { allowed: false, reason: `${host} is a cloud metadata service` };
  }
  if (!allowPrivateNetwork && (host === 'localhost' || host.endsWith('.localhost'))) {
    return privateVerdict(host);
  }
  return { allowed: true };
}

/** Judges an IP address. An IPv4 address inside an IPv6 one is judged as itself. */
export function judgeAddress(address: string, allowPrivateNetwork: boolean): AddressVerdict {
  const plain = address.replace(/%.*$/, '');
  const embedded = embeddedIpv4(plain);
  if (embedded !== undefined) return judgeAddress(embedded, allowPrivateNetwork);
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(plain) === 0) return { allowed: false, reason: `${plain} is no address` };
  if (never.check(plain, family)) {
    return { allowed: false, reason: `${plain} is a link-local, metadata or multicast address` };
  }
  if (!allowPrivateNetwork && inside.check(plain, family)) return privateVerdict(plain);
  return { allowed: true };
}

function privateVerdict(host: string): AddressVerdict {
  return {
    allowed: false,
    reason: `${host} is in a private network; set allowPrivateNetwork: true if that is wanted`,
  };
}

/** The address that `::ffff:a.b.c.d`, NAT64 `64:ff9b::/96` or 6to4 `2002::/16` lead to. */
function embeddedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const groups = expand(address);
  const at = (index: number): number => groups[index] ?? 0;
  const ipv4 = (high: number, low: number): string =>
    `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  if (at(0) === 0x2002) return ipv4(at(1), at(2));
  if (at(0) === 0x64 && at(1) === 0xff9b) return ipv4(at(6), at(7));
  const leadingZeros = groups.slice(0, 5).every((group) => group === 0);
  // ::ffff:0:0/96 is mapped; ::/96 is the old compatible form, of which :: and ::1 are not part.
  if (leadingZeros && at(5) === 0xffff) return ipv4(at(6), at(7));
  if (leadingZeros && at(5) === 0 && at(6) !== 0) return ipv4(at(6), at(7));
  return undefined;
}

/** The eight groups of an IPv6 address. */
function expand(address: string): readonly number[] {
  // The URL parser writes a dotted tail as two groups.
  const host = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = host.split('::');
  const groupsOf = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const front = groupsOf(head);
  if (tail === undefined) return front;
  const back = groupsOf(tail);
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
}

export const resolveWithDns: ResolveHost = async (hostname) => {
  const found = await dnsLookup(hostname, { all: true });
  return found.map(({ address }) => address);
};

/** A connection was refused because of where it leads. */
export class AddressRefusedError extends Error {}

/**
 * A `lookup` for `node:net` that gives only addresses that may be talked to. The check is of the
 * very addresses the socket connects to, so a name that resolves differently a second time (DNS
 * rebinding) gains nothing.
 */
export function guardedLookup(resolve: ResolveHost, allowPrivateNetwork: boolean): LookupFunction {
  const allowedAddresses = async (hostname: string): Promise<LookupAddress[] | Error> => {
    try {
      const addresses = await resolve(hostname);
      const verdicts = addresses.map((address) => judgeAddress(address, allowPrivateNetwork));
      const allowed = addresses.filter((_, index) => verdicts[index]?.allowed === true);
      if (allowed.length > 0) return allowed.map((address) => ({ address, family: isIP(address) }));
      const refusal = verdicts.find((verdict) => !verdict.allowed);
      const reason = refusal?.allowed === false ? refusal.reason : 'no address was found';
      return new AddressRefusedError(`${hostname}: ${reason}`);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  const lookup = async (
    ...[hostname, options, callback]: Parameters<LookupFunction>
  ): Promise<void> => {
    const found = await allowedAddresses(hostname);
    if (found instanceof Error) callback(found, '', 0);
    else if (options.all === true) callback(null, found);
    else callback(null, found[0]?.address ?? '', found[0]?.family);
  };
  return (hostname, options, callback) => {
    void lookup(hostname, options, callback);
  };
}
