import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import {
  type AlertmanagerConfig,
  AlertmanagerConfigError,
  buildRoute,
  parseAlertmanagerConfig,
  routeTreeText,
  type TestedRoute,
  testRoutes,
} from '@dwcp/alerting';
import { formatDuration, systemClock } from '@dwcp/core';

import { parseTime } from '../server/time-parameter.ts';
import { type ExitCode, type Io, styleFor, UsageError } from './io.ts';
import { readArgs } from './run.ts';
import { printable } from './text.ts';

/** Shows and tests the routes of an Alertmanager configuration. No server is asked. */
export async function routes(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: {
      config: { type: 'string' },
      at: { type: 'string' },
      verify: { type: 'string' },
      json: { type: 'boolean' },
    },
    strict: true,
    allowPositionals: true,
  });
  const [action, ...words] = positionals;
  if (action !== 'test' && action !== 'show') {
    const got = action === undefined ? '' : `, got ${JSON.stringify(action)}`;
    throw new UsageError(`routes wants test or show${got}`);
  }
  if (values.config === undefined) {
    throw new UsageError(`routes ${action} wants --config alertmanager.yml`);
  }
  if (action === 'show') {
    if (words.length > 0 || values.at !== undefined || values.verify !== undefined) {
      throw new UsageError('routes show wants only --config');
    }
    const config = await readConfig(io, values.config);
    if (config === undefined) return 1;
    io.out.write(routeTreeText(buildRoute(config.route)).split('\n').map(printable).join('\n'));
    return 0;
  }
  const atUnixMs = momentOf(values.at);
  const labels = labelsOf(words);
  const config = await readConfig(io, values.config);
  if (config === undefined) return 1;
  const found = testRoutes(config, { labels, atUnixMs });
  const receivers = found.map(({ receiver }) => receiver).join(',');
  if (values.json === true) {
    const at = new Date(atUnixMs).toISOString();
    io.out.write(`${JSON.stringify({ at, labels, routes: found }, undefined, 2)}\n`);
  } else tell(io, found, atUnixMs);
  if (values.verify === undefined || values.verify === receivers) return 0;
  const style = styleFor(io.err, io.env);
  io.err.write(`${style.red('dwcp:')} expected ${values.verify}, got ${receivers}\n`);
  return 1;
}

/** @returns undefined when the file is wrong, which is then told */
async function readConfig(io: Io, file: string): Promise<AlertmanagerConfig | undefined> {
  const fail = (problem: string): undefined => {
    io.err.write(`${styleFor(io.err, io.env).red('dwcp:')} ${problem}\n`);
  };
  let text: string;
  try {
    text = await readFile(resolve(io.cwd, file), 'utf8');
  } catch (error) {
    return fail(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  try {
    return parseAlertmanagerConfig(text, file);
  } catch (error) {
    if (!(error instanceof AlertmanagerConfigError)) throw error;
    return fail(error.message);
  }
}

function labelsOf(words: readonly string[]): Readonly<Record<string, string>> {
  if (words.length === 0) {
    throw new UsageError('routes test wants labels such as severity=critical');
  }
  return Object.fromEntries(
    words.map((word) => {
      const equals = word.indexOf('=');
      if (equals < 1) {
        throw new UsageError(`${JSON.stringify(word)} is no label; write it as name=value`);
      }
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

function momentOf(text: string | undefined): number {
  if (text === undefined) return systemClock.nowUnixMs();
  const unixMs = parseTime(text);
  if (unixMs !== undefined) return unixMs;
  throw new UsageError(`--at wants RFC 3339 or Unix seconds, got ${JSON.stringify(text)}`);
}

function tell(io: Io, found: readonly TestedRoute[], atUnixMs: number): void {
  const style = styleFor(io.out, io.env);
  for (const [index, route] of found.entries()) {
    const { receiver, path, integrations, groupKey, mutedBy } = route;
    const told = integrations.length === 0 ? 'tells nobody' : printable(integrations.join(', '));
    const { groupBy } = route;
    const by =
      groupBy === 'all' ? 'every label' : groupBy.join(', ') || 'nothing: one group for all';
    const lines = [
      `${index + 1}. ${style.bold(printable(receiver))} (${told})`,
      `   route   ${printable(path.join(' > '))}`,
      `   group   by ${printable(`${by}; ${groupKey}`)}`,
      `   timing  wait ${duration(route.groupWaitMs)}, interval ${duration(route.groupIntervalMs)}, repeat ${duration(route.repeatIntervalMs)}`,
    ];
    if (route.muteTimeIntervals.length + route.activeTimeIntervals.length > 0) {
      const at = new Date(atUnixMs).toISOString();
      const state =
        mutedBy.length === 0
          ? style.green('open')
          : style.yellow(`quiet because of ${printable(mutedBy.join(', '))}`);
      lines.push(`   at      ${at}: ${state}`);
    }
    io.out.write(`${lines.join('\n')}\n`);
  }
}

function duration(ms: number): string {
  return ms === 0 ? '0s' : formatDuration(ms);
}
