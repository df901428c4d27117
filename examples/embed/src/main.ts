// A small Fastify service that watches itself: metrics, traces and logs of every request, stored
// beside it and served with the console. Run it with `npm start --workspace=@dwcp/example-embed`.
import { MonitoringAPI } from '@dwcp/monitoring';
import { dwcpFastify } from '@dwcp/monitoring/fastify';
import { fastify } from 'fastify';

const monitoring = new MonitoringAPI({
  region: 'us-east-1',
  service: 'orders',
  dataDir: process.argv[2] ?? './data/orders',
  // Servers that may stand behind it. This version accepts the addresses and keeps everything in
  // its embedded stores; `status()` says so.
  prometheusURL: 'http://localhost:9090',
  grafanaURL: 'http://localhost:3000',
  grafanaAPIKey: 'your-api-key',
  jaegerEndpoint: 'http://localhost:14268/api/traces',
  elasticsearchURL: 'http://localhost:9200',
});
await monitoring.initialize();

const app = fastify();
await app.register(dwcpFastify(monitoring));

app.get<{ Params: { id: string } }>('/orders/:id', async (request, reply) => {
  const { id } = request.params;
  const found = await monitoring.trace('load order', async (span) => {
    span.setAttribute('order.id', id);
    return id !== '404';
  });
  if (!found) {
    monitoring.recordLog('warn', 'order not found', { orderId: id });
    return reply.code(404).send({ error: 'no such order' });
  }
  monitoring.recordLog('info', 'order loaded', { orderId: id });
  monitoring.recordMetric('orders_last_id', Number(id));
  return { id };
});

await app.listen({ port: Number(process.env['PORT'] ?? 8_080), host: '127.0.0.1' });
const console = await monitoring.listen({ port: Number(process.env['CONSOLE_PORT'] ?? 9_000) });

const address = app.server.address();
const port = typeof address === 'object' ? address?.port : undefined;
process.stdout.write(`service http://127.0.0.1:${port}\nconsole ${console.url}\n`);

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    void app
      .close()
      .then(() => console.close())
      .then(() => monitoring.close());
  });
}
