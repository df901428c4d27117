import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  validateAlert,
  validateAlerts,
  validateHistory,
  validateIncidents,
  validateLogs,
  validateMetrics,
  validateNotifications,
  validateRuleGroup,
  validateRuleGroups,
  validateRules,
  validateShared,
  validateTrace,
  validateTraces,
} from '../src/app/search-params.ts';

describe('search parameters', () => {
  test('a good range is kept as it was written', () => {
    expect(validateShared({ from: 'now-1h', to: 'now', region: 'eu-west-1' })).toEqual({
      from: 'now-1h',
      to: 'now',
      region: 'eu-west-1',
    });
  });

  test('a range that cannot be read is dropped whole, the rest stays', () => {
    expect(validateShared({ from: 'now-1h', to: 'tomorrow', region: 'eu' })).toEqual({
      region: 'eu',
    });
    expect(validateShared({ to: 'now' })).toEqual({});
  });

  test('numbers the router read out of text are text again', () => {
    expect(validateShared({ from: 1_767_323_045, to: 1_767_323_145 })).toEqual({
      from: '1767323045',
      to: '1767323145',
    });
    expect(validateLogs({ service: 42 })).toEqual({ service: '42' });
  });

  test('one expression and several both work, and there is a limit', () => {
    expect(validateMetrics({ q: 'up' })).toEqual({ q: ['up'] });
    expect(validateMetrics({ q: ['up', '', 7, null] })).toEqual({ q: ['up', '7'] });
    expect(validateMetrics({ q: Array.from({ length: 50 }, () => 'up') }).q).toHaveLength(8);
    expect(validateMetrics({ q: 'up', stacked: 'yes' })).toEqual({ q: ['up'] });
  });

  test('only known levels and states pass', () => {
    expect(validateLogs({ minLevel: 'warn' })).toEqual({ minLevel: 'warn' });
    expect(validateLogs({ minLevel: 'loud' })).toEqual({});
    expect(validateAlerts({ state: 'firing' })).toEqual({ state: 'firing' });
    expect(validateAlerts({ state: 'silenced', severity: 'warning', text: 7 })).toEqual({
      severity: 'warning',
      text: '7',
    });
    expect(validateRules({ state: 'inactive' })).toEqual({ state: 'inactive' });
    expect(validateRuleGroups({ source: 'file', text: 7 })).toEqual({ source: 'file', text: '7' });
    expect(validateRuleGroups({ source: 'cloud' })).toEqual({});
    expect(validateRuleGroup({ file: '/etc/rules.yml' })).toEqual({ file: '/etc/rules.yml' });
    expect(validateIncidents({ state: 'firing', text: 'x' })).toEqual({ text: 'x' });
    expect(validateNotifications({ outcome: 'failed', receiver: 'a' })).toEqual({
      outcome: 'failed',
      receiver: 'a',
    });
    expect(validateHistory({ kind: 'gossip', alert: 'HostDown' })).toEqual({ alert: 'HostDown' });
  });

  test('a moment to explain is RFC 3339', () => {
    const at = '2026-01-02T03:04:05.000Z';
    expect(validateAlert({ at })).toEqual({ at });
    expect(validateAlert({ at: 'yesterday' })).toEqual({});
  });

  test('a shortest duration is a positive number', () => {
    expect(validateTraces({ minMs: '50' })).toEqual({ minMs: 50 });
    for (const minMs of [-1, 0, 'x', Number.NaN, Infinity, undefined]) {
      expect(validateTraces({ minMs })).toEqual({});
    }
    expect(validateTraces({ error: false })).toEqual({ error: false });
  });

  test('a span id is 16 hexadecimal digits', () => {
    expect(validateTrace({ span: '00f067aa0ba902b7' })).toEqual({ span: '00f067aa0ba902b7' });
    expect(validateTrace({ span: '<script>' })).toEqual({});
  });

  test('whatever an address holds, reading it does not throw and reading it again changes nothing', () => {
    const raw = fc.dictionary(
      fc.constantFrom(
        'from',
        'to',
        'region',
        'q',
        'stacked',
        'text',
        'minLevel',
        'service',
        'traceId',
        'minMs',
        'error',
        'span',
        'state',
        'severity',
        'at',
        'outcome',
        'receiver',
        'alert',
        'kind',
        'source',
        'file',
      ),
      fc.anything(),
    );
    const all = [
      validateShared,
      validateMetrics,
      validateLogs,
      validateTraces,
      validateTrace,
      validateAlert,
      validateAlerts,
      validateHistory,
      validateIncidents,
      validateNotifications,
      validateRuleGroup,
      validateRuleGroups,
      validateRules,
    ];
    fc.assert(
      fc.property(raw, (params) => {
        for (const validate of all) {
          const once = validate(params);
          expect(validate({ ...once })).toEqual(once);
        }
      }),
    );
  });
});
