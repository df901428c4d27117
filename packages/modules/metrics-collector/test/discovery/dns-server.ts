import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const TYPES = { 1: 'A', 2: 'NS', 15: 'MX', 28: 'AAAA', 33: 'SRV' } as const;

type RecordType = (typeof TYPES)[keyof typeof TYPES];

export interface TestRecord {
  readonly type: RecordType;
  /** An address, or a name. */
  readonly target: string;
  readonly port?: number;
}

/**
 * A name server over UDP with a table of names: RFC 1035, as much of it as resolvers ask. A name that
 * is not in the table does not exist; `broken` names fail.
 */
export class TestDnsServer implements AsyncDisposable {
  readonly #socket: Socket;
  readonly zone = new Map<string, readonly TestRecord[]>();
  readonly broken = new Set<string>();
  /** Names that were asked for. */
  readonly asked: string[] = [];

  static async start(): Promise<TestDnsServer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new TestDnsServer(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (query, { port, address }) => {
      socket.send(this.#answer(query), port, address);
    });
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #answer(query: Buffer): Buffer {
    const { name, end } = readName(query, 12);
    const type = TYPES[query.readUInt16BE(end) as keyof typeof TYPES];
    this.asked.push(name);
    const records = this.zone.get(name)?.filter((record) => record.type === type);
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    const code = this.broken.has(name) ? 2 : records === undefined ? 3 : 0;
    // An answer, recursion desired and available.
    head.writeUInt16BE(0x8180 | code, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(code === 0 ? (records?.length ?? 0) : 0, 6);
    const question = query.subarray(12, end + 4);
    const answers = code === 0 ? (records ?? []).map(writeRecord) : [];
    return Buffer.concat([head, question, ...answers]);
  }
}

function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const parts: string[] = [];
  let position = start;
  for (;;) {
    const length = message[position] ?? 0;
    position++;
    if (length === 0) return { name: parts.join('.'), end: position };
    parts.push(message.toString('latin1', position, position + length));
    position += length;
  }
}

function writeName(name: string): Buffer {
  const parts = name.split('.').filter((part) => part !== '');
  return Buffer.concat([
    ...parts.map((part) => Buffer.from(`${String.fromCharCode(part.length)}${part}`, 'latin1')),
    Buffer.from([0]),
  ]);
}

function writeRecord({ type, target, port = 0 }: TestRecord): Buffer {
  const data = dataOf(type, target, port);
  const number = Number(Object.entries(TYPES).find(([, each]) => each === type)?.[0]);
  const head = Buffer.alloc(12);
  // The name is that of the question, as a pointer to it.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(number, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function dataOf(type: RecordType, target: string, port: number): Buffer {
  switch (type) {
    case 'A':
      return Buffer.from(target.split('.').map(Number));
    case 'AAAA':
      return Buffer.from(target.replaceAll(':', ''), 'hex');
    case 'NS':
      return writeName(target);
    case 'MX':
      return Buffer.concat([Buffer.from([0, 10]), writeName(target)]);
    case 'SRV': {
      const head = Buffer.alloc(6);
      head.writeUInt16BE(port, 4);
      return Buffer.concat([head, writeName(target)]);
    }
  }
}
