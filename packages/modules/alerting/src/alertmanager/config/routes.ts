import { type LabelMatcher } from '@dwcp/core';

import { readLabelNames, readMatchers } from './matchers.ts';
import { type ConfigReader } from './reader.ts';
import { type ConfigRecord } from './record.ts';

/** A node of the routing tree as the file has it; what is undefined comes from the parent. */
export interface RouteConfig {
  readonly receiver: string | undefined;
  /** `'all'` is `['...']`: each label set is a group of its own. */
  readonly groupBy: readonly string[] | 'all' | undefined;
  /** By name, value, operator. */
  readonly matchers: readonly LabelMatcher[];
  readonly continues: boolean;
  readonly groupWaitMs: number | undefined;
  readonly groupIntervalMs: number | undefined;
  readonly repeatIntervalMs: number | undefined;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  /** Templates of labels that go with the groups of this route and below. */
  readonly labels: Readonly<Record<string, string>>;
  readonly routes: readonly RouteConfig[];
}

/** What routes may refer to. */
export interface RouteNames {
  readonly receivers: ReadonlySet<string>;
  readonly timeIntervals: ReadonlySet<string>;
}

export function readRootRoute(
  reader: ConfigReader,
  found: ConfigRecord,
  names: RouteNames,
): RouteConfig {
  const complain = (key: string, problem: string, fix: string): void =>
    reader.problem(found.at(key), found.name(key), problem, fix);
  if (found.text('receiver') === '') {
    complain('receiver', 'is missing', 'name the receiver of what no route below takes');
  }
  for (const key of ['match', 'match_re', 'matchers']) {
    if (found.textMap(key).size === 0 && found.texts(key).length === 0) continue;
    complain(key, 'stands at the root, which takes every alert', 'move it to a route below');
  }
  for (const key of ['mute_time_intervals', 'active_time_intervals']) {
    if (found.texts(key).length === 0) continue;
    complain(key, 'stands at the root, which is never muted', 'move it to a route below');
  }
  if (found.flag('continue') === true) {
    complain('continue', 'stands at the root, which nothing follows', 'remove it');
  }
  return readRoute(reader, found, names);
}

function readRoute(reader: ConfigReader, found: ConfigRecord, names: RouteNames): RouteConfig {
  const receiver = found.text('receiver');
  if (receiver !== '' && !names.receivers.has(receiver)) {
    const fix = `define it under receivers; known are ${[...names.receivers].join(', ') || 'none'}`;
    const shown = JSON.stringify(receiver);
    reader.problem(found.at('receiver'), found.name('receiver'), 'is no receiver', fix, shown);
  }
  for (const key of ['group_interval', 'repeat_interval']) {
    if (found.number(key) !== 0) continue;
    reader.problem(found.at(key), found.name(key), 'is zero', 'write a duration above 0', '0');
  }
  const groupBy = readGroupBy(reader, found);
  const labels = [...found.textMap('labels')].map(([name, { value }]) => [name, value] as const);
  return {
    receiver: receiver === '' ? undefined : receiver,
    groupBy,
    matchers: readMatchers(reader, found, {
      match: 'match',
      matchRe: 'match_re',
      matchers: 'matchers',
    }),
    continues: found.flag('continue') ?? false,
    groupWaitMs: found.number('group_wait'),
    groupIntervalMs: found.number('group_interval'),
    repeatIntervalMs: found.number('repeat_interval'),
    muteTimeIntervals: readNames(reader, found, { key: 'mute_time_intervals', names }),
    activeTimeIntervals: readNames(reader, found, { key: 'active_time_intervals', names }),
    labels: Object.fromEntries(labels),
    routes: found.records('routes').map((route) => readRoute(reader, route, names)),
  };
}

function readGroupBy(reader: ConfigReader, found: ConfigRecord): RouteConfig['groupBy'] {
  const names = readLabelNames(reader, found, 'group_by');
  // An empty list is no list: it takes what the parent has, as Alertmanager does.
  if (names.length === 0) return undefined;
  if (!names.includes('...')) return names;
  if (names.length > 1) {
    const fix = 'keep "..." alone or remove it';
    reader.problem(found.at('group_by'), found.name('group_by'), 'has "..." and labels', fix);
  }
  return 'all';
}

function readNames(
  reader: ConfigReader,
  found: ConfigRecord,
  { key, names }: { readonly key: string; readonly names: RouteNames },
): readonly string[] {
  return found.texts(key).map(({ value, place }, index) => {
    if (!names.timeIntervals.has(value)) {
      const where = `${found.name(key)}[${index}]`;
      const fix = 'define it under time_intervals';
      reader.problem(place, where, 'is no time interval', fix, JSON.stringify(value));
    }
    return value;
  });
}
