// A host program that ends by itself while a notification waits for a receiver that is down.
import { MonitoringAPI } from '@dwcp/monitoring';

const [, , dataDir = '', ruleFile = ''] = process.argv;
const monitoring = new MonitoringAPI({
  region: 'eu-west',
  dataDir,
  collection: { host: false, process: false },
  alerting: {
    ruleFiles: [ruleFile],
    webhooks: [{ name: 'dead', url: 'http://127.0.0.1:9/', allowPrivateNetwork: true }],
  },
});
await monitoring.initialize();
const waits = (): boolean =>
  monitoring.status().queues.some(({ name, waiting }) => name.startsWith('notif') && waiting > 0);
const watch = setInterval(() => {
  if (!waits()) return;
  clearInterval(watch);
  process.stdout.write('waits\n');
}, 20);
