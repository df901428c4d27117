import { type Labels } from '@dwcp/core';

import { isResolved, type StoredAlert } from './alerts.ts';
import { type InhibitRuleConfig } from './config/inhibit-rules.ts';
import { compileMatchers, type LabelsTest } from './matcher.ts';

/** The alerts of a rule's source side, by their values of the `equal` labels. */
interface Rule {
  readonly source: LabelsTest;
  readonly target: LabelsTest;
  readonly equal: readonly string[];
  readonly sources: Map<string, Map<string, StoredAlert>>;
}

/** Tells which alerts are held back because another fires. */
export class Inhibitor {
  readonly #rules: readonly Rule[];

  constructor(rules: readonly InhibitRuleConfig[]) {
    this.#rules = rules.map(({ source, target, equal }) => ({
      source: compileMatchers(source),
      target: compileMatchers(target),
      equal,
      sources: new Map(),
    }));
  }

  put(alert: StoredAlert): void {
    for (const { source, equal, sources } of this.#rules) {
      if (!source(alert.labels)) continue;
      const key = keyOf(alert.labels, equal);
      const alike = sources.get(key);
      if (alike === undefined) sources.set(key, new Map([[alert.fingerprint, alert]]));
      else alike.set(alert.fingerprint, alert);
    }
  }

  remove({ fingerprint, labels }: StoredAlert): void {
    for (const { equal, sources } of this.#rules) {
      const key = keyOf(labels, equal);
      const alike = sources.get(key);
      if (alike?.delete(fingerprint) === true && alike.size === 0) sources.delete(key);
    }
  }

  /**
   * Fingerprints of the alerts that hold one back, sorted. Of a rule whose both sides match the
   * alert, those that both sides match as well do not count: an alert never inhibits itself.
   */
  inhibiting(labels: Labels, unixMs: number): readonly string[] {
    const found = new Set<string>();
    for (const { source, target, equal, sources } of this.#rules) {
      if (!target(labels)) continue;
      const bothSides = source(labels);
      for (const alert of sources.get(keyOf(labels, equal))?.values() ?? []) {
        if (isResolved(alert, unixMs)) continue;
        if (bothSides && target(alert.labels)) continue;
        found.add(alert.fingerprint);
      }
    }
    return [...found].sort();
  }
}

function keyOf(labels: Labels, equal: readonly string[]): string {
  return JSON.stringify(equal.map((name) => labels.get(name)));
}
