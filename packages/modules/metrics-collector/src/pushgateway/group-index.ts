import { Labels, METRIC_NAME } from '@dwcp/core';

import { inconsistent } from './push-error.ts';
import {
  type LabelPair,
  ownFamilies,
  type PushFamily,
  type PushGroup,
  type PushMetric,
  type PushMetricType,
  samplesOf,
} from './push-group.ts';

interface Owners {
  readonly type: PushMetricType;
  readonly groups: Set<string>;
}

/**
 * What all groups hold, by name and by series, so that checking a push costs as much as the push is
 * large, however much is held. The rules are those of Prometheus' own registry when it gathers from
 * several sources; but labels with an empty value do not tell series apart, as they do not in any
 * store, so that no two samples of one series can ever be scraped.
 * @see https://github.com/prometheus/client_golang/blob/v1.14.0/prometheus/registry.go
 */
export class GroupIndex {
  readonly #families = new Map<string, Owners>();
  /** The group of each metric, by name and labels. */
  readonly #metrics = new Map<string, string>();
  #seriesCount = 0;

  /** Samples of all groups, buckets and the groups' own times included. */
  get seriesCount(): number {
    return this.#seriesCount;
  }

  /**
   * Checks what a group would become.
   * @param key of the group, what it holds now being replaced
   * @throws PushError in the words of the registry, for the first thing that does not fit
   */
  check(key: string, next: PushGroup): void {
    const types = new Map(next.families.map(({ name, type }) => [name, type]));
    const typeOf = (name: string): PushMetricType | undefined =>
      types.get(name) ?? this.#typeElsewhere(name, key);
    const seen = new Set<string>();
    for (const family of [...ownFamilies(next), ...next.families]) {
      const elsewhere = this.#typeElsewhere(family.name, key);
      for (const metric of family.metrics) {
        if (elsewhere !== undefined && elsewhere !== family.type) {
          throw inconsistent(`${describe(family, metric)} is not a ${elsewhere.toUpperCase()}`);
        }
        checkLabels(family, metric);
        const id = metricId(family.name, metric.labels);
        const owner = this.#metrics.get(id);
        if (seen.has(id) || (owner !== undefined && owner !== key)) {
          throw inconsistent(
            `${describe(family, metric)} was collected before with the same name and label values`,
          );
        }
        seen.add(id);
      }
      checkSuffixes(family, typeOf);
    }
  }

  /** Takes in what a group is now, in place of what it was. */
  replace(key: string, before: PushGroup | undefined, after: PushGroup | undefined): void {
    if (before !== undefined) this.#remove(key, before);
    if (after !== undefined) this.#add(key, after);
  }

  #add(key: string, group: PushGroup): void {
    for (const family of [...ownFamilies(group), ...group.families]) {
      const { name, type } = family;
      let owners = this.#families.get(name);
      if (owners === undefined) this.#families.set(name, (owners = { type, groups: new Set() }));
      owners.groups.add(key);
      for (const { labels } of family.metrics) this.#metrics.set(metricId(name, labels), key);
    }
    this.#seriesCount += seriesCountOf(group);
  }

  #remove(key: string, group: PushGroup): void {
    for (const { name, metrics } of [...ownFamilies(group), ...group.families]) {
      const owners = this.#families.get(name);
      owners?.groups.delete(key);
      if (owners?.groups.size === 0) this.#families.delete(name);
      for (const { labels } of metrics) this.#metrics.delete(metricId(name, labels));
    }
    this.#seriesCount -= seriesCountOf(group);
  }

  #typeElsewhere(name: string, key: string): PushMetricType | undefined {
    const owners = this.#families.get(name);
    if (owners === undefined) return undefined;
    return owners.groups.size === 1 && owners.groups.has(key) ? undefined : owners.type;
  }
}

/** How many series a group is. */
export function seriesCountOf(group: PushGroup): number {
  return group.families.reduce((sum, family) => sum + samplesOf(family).length, 2);
}

function checkLabels(family: PushFamily, metric: PushMetric): void {
  const bound = { histogram: 'le', summary: 'quantile' }[family.type as string];
  for (const [label] of metric.labels) {
    if (label.startsWith('__')) {
      throw inconsistent(`${describe(family, metric)} has a label with an invalid name: ${label}`);
    }
    if (label === bound) {
      throw inconsistent(`${describe(family, metric)} must not have an explicit "${label}" label`);
    }
  }
}

/** Whether samples of a histogram or summary would carry the names of another family's. */
function checkSuffixes(
  { name, type }: PushFamily,
  typeOf: (name: string) => PushMetricType | undefined,
): void {
  const suffix = /_(?:count|sum|bucket)$/.exec(name)?.[0];
  if (suffix !== undefined) {
    const base = name.slice(0, -suffix.length);
    const baseType = typeOf(base);
    if (baseType === 'histogram' || (baseType === 'summary' && suffix !== '_bucket')) {
      throw inconsistent(
        `collected metric named "${name}" collides with previously collected ${baseType} named "${base}"`,
      );
    }
  }
  if (type !== 'histogram' && type !== 'summary') return;
  for (const part of type === 'histogram' ? ['_count', '_sum', '_bucket'] : ['_count', '_sum']) {
    if (typeOf(name + part) === undefined) continue;
    throw inconsistent(
      `collected histogram or summary named "${name}" collides with previously collected metric named "${name}${part}"`,
    );
  }
}

function metricId(name: string, labels: readonly LabelPair[]): string {
  return Labels.fromPairs([...labels, [METRIC_NAME, name]]).key;
}

function describe({ name }: PushFamily, { labels }: PushMetric): string {
  const pairs = labels.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(',');
  return `collected metric ${name}{${pairs}}`.slice(0, 500);
}
