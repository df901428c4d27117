import { type LabelValues } from '@dwcp/core';

import { DiscoveryError } from './discovery-error.ts';

/** Targets that share labels and come from one place. */
export interface TargetGroup {
  /** The labels of each target, `__address__` among them. */
  readonly targets: readonly LabelValues[];
  /** Labels of all of them; a target's own come first. */
  readonly labels: LabelValues;
}

/** What one group and one source may hold. */
export const MAX_TARGETS_PER_GROUP = 10_000;
export const MAX_GROUPS_PER_SOURCE = 10_000;

/**
 * Reads the list of groups that files and servers give: `[{ targets: [...], labels: {...} }]`. It is
 * taken as a whole or not at all.
 * @param meta labels that say where the groups come from; they win over those of a group
 * @throws DiscoveryError naming the group, the field, what is there and what to write
 */
export function readTargetGroups(input: unknown, meta: LabelValues): readonly TargetGroup[] {
  if (input === null || input === undefined) return [];
  if (!Array.isArray(input)) {
    throw new DiscoveryError(`must be a list of groups, got ${nameOf(input)}; write [ ... ]`);
  }
  if (input.length > MAX_GROUPS_PER_SOURCE) {
    throw new DiscoveryError(
      `${input.length} groups are more than ${MAX_GROUPS_PER_SOURCE}; put targets with equal labels into one group`,
    );
  }
  return input.map((group: unknown, index) => readGroup(group, `group ${index}`, meta));
}

function readGroup(input: unknown, where: string, meta: LabelValues): TargetGroup {
  if (!isMapping(input)) {
    throw new DiscoveryError(
      `${where} must be a mapping, got ${nameOf(input)}; write targets and labels`,
    );
  }
  for (const name of Object.keys(input)) {
    if (name === 'targets' || name === 'labels') continue;
    throw new DiscoveryError(
      `${where}: ${JSON.stringify(name.slice(0, 80))} is not a field; known here: targets, labels`,
    );
  }
  const addresses = input['targets'] ?? [];
  if (!Array.isArray(addresses)) {
    throw new DiscoveryError(`${where}: targets must be a list, got ${nameOf(addresses)}`);
  }
  if (addresses.length > MAX_TARGETS_PER_GROUP) {
    throw new DiscoveryError(
      `${where}: ${addresses.length} targets are more than ${MAX_TARGETS_PER_GROUP}; divide the group`,
    );
  }
  const targets = addresses.map((address: unknown, index) => {
    if (typeof address === 'string') return { __address__: address };
    throw new DiscoveryError(
      `${where}: targets.${index} must be a string, got ${nameOf(address)}; put it in quotes`,
    );
  });
  return { targets, labels: { ...readLabels(input['labels'] ?? {}, where), ...meta } };
}

function readLabels(input: unknown, where: string): LabelValues {
  if (!isMapping(input)) {
    throw new DiscoveryError(`${where}: labels must be a mapping, got ${nameOf(input)}`);
  }
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(input)) {
    const shown = JSON.stringify(name.slice(0, 80));
    if (name === '') throw new DiscoveryError(`${where}: labels has a label without a name`);
    if (typeof value !== 'string') {
      throw new DiscoveryError(
        `${where}: the label ${shown} must be a string, got ${nameOf(value)}; put it in quotes`,
      );
    }
    labels[name] = value;
  }
  return labels;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}
