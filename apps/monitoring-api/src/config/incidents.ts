import { type EscalationLevel } from '@dwcp/alerting';
import { parseDuration } from '@dwcp/core';

import { type AlertingHelp } from './alerting.ts';
import { type Config } from './config.ts';
import { type ParseContext } from './parse-config.ts';

type Help = Pick<AlertingHelp, 'durationOf'>;

/** How alerts fold into incidents, and how those escalate. */
export function parseIncidents(
  context: ParseContext,
  { durationOf }: Help,
): Config['alerting']['incidents'] {
  const { incidents, escalation } = context.settings.alerting;
  const path = ['alerting', 'incidents'];
  const { window: _window, maxSpan: _maxSpan, closeAfter: _closeAfter, ...rest } = incidents;
  const { retention: _retention, ...same } = rest;
  return {
    ...same,
    windowMs: durationOf([...path, 'window'], 1, '1ms'),
    maxSpanMs: durationOf([...path, 'maxSpan'], 1, '1ms'),
    closeAfterMs: durationOf([...path, 'closeAfter'], 0, '0s'),
    retentionMs: durationOf([...path, 'retention'], 60_000, '1m'),
    escalates: escalation.severities,
    levels: levelsOf(context),
  };
}

/** Each level has a name of its own and comes later than the one before. */
function levelsOf({ settings, report }: ParseContext): readonly EscalationLevel[] {
  const names = new Set<string>();
  let lastMs = -1;
  return settings.alerting.escalation.levels.map(({ name = '', after, receiver }, index) => {
    const path = ['alerting', 'escalation', 'levels', String(index)];
    if (name === '') report([...path, 'name'], 'is required', 'give it a name, such as L1');
    else if (names.has(name)) {
      report([...path, 'name'], 'is used by another level', 'give it a name of its own');
    }
    names.add(name);
    const afterMs = parseDuration(after ?? '0s') ?? 0;
    if (afterMs <= lastMs) {
      report([...path, 'after'], 'is not later than the level before', 'list the levels in order');
    }
    lastMs = afterMs;
    return { name, afterMs, ...(receiver === undefined ? {} : { receiver }) };
  });
}

/** What holds back alerts whose rules say nothing of it. */
export function throttleOf(
  { settings }: ParseContext,
  { durationOf }: Help,
): Config['alerting']['throttle'] {
  const { by } = settings.alerting.throttle;
  const windowMs = durationOf(['alerting', 'throttle', 'window'], 1, '1ms');
  return by.length === 0 ? undefined : { by, windowMs };
}
