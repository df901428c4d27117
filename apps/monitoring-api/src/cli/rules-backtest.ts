import { resolve } from 'node:path';

import { loadRuleFiles } from '@dwcp/alerting';
import { backtestRules, type BacktestResult } from '@dwcp/alerting/rule-tests';
import { formatDuration, Labels, METRIC_NAME } from '@dwcp/core';

import { parseTime } from '../server/time-parameter.ts';
import { Client } from './client.ts';
import { type ExitCode, type Io, styleFor, UsageError } from './io.ts';
import { checkTime, Moments } from './query.ts';
import { ServerQuery } from './server-query.ts';
import { table } from './table.ts';
import { widthOf } from './text.ts';

interface Options {
  readonly rules?: readonly string[];
  readonly start?: string;
  readonly end?: string;
  readonly url?: string;
  readonly json?: boolean;
}

/** Tells what alerts would have fired over the stored history of a running server. */
export async function backtest(io: Io, options: Options): Promise<ExitCode> {
  const { rules = [], start, end } = options;
  if (rules.length === 0) throw new UsageError('rules backtest wants --rules FILE');
  if (start === undefined) throw new UsageError('rules backtest wants --start, such as now-1d');
  checkTime('start', start);
  checkTime('end', end);
  const groups = await loadRuleFiles(rules.map((file) => resolve(io.cwd, file)));
  const client = new Client(io, options.url);
  const moments = new Moments(client);
  const results = await backtestRules(groups, {
    query: new ServerQuery(client),
    startUnixMs: await unixMsOf(moments, start),
    endUnixMs: await unixMsOf(moments, end ?? 'now'),
  });
  if (options.json === true) {
    io.out.write(`${JSON.stringify({ rules: results.map(asJson) }, undefined, 2)}\n`);
  } else tell(io, results);
  return results.every(({ problem }) => problem === undefined) ? 0 : 1;
}

async function unixMsOf(moments: Moments, text: string): Promise<number> {
  return Math.round(parseTime(await moments.of(text)) ?? 0);
}

function tell(io: Io, results: readonly BacktestResult[]): void {
  const style = styleFor(io.err, io.env);
  for (const { rule, problem } of results) {
    if (problem !== undefined) io.err.write(`${style.red(rule)}: ${problem}\n`);
  }
  const rows = results
    .flatMap(({ rule, firings }) => firings.map((firing) => ({ rule, ...firing })))
    .sort((a, b) => a.firedAtUnixMs - b.firedAtUnixMs)
    .map(({ rule, labels, firedAtUnixMs, endedAtUnixMs }) => [
      seriesText(rule, labels),
      momentOf(firedAtUnixMs),
      endedAtUnixMs === undefined ? 'fires at the end' : momentOf(endedAtUnixMs),
      endedAtUnixMs === undefined ? '' : formatDuration(endedAtUnixMs - firedAtUnixMs),
    ]);
  io.out.write(
    rows.length === 0
      ? 'no alert would have fired\n'
      : table(['ALERT', 'FIRED', 'ENDED', 'LASTED'], rows, { width: widthOf(io.out) }),
  );
}

function seriesText(rule: string, labels: Readonly<Record<string, string>>): string {
  return Labels.from({ ...labels, [METRIC_NAME]: rule })
    .without(['alertname'])
    .toString();
}

function asJson({ group, rule, firings, problem }: BacktestResult): unknown {
  return {
    group,
    rule,
    problem: problem ?? null,
    firings: firings.map(({ labels, firedAtUnixMs, endedAtUnixMs }) => ({
      labels,
      firedAt: momentOf(firedAtUnixMs),
      endedAt: endedAtUnixMs === undefined ? null : momentOf(endedAtUnixMs),
    })),
  };
}

function momentOf(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
