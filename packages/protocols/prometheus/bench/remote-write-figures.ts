// Prints what packing, unpacking and decoding a request of 2,000 samples take: the best of many rounds.
//   npx -c 'node --conditions=@dwcp/source packages/protocols/prometheus/bench/remote-write-figures.ts'
import {
  decodeRemoteWrite,
  encodeRemoteWrite,
  readLabels,
  type RemoteWriteVersion,
  unpackSnappy,
} from '@dwcp/protocol-prometheus';

import { Counter, fleet } from './remote-write-requests.ts';

const MAX_BYTES = 64 << 20;
const SAMPLES = 2_000;

function measure(what: string, rounds: number, action: () => void, bytes?: number): void {
  let best = Infinity;
  for (let i = 0; i < rounds; i++) {
    const start = process.hrtime.bigint();
    action();
    best = Math.min(best, Number(process.hrtime.bigint() - start));
  }
  const rate = bytes === undefined ? '' : `, ${(bytes / best).toFixed(2)} GB/s`;
  console.log(
    `${what}: ${(best / 1e3).toFixed(0)} µs, ${((SAMPLES / best) * 1e3).toFixed(1)} M samples/s${rate}`,
  );
}

function requests(version: RemoteWriteVersion, seriesCount: number): void {
  const name = `${version}, ${seriesCount} series`;
  const rows = fleet(seriesCount, SAMPLES / seriesCount);
  const body = encodeRemoteWrite(rows, { version });
  const message = Uint8Array.from(unpackSnappy(body, MAX_BYTES));
  console.log(`${name}: ${message.length} bytes, packed ${body.length}`);
  measure(`${name}, unpack`, 5_000, () => unpackSnappy(body, MAX_BYTES), message.length);
  measure(`${name}, decode`, 5_000, () => decodeRemoteWrite(message, version, new Counter()));
  measure(`${name}, both`, 5_000, () => {
    decodeRemoteWrite(unpackSnappy(body, MAX_BYTES), version, new Counter());
  });
  measure(`${name}, encode`, 100, () => encodeRemoteWrite(rows, { version }));
}

requests('1.0', 2_000);
requests('1.0', 200);
requests('2.0', 2_000);
requests('2.0', 200);

class LabelReader extends Counter {
  override series(bytes: Uint8Array, start: number, end: number): boolean {
    return readLabels(bytes, start, end).size > 0;
  }
}
const all = unpackSnappy(encodeRemoteWrite(fleet(SAMPLES, 1), { version: '1.0' }), MAX_BYTES);
measure('1.0, 2000 series, every label read', 200, () => {
  decodeRemoteWrite(all, '1.0', new LabelReader());
});
