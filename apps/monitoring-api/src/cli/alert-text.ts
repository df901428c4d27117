import { type AlertExplanationView } from '@dwcp/api-schema';
import { formatDuration, Labels } from '@dwcp/core';

import { type Io, type Style, styleFor } from './io.ts';
import { counted, printable } from './text.ts';

type Alert = AlertExplanationView['alerts'][number];
type Rule = AlertExplanationView['rules'][number];
type Timeline = AlertExplanationView['timeline'];

/** Alerts, series and moments of the timeline that are shown; `--json` has all. */
const MAX_SHOWN = 5;
const MAX_LINES = 15;

/** An explanation to be read in a hurry: the answer, then why, then what to do. */
export function renderExplanation(io: Io, view: AlertExplanationView): string {
  const style = styleFor(io.out, io.env);
  const lines = [style.bold(printable(view.verdict.text)), ''];
  const others = view.alerts.filter(
    ({ verdict, isHypothetical }) => verdict.text !== view.verdict.text && !isHypothetical,
  );
  if (others.length > 0) {
    const shown = others.slice(0, MAX_SHOWN);
    lines.push(`also, of ${counted(view.alertCount, 'alert')}:`);
    lines.push(...shown.map(({ verdict }) => `  ${printable(verdict.text)}`), '');
  }
  for (const rule of view.rules) lines.push(...ruleLines(rule), '');
  const [main] = view.alerts;
  if (main !== undefined) lines.push(...routeLines(main, view.verdict.text, style), '');
  lines.push(...timelineLines(view.timeline, view.at), ...stepLines(view.nextSteps, style));
  return `${lines.join('\n').trimEnd()}\n`;
}

function ruleLines(rule: Rule): readonly string[] {
  const lines = [
    `rule    ${printable(rule.name)} in group ${printable(rule.group)}, ${printable(rule.file)}`,
  ];
  const waits = [
    rule.forMs > 0 ? `for ${formatDuration(rule.forMs)}` : 'no wait',
    ...(rule.keepFiringForMs > 0
      ? [`keep firing for ${formatDuration(rule.keepFiringForMs)}`]
      : []),
    `evaluated every ${formatDuration(rule.intervalMs)}`,
  ];
  lines.push(
    `        ${printable(rule.expression.replaceAll(/\s+/g, ' '))}`,
    `        ${waits.join(', ')}`,
  );
  for (const { expression, series, seriesCount, holdingCount, operator } of rule.comparisons) {
    lines.push(
      `        ${printable(expression.replaceAll(/\s+/g, ' '))}: holds for ${holdingCount} of ${counted(seriesCount, 'series', 'series')}`,
    );
    for (const { labels, value, threshold, holds, distance } of series.slice(0, MAX_SHOWN)) {
      const found = holds ? 'yes' : `no, by ${distance}`;
      lines.push(
        `          ${value} ${operator} ${threshold}  ${found}  ${printable(Labels.from(labels).toString())}`,
      );
    }
  }
  for (const policy of [rule.recovery, rule.data]) {
    if (policy !== undefined) lines.push(`        ${printable(policy.text)}`);
  }
  const reasons = rule.findings.filter(({ code }) => code === 'rule-error' || code === 'no-series');
  return [...lines, ...reasons.map(({ text }) => `        ${printable(text)}`)];
}

function routeLines(alert: Alert, verdict: string, style: Style): readonly string[] {
  const value = alert.value === undefined ? '' : `, value ${alert.value}`;
  const head = alert.isHypothetical
    ? 'alert   none then; one would go this way'
    : `alert   ${printable(Labels.from(alert.labels).toString())} ${alert.state}${value}`;
  const lines = [head];
  const inGroups = new Set(
    alert.routes.flatMap(({ findings }) => findings.map(({ text }) => text)),
  );
  for (const { text } of alert.findings.slice(alert.isHypothetical ? 1 : 0)) {
    if (!inGroups.has(text) && !verdict.includes(text)) lines.push(`        ${printable(text)}`);
  }
  if (alert.incident !== undefined) {
    const { id, openedAt, events } = alert.incident;
    lines.push(`        in incident ${printable(id)}, opened at ${clockText(openedAt)}`);
    for (const { at, kind, text } of events.slice(-MAX_SHOWN)) {
      lines.push(
        `          ${clockText(at)}  ${printable(`${kind.replaceAll('-', ' ')}: ${text}`)}`,
      );
    }
  }
  for (const route of alert.routes) {
    lines.push(
      `route   ${style.bold(printable(route.receiver))}  ${printable(route.path.join(' > '))}`,
    );
    lines.push(`        group ${printable(route.groupKey)}`);
    const isTold = alert.state === 'firing' || alert.state === 'resolved';
    if (isTold) lines.push(...route.findings.map(({ text }) => `        ${printable(text)}`));
    if (isTold && route.nextFlushAt !== undefined) {
      lines.push(`        looked at next at ${clockText(route.nextFlushAt)}`);
    }
  }
  return lines;
}

function timelineLines(timeline: Timeline, at: string): readonly string[] {
  const told = timeline.filter(({ decision }) => !['rule', 'weighed'].includes(decision.kind));
  if (told.length === 0) return [];
  const atMs = Date.parse(at);
  const nearest = told
    .toSorted((a, b) => Math.abs(Date.parse(a.at) - atMs) - Math.abs(Date.parse(b.at) - atMs))
    .slice(0, MAX_LINES)
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const lines = nearest.map((record) => {
    const repeated =
      record.count > 1 ? `, ${record.count} times until ${clockText(record.lastAt)}` : '';
    return `        ${clockText(record.at)}  ${printable(decisionText(record))}${repeated}`;
  });
  const more = told.length - nearest.length;
  return ['when', ...lines, ...(more > 0 ? [`        and ${more} more: --json`] : []), ''];
}

function decisionText({ decision, labels }: Timeline[number]): string {
  const about = decision as Readonly<Record<string, unknown>>;
  const text = (name: string): string => {
    const value = about[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const { alertname: _, ...rest } = labels;
  switch (decision.kind) {
    case 'evaluated':
      return `${text('previous')} to ${text('state')} with ${text('value')} ${Labels.from(rest).toString()}`;
    case 'intake':
      return text('outcome').replaceAll('-', ' ');
    case 'routed':
      return `in ${counted((about['routes'] as readonly unknown[]).length, 'group')}`;
    case 'flushed':
      return `group looked at: ${text('outcome').replaceAll('-', ' ')} (${text('receiver')})`;
    case 'delivered': {
      const error = about['error'] === undefined ? '' : `: ${text('error')}`;
      return `${text('integration')}: ${text('outcome')}, ${counted(Number(about['attempts']), 'try', 'tries')}${error}`;
    }
    case 'silence':
      return `silence ${text('change')} by ${text('by')}: ${text('matchers')} (${text('comment')})`;
    case 'escalated':
      return `escalated to ${text('level')}${text('receiver') === '' ? '' : `, ${text('receiver')} is told`}`;
    case 'acknowledged': {
      const by = text('by') === '' ? '' : ` by ${text('by')}`;
      const comment = text('comment') === '' ? '' : `: ${text('comment')}`;
      const what = text('action') === 'given' ? 'acknowledged' : 'acknowledgement ended';
      return `${what}${by}${comment}`;
    }
    default:
      return `${text('action')} by ${text('by')}${text('comment') === '' ? '' : `: ${text('comment')}`}`;
  }
}

function stepLines(steps: AlertExplanationView['nextSteps'], style: Style): readonly string[] {
  if (steps.length === 0) return [];
  const lines = steps.flatMap(({ text, command }) => [
    `        ${printable(text)}`,
    ...(command === undefined ? [] : [`          ${style.bold(printable(command))}`]),
  ]);
  return ['next', ...lines];
}

/** `2026-01-02 03:04:05Z` */
function clockText(moment: string): string {
  return moment.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}
