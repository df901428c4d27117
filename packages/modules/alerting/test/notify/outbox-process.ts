/**
 * The process that the kill test ends: it takes notifications over, in a fixed order, and delivers
 * them. Arguments: the journal's file, the receiver's address, how many notifications there are.
 */
import { Outbox } from '@dwcp/alerting';
import { createIntegrations } from '@dwcp/alerting/receivers';
import { systemClock } from '@dwcp/core';

import { firingAlert, notificationOf, resolvedAlert } from '../receivers/fixtures.ts';
import { FileJournal } from './file-journal.ts';

const [path = '', url = '', count = '0'] = process.argv.slice(2);

// The clock's timers keep no process alive.
setInterval(() => undefined, 60_000);

const integrations = createIntegrations(
  { name: 'team', webhook_configs: [{ url }] },
  {},
  { allowPrivateNetwork: true },
);
const outbox = await Outbox.open({
  notifiers: integrations.map(({ notifier }) => notifier),
  journal: new FileJournal(path),
  clock: systemClock,
  minBackoffMs: 5,
});

for (let i = 0; i < Number(count); i++) {
  // Each group fires, then resolves.
  const group = `g${Math.floor(i / 2)}`;
  const alert = i % 2 === 0 ? firingAlert({ group }) : resolvedAlert({ group });
  const notification = notificationOf([alert], { idempotencyKey: `n${i}`, groupKey: group });
  // What was taken over before is known by its key: a pipeline starts over in just this way.
  await outbox.accept([{ integration: 'team/webhook[0]', notification }]);
}
const isWaiting = (): boolean => outbox.stats().some(({ waiting }) => waiting > 0);
while (isWaiting()) await systemClock.sleep(5);
await outbox.close({ timeoutMs: 1_000 });
process.exit(0);
