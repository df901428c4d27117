import { stringify } from 'yaml';

import { type TimeInterval } from '../time-interval.ts';
import { AlertmanagerConfigError } from './errors.ts';
import { any, type Fields, listOf, texts } from './fields.ts';
import { checkGlobal, GLOBAL_DEFAULTS, globalFields } from './global-fields.ts';
import { checkHttpConfig } from './http-fields.ts';
import { type InhibitRuleConfig, readInhibitRule } from './inhibit-rules.ts';
import { ConfigReader } from './reader.ts';
import { receiver } from './receiver-fields.ts';
import { readReceivers, type ReceiverConfig } from './receivers.ts';
import { ConfigRecord } from './record.ts';
import { inhibitRuleFields, routeFields } from './route-fields.ts';
import { readRootRoute, type RouteConfig } from './routes.ts';
import { namedTimeIntervalsFields } from './time-interval-fields.ts';
import { readTimeInterval } from './time-intervals.ts';

/** An Alertmanager configuration that holds together. */
export interface AlertmanagerConfig {
  /** Keys of `global` as Alertmanager names them, with its defaults. Secrets are in the clear. */
  readonly global: Readonly<Record<string, unknown>>;
  /** After how long an alert without an end is over when nothing repeats it. */
  readonly resolveTimeoutMs: number;
  readonly route: RouteConfig;
  readonly receivers: readonly ReceiverConfig[];
  readonly inhibitRules: readonly InhibitRuleConfig[];
  /** By name: those of `time_intervals` and of the older `mute_time_intervals`. */
  readonly timeIntervals: ReadonlyMap<string, readonly TimeInterval[]>;
  /** Paths of template files, with `*`, as written. */
  readonly templates: readonly string[];
  /** The file as YAML, `<secret>` in the place of each secret. */
  readonly shown: string;
}

const FILE: Fields = {
  global: globalFields,
  route: routeFields,
  inhibit_rules: listOf(() => inhibitRuleFields),
  receivers: listOf(() => receiver),
  templates: texts,
  mute_time_intervals: listOf(() => namedTimeIntervalsFields),
  time_intervals: listOf(() => namedTimeIntervalsFields),
  // About Alertmanager's own process.
  tracing: any,
  event_recorder: any,
};

/**
 * Reads an Alertmanager configuration file.
 * @param path of the file, for messages
 * @throws AlertmanagerConfigError with every problem at once
 * @see https://prometheus.io/docs/alerting/latest/configuration/
 */
export function parseAlertmanagerConfig(text: string, path: string): AlertmanagerConfig {
  const reader = new ConfigReader(text, path);
  const start = { line: 1, column: 1 };
  const root = reader.root(FILE);
  const global = root?.record('global') ?? new ConfigRecord('global', start);
  for (const [key, value] of Object.entries(GLOBAL_DEFAULTS)) {
    if (!global.has(key)) global.set(key, value);
  }
  checkGlobal(reader, global);
  const shown = root?.toShownData() ?? {};
  const http = global.record('http_config');
  if (http !== undefined) checkHttpConfig(reader, http);
  const receivers = readReceivers(reader, root?.records('receivers') ?? [], global);
  const timeIntervals = readNamedIntervals(reader, root);
  const found = root?.record('route');
  if (found === undefined && reader.problems.length === 0) {
    reader.problem(root?.place ?? start, 'route', 'is missing', 'add the root of the routing tree');
  }
  const route =
    found === undefined
      ? undefined
      : readRootRoute(reader, found, {
          receivers: new Set(receivers.map(({ name }) => name)),
          timeIntervals: new Set(timeIntervals.keys()),
        });
  const inhibitRules = (root?.records('inhibit_rules') ?? []).map((rule) =>
    readInhibitRule(reader, rule),
  );
  if (reader.problems.length > 0 || route === undefined) {
    throw new AlertmanagerConfigError(reader.problems);
  }
  return {
    global: global.toData(),
    resolveTimeoutMs: global.number('resolve_timeout') ?? 0,
    route,
    receivers,
    inhibitRules,
    timeIntervals,
    templates: (root?.texts('templates') ?? []).map(({ value }) => value),
    shown: stringify(shown),
  };
}

function readNamedIntervals(
  reader: ConfigReader,
  root: ConfigRecord | undefined,
): ReadonlyMap<string, readonly TimeInterval[]> {
  const intervals = new Map<string, readonly TimeInterval[]>();
  for (const key of ['mute_time_intervals', 'time_intervals']) {
    for (const found of root?.records(key) ?? []) {
      const name = found.text('name');
      if (name === '') {
        reader.problem(found.place, found.name('name'), 'is missing', 'give it a name');
      } else if (intervals.has(name)) {
        const shown = JSON.stringify(name);
        reader.problem(found.at('name'), found.name('name'), 'is used twice', 'rename one', shown);
      }
      const parts = found.records('time_intervals').map((part) => readTimeInterval(reader, part));
      intervals.set(name, parts);
    }
  }
  return intervals;
}
