// Sends a file of requests at a rate: node live-writer.ts URL FILE SAMPLES_PER_SECOND
//
// A request is due at its own moment, whatever became of those before it, and the time to its
// acknowledgement counts from there: a server that stands still delays all that were due meanwhile.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { type PackedRequest, readRequests } from '../metrics/request-file.ts';

const LANES = 4;

const [serverUrl = '', path = '', rate = ''] = process.argv.slice(2);
const url = new URL('/api/v1/write', serverUrl);
const agent = new Agent({ keepAlive: true, maxSockets: LANES });

interface Due extends PackedRequest {
  readonly dueMs: number;
}

const ackMs: number[] = [];
const lanes = Array.from({ length: LANES }, () => Promise.resolve());
let sampleCount = 0;

// Read ahead of the clock: what is measured is the server, not this process's disk.
const requests = [...readRequests(path)];
const startedMs = performance.now();
for (const one of requests) {
  const dueMs = startedMs + (sampleCount / Number(rate)) * 1_000;
  const waitMs = dueMs - performance.now();
  if (waitMs > 0) await sleep(waitMs);
  sampleCount += one.sampleCount;
  const lane = one.lane % LANES;
  // A series stays in its lane, and a lane sends one request at a time: its samples stay in order.
  lanes[lane] = lanes[lane]?.then(() => send({ ...one, dueMs })) ?? Promise.resolve();
  // A failure is thrown below, when all lanes are awaited.
  lanes[lane]?.catch(() => undefined);
}
await Promise.all(lanes);
const seconds = (performance.now() - startedMs) / 1_000;
agent.destroy();

ackMs.sort((x, y) => x - y);
const quantile = (q: number): number => ackMs[Math.floor(ackMs.length * q)] ?? Number.NaN;
process.stdout.write(
  JSON.stringify({
    sampleCount,
    seconds,
    ackP50Ms: quantile(0.5),
    ackP99Ms: quantile(0.99),
    ackMaxMs: ackMs.at(-1) ?? Number.NaN,
  }),
);

function send({ body, dueMs }: Due): Promise<void> {
  return new Promise((resolve, reject) => {
    const sending = request(
      url,
      {
        method: 'POST',
        agent,
        timeout: 30_000,
        headers: {
          'content-encoding': 'snappy',
          'content-type': 'application/x-protobuf',
          'x-prometheus-remote-write-version': '0.1.0',
          'content-length': body.length,
        },
      },
      (response) => {
        response.resume();
        response.on('error', reject);
        response.on('end', () => {
          ackMs.push(performance.now() - dueMs);
          const { statusCode = 0 } = response;
          if (statusCode >= 200 && statusCode < 300) resolve();
          else reject(new Error(`a write was answered with ${statusCode}`));
        });
      },
    );
    sending.on('timeout', () => sending.destroy(new Error('a write was not answered in 30 s')));
    sending.on('error', reject);
    sending.end(body);
  });
}
