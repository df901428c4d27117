import { type Labels, METRIC_NAME } from '@dwcp/core';

import { type AggregateExpression } from '../../../parser/ast.ts';
import { METADATA_LABELS } from '../../values.ts';

/** The names that `by` keeps or `without` drops. */
export function groupingNames(node: AggregateExpression): ReadonlySet<string> {
  return new Set(
    node.without ? [...node.grouping, ...METADATA_LABELS, METRIC_NAME] : node.grouping,
  );
}

/** The labels that name the group of a series. */
export function groupLabels(
  node: AggregateExpression,
  names: ReadonlySet<string>,
): (labels: Labels) => Labels {
  return node.without ? (labels) => labels.without(names) : (labels) => labels.keep(names);
}

/** Finds the group of each series, making it when it is the first one there. */
export class Groups<G> {
  readonly #without: boolean;
  readonly #names: ReadonlySet<string>;
  /** Of `by` with one name: a value tells its group. */
  readonly #onlyName: string | undefined;
  readonly #labelsOf: (labels: Labels) => Labels;
  readonly #make: (labels: Labels, dropName: boolean) => G;
  readonly #groups = new Map<string, G>();

  /** @param make gets the labels of the group and whether its name no longer applies */
  constructor(node: AggregateExpression, make: (labels: Labels, dropName: boolean) => G) {
    this.#without = node.without;
    this.#names = groupingNames(node);
    this.#onlyName = !node.without && this.#names.size === 1 ? [...this.#names][0] : undefined;
    this.#labelsOf = groupLabels(node, this.#names);
    this.#make = make;
  }

  /** A name that no longer applies still tells groups apart, and goes away at the end. */
  of(labels: Labels, dropName: boolean): G {
    const key = this.#keyOf(labels);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = this.#make(this.#labelsOf(labels), dropName);
      this.#groups.set(key, group);
    }
    return group;
  }

  /** In the order of their first series. */
  values(): Iterable<G> {
    return this.#groups.values();
  }

  /** Equal for series of a group only, without making a label set for each series. */
  #keyOf(labels: Labels): string {
    if (this.#onlyName !== undefined) return labels.get(this.#onlyName);
    const { flat } = labels;
    let key = '';
    for (let i = 0; i < flat.length; i += 2) {
      const name = flat[i] ?? '';
      if (this.#names.has(name) === this.#without) continue;
      const value = flat[i + 1] ?? '';
      key += `${name.length},${value.length},${name}${value}`;
    }
    return key;
  }
}
