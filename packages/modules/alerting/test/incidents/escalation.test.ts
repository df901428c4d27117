import { IncidentNotFoundError, type IncidentManagerOptions } from '@dwcp/alerting';
import { BackendError, InvalidInputError } from '@dwcp/core';
import { describe, expect, test } from 'vitest';

import { folded, ManagedIncidents, MINUTE_MS } from './support.ts';

const levels = [
  { name: 'L1', afterMs: 0, receiver: 'on-call' },
  { name: 'L2', afterMs: 5 * MINUTE_MS, receiver: 'lead' },
  { name: 'L3', afterMs: 15 * MINUTE_MS },
  { name: 'L4', afterMs: 30 * MINUTE_MS, receiver: 'chief' },
];
const critical = { alertname: 'Down', severity: 'critical', region: 'eu' };
const warning = { alertname: 'Slow', severity: 'warning', region: 'eu' };
const { fingerprint } = folded(critical);

function open(options: Partial<IncidentManagerOptions> = {}): Promise<ManagedIncidents> {
  return ManagedIncidents.open({ config: { levels }, ...options });
}

describe('escalation', () => {
  test('each level is told once, exactly when its minute comes', async () => {
    const incidents = await open();
    await incidents.fire(critical);
    await incidents.clock.advance(5 * MINUTE_MS - 1);
    expect(incidents.told()).toEqual(['0 L1 on-call firing']);
    await incidents.clock.advance(1);
    expect(incidents.told().slice(1)).toEqual(['5 L2 lead firing']);
    await incidents.clock.advance(25 * MINUTE_MS - 1);
    expect(incidents.told()).toHaveLength(2);
    expect(incidents.manager.state.open.get('inc-1')?.progress.told).toHaveLength(3);
    await incidents.clock.advance(1);
    expect(incidents.told().slice(2)).toEqual(['30 L4 chief firing']);
    await incidents.clock.advance(600 * MINUTE_MS);
    expect(incidents.told()).toHaveLength(3);
  });

  test('a notification carries the alerts that fire and a group of its level', async () => {
    const incidents = await open();
    await incidents.fire(critical, warning);
    const told = incidents.outbox.taken[0]?.notification;
    expect(told).toMatchObject({
      integration: 'on-call/webhook[0]',
      groupKey: 'incident/inc-1/L1',
      groupLabels: { incident: 'inc-1', level: 'L1' },
      reason: 'first',
    });
    expect(told?.alerts.map(({ labels }) => labels.get('alertname'))).toEqual(['Down', 'Slow']);
  });

  test('alerts of other severities do not escalate, and time counts from the first that does', async () => {
    const incidents = await open();
    await incidents.fire(warning);
    await incidents.clock.advance(4 * MINUTE_MS);
    expect(incidents.told()).toEqual([]);
    await incidents.fire(critical);
    await incidents.clock.advance(5 * MINUTE_MS);
    expect(incidents.told()).toEqual(['4 L1 on-call firing', '9 L2 lead firing']);
  });

  test('an acknowledgement stops it; its time-out tells the level again and goes on from there', async () => {
    const incidents = await open();
    await incidents.fire(critical);
    await incidents.clock.advance(6 * MINUTE_MS);
    await incidents.manager.acknowledge({
      incident: 'inc-1',
      by: 'ann',
      comment: 'on it',
      timeoutMs: 60 * MINUTE_MS,
    });
    expect(incidents.manager.isAcknowledged(fingerprint)).toBe(true);
    await incidents.clock.advance(60 * MINUTE_MS - 1);
    expect(incidents.told()).toHaveLength(2);
    await incidents.clock.advance(1);
    expect(incidents.told().slice(2)).toEqual(['66 L2 lead firing']);
    expect(incidents.outbox.taken.at(-1)?.notification.reason).toBe('repeat');
    expect(incidents.manager.isAcknowledged(fingerprint)).toBe(false);
    // 6 of the 30 minutes had passed.
    await incidents.clock.advance(24 * MINUTE_MS);
    expect(incidents.told().slice(3)).toEqual(['90 L4 chief firing']);
  });

  test('an acknowledgement of every alert that escalates stops it, and ends with its alert', async () => {
    const incidents = await open();
    const other = { ...critical, alertname: 'Gone' };
    await incidents.fire(critical, other);
    const seen = { by: 'ann', comment: '' };
    await incidents.manager.acknowledge({ fingerprint, ...seen });
    await incidents.clock.advance(5 * MINUTE_MS);
    expect(incidents.told().at(-1)).toBe('5 L2 lead firing');
    await incidents.manager.acknowledge({ fingerprint: folded(other).fingerprint, ...seen });
    await incidents.clock.advance(60 * MINUTE_MS);
    expect(incidents.told()).toHaveLength(2);
    await incidents.end(critical);
    expect(incidents.manager.isAcknowledged(fingerprint)).toBe(false);
    await incidents.fire(critical);
    expect(incidents.manager.isAcknowledged(fingerprint)).toBe(false);
    await incidents.clock.advance(25 * MINUTE_MS);
    expect(incidents.told().at(-1)).toBe('90 L4 chief firing');
  });

  test('a worse alert ends the acknowledgement of an incident, one that is as bad does not', async () => {
    const incidents = await open();
    await incidents.fire(warning);
    await incidents.manager.acknowledge({ incident: 'inc-1', by: 'ann', comment: '' });
    await incidents.fire({ ...warning, alertname: 'Slower' });
    expect(incidents.manager.state.open.get('inc-1')?.acknowledgement?.by).toBe('ann');
    await incidents.fire(critical);
    expect(incidents.manager.state.open.get('inc-1')?.acknowledgement).toBeUndefined();
    expect(incidents.told()).toEqual(['0 L1 on-call firing']);
  });

  test('an acknowledgement that is taken back lets it go on without telling again', async () => {
    const incidents = await open();
    await incidents.fire(critical);
    await incidents.clock.advance(4 * MINUTE_MS);
    await incidents.manager.acknowledge({ incident: 'inc-1', by: 'ann', comment: '' });
    await incidents.clock.advance(10 * MINUTE_MS);
    await incidents.manager.unacknowledge({ incident: 'inc-1', by: 'ann' });
    expect(incidents.told()).toHaveLength(1);
    await incidents.clock.advance(MINUTE_MS);
    expect(incidents.told().at(-1)).toBe('15 L2 lead firing');
  });

  test('when nothing that escalates fires any more the told levels hear it, also while others fire', async () => {
    const incidents = await open();
    await incidents.fire(critical, warning);
    await incidents.clock.advance(6 * MINUTE_MS);
    await incidents.end(critical);
    await incidents.clock.advance(5 * MINUTE_MS - 1);
    expect(incidents.told()).toHaveLength(2);
    await incidents.clock.advance(1);
    expect(incidents.told().slice(2)).toEqual(['11 L1 on-call resolved', '11 L2 lead resolved']);
    const resolved = incidents.outbox.taken.at(-1)?.notification;
    expect(resolved).toMatchObject({ reason: 'all-resolved', groupKey: 'incident/inc-1/L2' });
    expect(resolved?.alerts.map(({ state }) => state.kind)).toEqual(['resolved']);
    // It begins anew, under other keys.
    await incidents.fire(critical);
    expect(incidents.told().slice(4)).toEqual(['11 L1 on-call firing']);
  });

  test('an alert that is silenced does not escalate until the silence ends', async () => {
    let silenced = true;
    const incidents = await open({ isSuppressed: () => silenced });
    await incidents.fire(critical);
    await incidents.clock.advance(10 * MINUTE_MS);
    expect(incidents.told()).toEqual([]);
    silenced = false;
    await incidents.clock.advance(15_000);
    expect(incidents.told()).toHaveLength(1);
  });

  test('an alert without an end is over after the resolve timeout', async () => {
    const incidents = await open();
    await incidents.manager.putAlerts([folded(critical)], { labelled: false });
    await incidents.clock.advance(10 * MINUTE_MS);
    expect(incidents.told().at(-1)).toBe('10 L1 on-call resolved');
    expect(incidents.manager.stats()).toMatchObject({ open: 0, closed: 1 });
  });

  test('what cannot be acknowledged is refused', async () => {
    const incidents = await open();
    await incidents.fire(critical);
    const { manager } = incidents;
    const ann = { by: 'ann', comment: '' };
    await expect(manager.acknowledge({ incident: 'x', ...ann })).rejects.toThrow(
      IncidentNotFoundError,
    );
    await expect(manager.acknowledge({ fingerprint: 'x', ...ann })).rejects.toThrow('"x"');
    const nobody = { incident: 'inc-1', by: '', comment: '' };
    await expect(manager.acknowledge(nobody)).rejects.toThrow(InvalidInputError);
    const never = { incident: 'inc-1', ...ann, timeoutMs: -1 };
    await expect(manager.acknowledge(never)).rejects.toThrow(/timeoutMs: got -1|timeoutMs/);
  });
});

describe('escalation and time', () => {
  test('a restart tells nothing again, and what came due meanwhile at once', async () => {
    const incidents = await open();
    await incidents.fire(critical);
    await incidents.clock.advance(4 * MINUTE_MS);
    await incidents.restart();
    await incidents.clock.advance(MINUTE_MS);
    expect(incidents.told()).toEqual(['0 L1 on-call firing', '5 L2 lead firing']);
    await incidents.stop();
    await incidents.clock.advance(30 * MINUTE_MS);
    await incidents.restart();
    await incidents.clock.advance(0);
    expect(incidents.told().slice(2)).toEqual(['35 L4 chief firing']);
  });

  test('an acknowledgement outlives a restart, and its time-out comes when it should', async () => {
    const incidents = await open();
    await incidents.fire(critical);
    const ack = { incident: 'inc-1', by: 'ann', comment: '', timeoutMs: 10 * MINUTE_MS };
    await incidents.manager.acknowledge(ack);
    await incidents.clock.advance(5 * MINUTE_MS);
    await incidents.restart();
    expect(incidents.manager.isAcknowledged(fingerprint)).toBe(true);
    await incidents.clock.advance(5 * MINUTE_MS);
    expect(incidents.told().slice(1)).toEqual(['10 L1 on-call firing']);
  });

  test.each([3_600_000, -3_600_000])('a wall clock set by %d ms moves no level', async (byMs) => {
    const incidents = await open();
    await incidents.fire(critical);
    await incidents.clock.advance(MINUTE_MS);
    incidents.clock.setUnixMs(incidents.clock.nowUnixMs() + byMs);
    await incidents.clock.advance(4 * MINUTE_MS - 1);
    expect(incidents.outbox.taken).toHaveLength(1);
    await incidents.clock.advance(1);
    expect(incidents.outbox.taken).toHaveLength(2);
  });

  test('a clock that was set back between two processes makes no wait longer', async () => {
    const incidents = await open();
    await incidents.fire(critical);
    const ack = { incident: 'inc-1', by: 'ann', comment: '', timeoutMs: 10 * MINUTE_MS };
    await incidents.manager.acknowledge(ack);
    await incidents.stop();
    incidents.clock.setUnixMs(incidents.clock.nowUnixMs() - 3_600_000);
    await incidents.restart();
    await incidents.clock.advance(10 * MINUTE_MS);
    expect(incidents.outbox.taken).toHaveLength(2);
  });

  test('an outbox or a store that is away for a while delays what is told and loses nothing', async () => {
    const incidents = await open();
    const { outbox, store } = incidents;
    const away = new BackendError('test', 'away', { retryable: true });
    const accept = outbox.accept.bind(outbox);
    outbox.accept = () => Promise.reject(away);
    await incidents.fire(critical);
    expect(incidents.manager.stats().waitingIntents).toBe(1);
    await incidents.clock.advance(4 * MINUTE_MS);
    outbox.accept = accept;
    await incidents.clock.advance(30_000);
    expect(incidents.told()).toHaveLength(1);
    const append = store.append.bind(store);
    store.append = () => Promise.reject(away);
    await incidents.clock.advance(2 * MINUTE_MS);
    expect(incidents.manager.stats().failures).toBeGreaterThan(0);
    store.append = append;
    await incidents.clock.advance(1_000);
    expect(incidents.told()).toHaveLength(2);
  });
});
