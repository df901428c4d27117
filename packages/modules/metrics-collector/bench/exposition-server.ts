// Answers every path with an exposition of some series, as many targets on one address. A child process of the
// bench and of the integration test; prints its port.
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

const seriesPerTarget = Number(process.argv[2] ?? 20);
const startMs = performance.now();

/** A counter family over routes, and gauges: names and labels as a service has them. */
function exposition(path: string): string {
  const seconds = (performance.now() - startMs) / 1_000;
  let text = '# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n';
  for (let i = 0; i < seriesPerTarget - 4; i++) {
    text += `http_requests_total{method="GET",route="/api/v1/items/${i}",status="200",path="${path}"} ${Math.floor(seconds * (i + 1))}\n`;
  }
  text += '# TYPE process_resident_memory_bytes gauge\n';
  text += `process_resident_memory_bytes ${1e8 + Math.floor(seconds) * 4_096}\n`;
  text += `# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ${seconds.toFixed(2)}\n`;
  text += `# TYPE queue_length gauge\nqueue_length{queue="in"} ${Math.floor(seconds) % 7}\n`;
  text += `queue_length{queue="out"} 0\n`;
  return text;
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const body = exposition(request.url ?? '/');
  response.writeHead(200, {
    'content-type': 'text/plain; version=0.0.4',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port);
});
// Ends with the process that started it.
process.stdin.resume().on('end', () => process.exit());
