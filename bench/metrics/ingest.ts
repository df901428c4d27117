// Sends a file of requests as fast as they are acknowledged and measures the server from outside.
import { Agent, request } from 'node:http';

import { cpuSeconds, memory, type Memory, pause } from './process-stats.ts';
import { type PackedRequest } from './request-file.ts';
import { type BenchServer } from './server.ts';

/** Connections, each with one request in flight. */
const LANES = 4;
/** Requests read ahead for a lane, while another has none. */
const MAX_AHEAD = 64;
const ACK_TIMEOUT_MS = 60_000;

export interface IngestFigures extends Memory {
  readonly sampleCount: number;
  readonly wallSeconds: number;
  readonly serverCpuSeconds: number;
  readonly samplesPerCpuSecond: number;
  readonly samplesPerSecond: number;
  readonly generatorCpuSeconds: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
}

/** @throws Error at the first request that is not answered with 2xx */
export async function ingest(
  server: BenchServer,
  requests: Generator<PackedRequest>,
): Promise<IngestFigures> {
  const url = new URL('/api/v1/write', server.url);
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  const queues = Array.from({ length: LANES }, (): PackedRequest[] => []);
  let exhausted = false;
  let failed = false;
  const readAhead = (): void => {
    while (
      !exhausted &&
      queues.some((queue) => queue.length === 0) &&
      queues.every((queue) => queue.length < MAX_AHEAD)
    ) {
      const { done, value } = requests.next();
      if (done === true) exhausted = true;
      else queues[value.lane % LANES]?.push(value);
    }
  };

  let sampleCount = 0;
  const ackMs: number[] = [];
  const drain = async (queue: PackedRequest[]): Promise<void> => {
    while (!failed) {
      if (queue.length === 0) readAhead();
      const next = queue.shift();
      if (next === undefined) {
        if (exhausted) return;
        await pause(1);
        continue;
      }
      const sentMs = performance.now();
      await post(url, agent, next.body);
      ackMs.push(performance.now() - sentMs);
      sampleCount += next.sampleCount;
    }
  };

  const cpuBefore = cpuSeconds(server.pid);
  const ownBefore = process.cpuUsage();
  const startedMs = performance.now();
  try {
    await Promise.all(
      queues.map((queue) =>
        drain(queue).catch((error: unknown) => {
          failed = true;
          throw error;
        }),
      ),
    );
  } finally {
    agent.destroy();
    requests.return(undefined);
  }
  const wallSeconds = (performance.now() - startedMs) / 1_000;
  const serverCpuSeconds = cpuSeconds(server.pid) - cpuBefore;
  const own = process.cpuUsage(ownBefore);
  ackMs.sort((a, b) => a - b);
  const quantile = (q: number): number => ackMs[Math.floor(ackMs.length * q)] ?? Number.NaN;
  return {
    sampleCount,
    wallSeconds,
    serverCpuSeconds,
    samplesPerCpuSecond: sampleCount / serverCpuSeconds,
    samplesPerSecond: sampleCount / wallSeconds,
    generatorCpuSeconds: (own.user + own.system) / 1e6,
    ackP50Ms: quantile(0.5),
    ackP99Ms: quantile(0.99),
    ...memory(server.pid),
  };
}

function post(url: URL, agent: Agent, body: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const sending = request(
      url,
      {
        method: 'POST',
        agent,
        timeout: ACK_TIMEOUT_MS,
        headers: {
          'content-encoding': 'snappy',
          'content-type': 'application/x-protobuf',
          'x-prometheus-remote-write-version': '0.1.0',
          'content-length': body.length,
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0 } = response;
          if (statusCode >= 200 && statusCode < 300) return resolve();
          const text = Buffer.concat(parts).toString('utf8').slice(0, 300);
          reject(new Error(`POST ${url.pathname} was answered with ${statusCode}: ${text}`));
        });
      },
    );
    sending.on('timeout', () => {
      sending.destroy(new Error(`POST ${url.pathname}: no answer within ${ACK_TIMEOUT_MS} ms`));
    });
    sending.on('error', reject);
    sending.end(body);
  });
}
