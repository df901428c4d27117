import { type Labels, METRIC_NAME, type VectorSample } from '@dwcp/core';

/**
 * Which alerts the elements of a vector speak about: an element stands for every alert that has all
 * its labels. The metric name and labels that the rule sets itself do not count. So `sum(x)`, which
 * has no labels, stands for all alerts of the rule.
 */
export class ElementIndex {
  readonly #byNames = new Map<string, { readonly names: readonly string[]; keys: Set<string> }>();

  constructor(
    vector: readonly Pick<VectorSample, 'labels'>[],
    ruleLabels: Readonly<Record<string, string>>,
  ) {
    const ignored = [METRIC_NAME, 'alertname', ...Object.keys(ruleLabels)];
    for (const { labels } of vector) {
      const own = labels.without(ignored);
      const names = [...own].map(([name]) => name);
      const id = names.join('\n');
      let entry = this.#byNames.get(id);
      if (entry === undefined) this.#byNames.set(id, (entry = { names, keys: new Set() }));
      entry.keys.add(own.key);
    }
  }

  /** Whether an element stands for the alert with these labels. */
  covers(alert: Labels): boolean {
    for (const { keys, names } of this.#byNames.values()) {
      if (keys.has(alert.keep(names).key)) return true;
    }
    return false;
  }
}
