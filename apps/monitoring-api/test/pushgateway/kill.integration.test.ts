import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Child, eventually, freePort } from '@dwcp/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { TemporaryFolder } from '../platform.ts';

const KILLS = 5;
const GROUPS = 8;

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await TemporaryFolder.make();
});
afterEach(() => folder[Symbol.asyncDispose]());

function start(port: number): Promise<Child> {
  return Child.start({
    program: process.execPath,
    args: [
      '--conditions=@dwcp/source',
      join(import.meta.dirname, 'gateway-child.ts'),
      folder.path,
      String(port),
    ],
    readyUrl: `http://127.0.0.1:${port}/api/v1/status`,
  });
}

/** The value of `m` by job. */
async function values(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await fetch(`${url}/metrics`).then((answer) => answer.text());
  return new Map(
    [...text.matchAll(/^m\{instance="",job="(\w+)"\} (\d+)$/gm)].map(([, job = '', value]) => [
      job,
      Number(value),
    ]),
  );
}

test(`after each of ${KILLS} kill -9 under load every push that was answered is there`, async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const sent = new Map<string, number>();
  const answered = new Map<string, number>();
  let next = 1;

  /** Pushes ever higher values to one group, and deletes it now and then, until the server is gone. */
  async function write(job: string): Promise<void> {
    for (;;) {
      const value = next++;
      const isDeletion = value % 17 === 0;
      sent.set(job, isDeletion ? 0 : value);
      try {
        const answer = await fetch(`${url}/metrics/job/${job}`, {
          method: isDeletion ? 'DELETE' : 'PUT',
          ...(isDeletion ? {} : { body: `m ${value}\n` }),
        });
        if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
        await answer.arrayBuffer();
      } catch (error) {
        // A broken connection is the kill itself.
        if (error instanceof TypeError) return;
        throw error;
      }
      answered.set(job, isDeletion ? 0 : value);
    }
  }

  const jobs = Array.from({ length: GROUPS }, (_, i) => `job${i}`);
  let answers = 0;
  for (let round = 0; round < KILLS; round++) {
    await using child = await start(port);
    const held = await values(url);
    for (const [job, value] of answered) {
      // The last answered, or what was sent after it and not answered any more; 0 for deleted.
      const allowed = [value, sent.get(job)];
      expect(allowed).toContain(held.get(job) ?? 0);
    }
    const before = next;
    const running = jobs.map(write);
    await eventually(() => next > before + 150 + round * 13, {
      timeoutMs: 30_000,
      what: `load in round ${round}`,
      everyMs: 1 + round,
    });
    await child.end('SIGKILL');
    await Promise.all(running);
    answers += next - before;
  }
  await using child = await start(port);
  const held = await values(url);
  expect(answered.size).toBe(GROUPS);
  for (const [job, value] of answered) {
    expect([value, sent.get(job)]).toContain(held.get(job) ?? 0);
  }
  expect(child.running).toBe(true);
  process.stdout.write(`${answers} pushes, nothing answered was lost\n`);
});

test('curl pushes, and the metric survives a restart', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const curl = promisify(execFile);
  {
    await using child = await start(port);
    const push = ['-sS', '-w', '%{http_code}', '--data-binary', 'test_metric_main 123\n'];
    expect((await curl('curl', [...push, `${url}/metrics/job/main`])).stdout).toBe('200');
    await child.end('SIGTERM');
  }
  await using _ = await start(port);
  const text = await fetch(`${url}/metrics`).then((answer) => answer.text());
  expect(text).toContain('test_metric_main{instance="",job="main"} 123\n');
});
