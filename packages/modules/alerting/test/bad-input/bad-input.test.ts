import {
  AlertPipeline,
  MemoryRecordStore,
  parseAlertmanagerConfig,
  parseRuleFile,
  readPostedAlerts,
  readPostedSilence,
} from '@dwcp/alerting';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { BAD_ALERTS, BAD_SILENCES, SENSELESS_SILENCES } from './bad-calls.ts';
import { BAD_CONFIGS } from './bad-configs.ts';
import { BAD_RULES } from './bad-rules.ts';

describe('a rule file is refused with file, line, column, what was found and what to do:', () => {
  test.each(BAD_RULES)('$name', ({ text, says }) => {
    expect(() => parseRuleFile(text, 'rules.yml')).toThrow(
      expect.objectContaining({ code: 'DWCP_RULE_INVALID', message: says.join('\n') }),
    );
  });
});

describe('an Alertmanager configuration is refused in the same way:', () => {
  test.each(BAD_CONFIGS)('$name', ({ text, says }) => {
    expect(() => parseAlertmanagerConfig(text, 'alertmanager.yml')).toThrow(
      expect.objectContaining({
        code: 'DWCP_ALERTMANAGER_CONFIG_INVALID',
        message: says.join('\n'),
      }),
    );
  });
});

describe('a call is refused with the field, what was found and what to do:', () => {
  test.each(BAD_ALERTS)('$name', ({ body, says }) => {
    expect(() => readPostedAlerts(body)).toThrow(
      expect.objectContaining({ code: 'DWCP_INPUT_INVALID', message: says }),
    );
  });

  test.each(BAD_SILENCES)('$name', ({ body, says }) => {
    expect(() => readPostedSilence(body)).toThrow(
      expect.objectContaining({ code: 'DWCP_INPUT_INVALID', message: says }),
    );
  });

  test.each(SENSELESS_SILENCES)('$name', async ({ body, says }) => {
    await using pipeline = await AlertPipeline.open({
      config: parseAlertmanagerConfig('route: {receiver: a}\nreceivers: [{name: a}]\n', 'a.yml'),
      store: new MemoryRecordStore(),
      outbox: { accept: () => Promise.resolve() },
      clock: new ManualClock(Date.parse('2026-01-02T03:00:00Z')),
      externalUrl: '',
    });
    await expect(pipeline.setSilence(readPostedSilence(body))).rejects.toThrow(says);
    expect(pipeline.state.silences.size).toBe(0);
  });
});

test('each file says where, in its first line', () => {
  for (const { says } of [...BAD_RULES, ...BAD_CONFIGS]) {
    expect(says[0]).toMatch(/^(?:rules|alertmanager)\.yml:\d+:\d+: .+; .+/);
  }
  expect(BAD_RULES.length).toBeGreaterThanOrEqual(12);
  expect(BAD_CONFIGS.length).toBeGreaterThanOrEqual(12);
  expect(BAD_ALERTS.length + BAD_SILENCES.length).toBeGreaterThanOrEqual(10);
});
