import { formatDuration, Labels } from '@dwcp/core';

import { type ExplainedAlert, type NextStep } from './explanation.ts';

/** `2026-01-02 03:04:05Z` */
export function timeText(unixMs: number): string {
  if (!Number.isFinite(unixMs) || Math.abs(unixMs) > 8.64e15) return String(unixMs);
  return `${new Date(unixMs).toISOString().slice(0, -5).replace('T', ' ')}Z`;
}

/** A length of time in whole seconds, or in milliseconds where it is shorter. */
export function lengthText(ms: number): string {
  return formatDuration(Math.abs(ms) < 1_000 ? Math.round(ms) : Math.round(ms / 1_000) * 1_000);
}

/** `HostDown{instance="a"}` */
export function alertText(labels: Readonly<Record<string, string>>): string {
  const { alertname = '', ...rest } = labels;
  return `${alertname}${Labels.from(rest).toString().replace('{}', '')}`;
}

/** What whoever is on call may do next. */
export function nextSteps(alert: Omit<ExplainedAlert, 'nextSteps'>): readonly NextStep[] {
  const steps: NextStep[] = [];
  const { runbookUrl, labels, verdict } = alert;
  if (runbookUrl !== undefined && alert.state !== 'inactive') {
    steps.push({ text: `read the runbook: ${runbookUrl}` });
  }
  for (const { id } of alert.silencedBy) {
    steps.push({ text: 'end the silence', command: `dwcp silence expire ${shellWord(id)}` });
  }
  for (const { labels: source } of alert.inhibitedBy.slice(0, 3)) {
    steps.push({
      text: 'look at the alert that holds it back',
      command: `dwcp alert explain ${shellWord(matchersOf(source))}`,
    });
  }
  if (verdict.code === 'delivery-failed' || verdict.code === 'delivering') {
    steps.push({ text: 'see which receivers fail', command: 'dwcp status' });
  }
  if (verdict.code === 'not-wanted' || verdict.code === 'no-integrations') {
    steps.push({
      text: 'see what its route says',
      command: `dwcp routes test --config alertmanager.yml ${Object.entries(labels)
        .map(([name, value]) => shellWord(`${name}=${value}`))
        .join(' ')}`,
    });
  }
  const isLoud = alert.state === 'firing' && alert.silencedBy.length === 0;
  if (isLoud && !alert.isHypothetical) {
    const seen = alert.findings.some(({ code }) => code === 'acknowledged');
    if (alert.incident !== undefined && !seen) {
      const what = shellWord(alert.fingerprint);
      const comment = shellWord('looking at it');
      steps.push({
        text: 'say that you see to it: its escalation and its repeats stop',
        command: `dwcp alert ack ${what} --comment ${comment}`,
      });
    }
    const matchers = Object.entries(labels)
      .filter(([name]) => name !== 'incident')
      .map(([name, value]) => shellWord(`${name}=${JSON.stringify(value)}`));
    steps.push({
      text: 'silence it for two hours',
      command: `dwcp silence add --duration 2h --comment ${shellWord('looking at it')} ${matchers.join(' ')}`,
    });
  }
  return steps;
}

function matchersOf(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`;
}

/** A word that a POSIX shell takes as it is. */
function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
