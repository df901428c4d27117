import { type LookupAddress } from 'node:dns';
import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';

/**
 * Says why an IP address may not be talked to; undefined when it may.
 * @param hostname as the URL has it
 */
export type CheckAddress = (address: string, hostname: string) => string | undefined;

/** A connection was refused because of where it leads. */
export class AddressRefusedError extends Error {}

/** Checks an address that stands in the URL itself: it is never looked up. @throws AddressRefusedError */
export function checkLiteral(hostname: string, check: CheckAddress): void {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) === 0) return;
  const reason = check(address, hostname);
  if (reason !== undefined) throw new AddressRefusedError(`${hostname}: ${reason}`);
}

/**
 * A `lookup` for `node:net` that gives only addresses that may be talked to. The very address is
 * checked that the socket connects to, so a name that resolves differently a second time (DNS
 * rebinding) gains nothing.
 */
export function checkedLookup(check: CheckAddress): LookupFunction {
  const allowedAddresses = async (hostname: string): Promise<LookupAddress[] | Error> => {
    try {
      const addresses = await dnsLookup(hostname, { all: true });
      const refusals: string[] = [];
      const allowed = addresses.filter(({ address }) => {
        const reason = check(address, hostname);
        if (reason !== undefined) refusals.push(reason);
        return reason === undefined;
      });
      if (allowed.length > 0) return allowed;
      return new AddressRefusedError(`${hostname}: ${refusals[0] ?? 'no address was found'}`);
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
