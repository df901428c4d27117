// A file of requests that are ready to POST, so that sending them costs the generator hardly more than
// the write to the socket. Repeated: u32le lane, u32le samples, u32le length, then that many bytes.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { forget, removeAtExit } from './cleanup.ts';
import { REQUEST_FILES } from './paths.ts';
import { RequestPacker } from './remote-write.ts';
import { checkRequests } from './self-check.ts';
import { type Workload, workload } from './workload.ts';

/** Part of the file names; grows when what is in the files changes. */
const VERSION = 1;
const HEADER_BYTES = 12;

export interface PackedRequest {
  readonly lane: number;
  readonly sampleCount: number;
  readonly body: Uint8Array;
}

/**
 * The file of a workload: made, or found from an earlier run. In both cases its first requests are
 * compared with the workload.
 * @returns its path
 */
export async function requestFile(
  data: string | Workload,
  log: (line: string) => void,
): Promise<string> {
  const set = typeof data === 'string' ? workload(data) : data;
  const { name } = set;
  const path = join(REQUEST_FILES, `${name}.v${VERSION}.bin`);
  if (!existsSync(path)) {
    const startedMs = performance.now();
    // Only whole files get the name.
    const unfinished = `${path}.${process.pid}`;
    mkdirSync(REQUEST_FILES, { recursive: true });
    removeAtExit(unfinished);
    const { sampleCount, sizeBytes } = await write(unfinished, set);
    renameSync(unfinished, path);
    forget(unfinished);
    log(
      `packed ${name}: ${(sampleCount / 1e6).toFixed(1)} M samples, ` +
        `${(sizeBytes / sampleCount).toFixed(1)} bytes each on the wire, ` +
        `in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`,
    );
  }
  try {
    log(`checked ${name}: ${await checkRequests(set, readRequests(path))}`);
  } catch (error) {
    // What is wrong would be found again by the next run, and used by one without the check.
    rmSync(path);
    throw error;
  }
  return path;
}

async function write(
  path: string,
  { name, series, batches, sampleCount }: Workload,
): Promise<{ readonly sampleCount: number; readonly sizeBytes: number }> {
  const packer = new RequestPacker(series);
  const file = openSync(path, 'w');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    let sizeBytes = 0;
    let written = 0;
    let requestCount = 0;
    for (const batch of batches()) {
      const body = packer.pack(batch);
      header.writeUInt32LE(batch.lane, 0);
      header.writeUInt32LE(batch.series.length, 4);
      header.writeUInt32LE(body.length, 8);
      writeSync(file, header);
      writeSync(file, body);
      sizeBytes += body.length;
      written += batch.series.length;
      // Ctrl-C gets its turn.
      if (++requestCount % 100 === 0) await setImmediate();
    }
    if (written !== sampleCount) {
      throw new Error(`${name} has ${written} samples, ${sampleCount} were announced`);
    }
    return { sampleCount, sizeBytes };
  } finally {
    closeSync(file);
  }
}

/** @throws Error when the file ends inside a request */
export function* readRequests(path: string): Generator<PackedRequest> {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    for (;;) {
      const read = readSync(file, header);
      if (read === 0) return;
      const body = Buffer.allocUnsafe(header.readUInt32LE(8));
      if (read < HEADER_BYTES || readSync(file, body) < body.length) {
        throw new Error(`${path} ends inside a request; remove it, and it is made again`);
      }
      yield { lane: header.readUInt32LE(0), sampleCount: header.readUInt32LE(4), body };
    }
  } finally {
    closeSync(file);
  }
}
