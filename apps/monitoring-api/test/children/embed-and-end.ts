// A host program that records and then just ends, as the quick start does.
import { MonitoringAPI } from '@dwcp/monitoring';

const monitoring = new MonitoringAPI({
  region: 'eu-west',
  service: 'shop',
  instance: 'shop-1',
  dataDir: process.argv[2],
});
monitoring.recordMetric('before_initialize', 1);
await monitoring.initialize();
await monitoring.listen({ port: 0 });
monitoring.recordMetric('orders_waiting', 42, { queue: 'fast' });
monitoring.instruments.counter({ name: 'orders_total', help: 'Orders.' }).inc(3);
monitoring.recordLog('info', 'the last line');
const trace = monitoring.recordTrace('last trace');
trace.finish();
process.stdout.write(`${JSON.stringify({ traceId: trace.context.traceId })}\n`);
