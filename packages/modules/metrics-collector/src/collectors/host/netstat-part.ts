import { type MetricSink } from '../metric-collector.ts';
import { type HostContext, type HostPart } from './host-part.ts';

/** node_exporter's choice of protocol statistics. */
const FIELD =
  /^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$/;

interface Column {
  readonly index: number;
  readonly metric: string;
}

/** Statistics of IP, ICMP, TCP and UDP, from /proc/net/netstat, snmp and snmp6. */
export class NetstatPart implements HostPart {
  readonly name = 'netstat';
  readonly #context: HostContext;
  /** The wanted columns by header line, which says protocol and columns. */
  readonly #columns = new Map<string, readonly Column[]>();
  /** The metric of a line of snmp6, or undefined where it is not wanted. */
  readonly #snmp6 = new Map<string, string | undefined>();

  constructor(context: HostContext) {
    this.#context = context;
  }

  collect(sink: MetricSink): void {
    this.#pairs(sink, this.#context.proc.read('net/netstat'));
    this.#pairs(sink, this.#context.proc.read('net/snmp'));
    this.#lines(sink);
  }

  /** `Tcp: ActiveOpens ...` and on the next line `Tcp: 12 ...`. */
  #pairs(sink: MetricSink, text: string): void {
    const lines = text.split('\n');
    for (let i = 0; i + 1 < lines.length; i += 2) {
      const wanted = this.#wanted(lines[i] ?? '');
      if (wanted.length === 0) continue;
      const values = (lines[i + 1] ?? '').split(' ');
      for (const { index, metric } of wanted) sink.add(metric, undefined, Number(values[index]));
    }
  }

  /** `Ip6InOctets    1234`; not there without IPv6. */
  #lines(sink: MetricSink): void {
    let text: string;
    try {
      text = this.#context.proc.read('net/snmp6');
    } catch {
      return;
    }
    for (const line of text.split('\n')) {
      const end = line.search(/\s/);
      if (end === -1) continue;
      const field = line.slice(0, end);
      if (!this.#snmp6.has(field)) {
        const [, protocol = '', name = ''] = /^([^6]+6)(.*)$/.exec(field) ?? [];
        this.#snmp6.set(field, this.#metric(protocol, name));
      }
      const metric = this.#snmp6.get(field);
      if (metric !== undefined) sink.add(metric, undefined, Number(line.slice(end)));
    }
  }

  #wanted(header: string): readonly Column[] {
    let columns = this.#columns.get(header);
    if (columns === undefined) {
      const [protocol = '', ...names] = header.split(' ');
      columns = names.flatMap((name, i) => {
        const metric = this.#metric(protocol.replace(':', ''), name);
        return metric === undefined ? [] : [{ index: i + 1, metric }];
      });
      this.#columns.set(header, columns);
    }
    return columns;
  }

  #metric(protocol: string, name: string): string | undefined {
    const field = `${protocol}_${name}`;
    if (!FIELD.test(field)) return undefined;
    this.#context.metadata.add(`node_netstat_${field}`, 'unknown', `Statistic ${protocol}${name}.`);
    return `node_netstat_${field}`;
  }
}

/** Sockets in use, from /proc/net/sockstat and sockstat6. */
export class SockstatPart implements HostPart {
  readonly name = 'sockstat';
  readonly #context: HostContext;
  readonly #pageSizeBytes: number;
  readonly #names = new Map<string, string>();

  constructor(context: HostContext, pageSizeBytes: number) {
    this.#context = context;
    this.#pageSizeBytes = pageSizeBytes;
  }

  collect(sink: MetricSink): void {
    this.#read(sink, this.#context.proc.read('net/sockstat'));
    try {
      this.#read(sink, this.#context.proc.read('net/sockstat6'));
    } catch {
      // A kernel without IPv6 has no such file.
    }
  }

  /** `TCP: inuse 5 orphan 0 tw 2 alloc 8 mem 3`. */
  #read(sink: MetricSink, text: string): void {
    for (const line of text.split('\n')) {
      const [protocol = '', ...pairs] = line.split(' ');
      for (let i = 0; i + 1 < pairs.length; i += 2) {
        const name = pairs[i] ?? '';
        const value = Number(pairs[i + 1]);
        sink.add(this.#metric(protocol, name), undefined, value);
        if (name !== 'mem') continue;
        sink.add(this.#metric(protocol, 'mem_bytes'), undefined, value * this.#pageSizeBytes);
      }
    }
  }

  #metric(protocol: string, name: string): string {
    const key = protocol + name;
    let metric = this.#names.get(key);
    if (metric === undefined) {
      const bare = protocol.replace(':', '');
      metric = `node_sockstat_${bare}_${name}`;
      this.#names.set(key, metric);
      const help = `Number of ${bare} sockets in state ${name}.`;
      this.#context.metadata.add(metric, 'gauge', help, name.endsWith('bytes') ? 'bytes' : '');
    }
    return metric;
  }
}
