import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

/** A target whose every scrape shows something new: counters, odd labels, a histogram, odd values. */
export interface ChangingTarget extends AsyncDisposable {
  readonly address: string;
}

export async function startChangingTarget(): Promise<ChangingTarget> {
  let scrapes = 0;
  const server = createServer((_request, response) => {
    scrapes++;
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(exposition(scrapes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function exposition(n: number): string {
  const lines = ['# TYPE jobs_total counter', '# HELP jobs_total Jobs\\nin two lines.'];
  for (let i = 0; i < 40; i++) lines.push(`jobs_total{queue="q${i}"} ${n * (i + 1)}`);
  lines.push('# TYPE temperature gauge');
  lines.push(`temperature{place="Zürich \\"Süd\\"\\\\",path="C:\\\\"} ${(n * 7919) % 1000}e-3`);
  lines.push(`temperature{place="fractions"} ${Math.sqrt(n)}`);
  lines.push(`temperature{place="infinite"} ${n % 2 === 0 ? '+Inf' : '-Inf'}`);
  lines.push(`temperature{place="nan"} NaN`);
  // Comes and goes, which leaves stale markers.
  if (n % 4 < 2) lines.push(`temperature{place="sometimes"} ${n}`);
  lines.push('# TYPE wait_seconds histogram');
  for (const [le, share] of [
    ['0.1', 1],
    ['1', 2],
    ['+Inf', 3],
  ] as const) {
    lines.push(`wait_seconds_bucket{le="${le}"} ${n * share}`);
  }
  lines.push(`wait_seconds_sum ${n * 0.75}`, `wait_seconds_count ${n * 3}`);
  return `${lines.join('\n')}\n`;
}
