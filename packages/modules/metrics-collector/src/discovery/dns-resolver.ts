import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';

import { type DnsRecordType } from './discovery-config.ts';

/** One record as discovery needs it. */
export interface DnsRecord {
  /** An address, or the name that a record of type SRV, MX or NS points to, without a final dot. */
  readonly target: string;
  /** Of SRV records. */
  readonly port?: number;
}

/** Asks the DNS. */
export interface DnsResolver {
  /**
   * @returns undefined when the name does not exist, no records when it has none of the type
   * @throws Error when that could not be found out
   */
  resolve(name: string, type: DnsRecordType): Promise<readonly DnsRecord[] | undefined>;
}

const TIMEOUT_MS = 5_000;
const TRIES = 2;

export interface SystemDnsOptions {
  /** Addresses of name servers, with a port where it is not 53. Default: those of the machine. */
  readonly servers?: readonly string[];
  /** Default /etc/resolv.conf. */
  readonly resolvConf?: string;
}

/**
 * The name servers of the machine, with its search list: a name is tried as `resolv.conf` says, as
 * Prometheus does.
 */
export class SystemDnsResolver implements DnsResolver {
  readonly #resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  readonly #resolvConf: string;

  constructor(options: SystemDnsOptions = {}) {
    if (options.servers !== undefined) this.#resolver.setServers(options.servers);
    this.#resolvConf = options.resolvConf ?? '/etc/resolv.conf';
  }

  async resolve(name: string, type: DnsRecordType): Promise<readonly DnsRecord[] | undefined> {
    let failure: Error | undefined;
    for (const each of candidateNames(name, await searchListOf(this.#resolvConf))) {
      try {
        const records = await this.#ask(each, type);
        if (records !== undefined) return records;
      } catch (error) {
        // Another candidate may still have an answer; without one nothing is known.
        failure ??= error instanceof Error ? error : new Error(String(error));
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  async #ask(name: string, type: DnsRecordType): Promise<readonly DnsRecord[] | undefined> {
    try {
      switch (type) {
        case 'A':
          return (await this.#resolver.resolve4(name)).map((target) => ({ target }));
        case 'AAAA':
          return (await this.#resolver.resolve6(name)).map((target) => ({ target }));
        case 'SRV':
          return (await this.#resolver.resolveSrv(name)).map(({ name: target, port }) => ({
            target,
            port,
          }));
        case 'MX':
          return (await this.#resolver.resolveMx(name)).map(({ exchange }) => ({
            target: exchange,
          }));
        case 'NS':
          return (await this.#resolver.resolveNs(name)).map((target) => ({ target }));
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTFOUND') return undefined;
      if (code === 'ENODATA') return [];
      throw error;
    }
  }
}

interface SearchList {
  readonly domains: readonly string[];
  readonly ndots: number;
}

/** The names to try in turn, as resolv.conf(5) describes it. */
export function candidateNames(name: string, { domains, ndots }: SearchList): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const searched = domains.map((domain) => `${name}.${domain}`);
  return name.split('.').length - 1 >= ndots ? [name, ...searched] : [...searched, name];
}

async function searchListOf(resolvConf: string): Promise<SearchList> {
  let text: string;
  try {
    text = await readFile(resolvConf, 'utf8');
  } catch {
    // Without the file names are taken as they are.
    text = '';
  }
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/);
    // The last of the two keywords counts.
    if (keyword === 'search') domains = words;
    else if (keyword === 'domain') domains = words.slice(0, 1);
    else if (keyword === 'options') {
      const found = words.map((word) => /^ndots:(\d+)$/.exec(word)?.[1]).find((each) => each);
      if (found !== undefined) ndots = Math.min(Number(found), 15);
    }
  }
  return { domains: domains.map((each) => each.replace(/\.$/, '')).filter(Boolean), ndots };
}
