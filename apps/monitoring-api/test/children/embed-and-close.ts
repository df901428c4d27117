// A host program that closes while a notification waits for a receiver that is down, and then ends.
import { setTimeout } from 'node:timers/promises';

import { MonitoringAPI } from '@dwcp/monitoring';

const [, , dataDir = ''] = process.argv;
const monitoring = new MonitoringAPI({
  region: 'eu-west',
  dataDir,
  collection: { host: false, process: false },
  alerting: { webhooks: [{ name: 'dead', url: 'http://127.0.0.1:9/', allowPrivateNetwork: true }] },
});
await monitoring.initialize();
await monitoring.triggerAlert({ labels: { alertname: 'Drill' }, by: 'ann' });
const fails = (): boolean =>
  monitoring.status().queues.some(({ failedWrites }) => failedWrites > 0);
while (!fails()) await setTimeout(20);
await monitoring.close();
process.stdout.write('closed\n');
