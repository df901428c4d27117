import { type Labels } from '@dwcp/core';

import { isResolved, type StoredAlert } from './alerts.ts';
import { type InhibitRuleConfig } from './config/inhibit-rules.ts';
import { compileMatchers, type LabelsTest } from './matcher.ts';

/** Of thousands that hold an alert back, so many are named. */
const MAX_NAMED = 10;

/** The alerts of a rule's source side, by their values of the `equal` labels. */
interface Rule {
  readonly source: LabelsTest;
  readonly target: LabelsTest;
  readonly equal: readonly string[];
  readonly sources: Map<string, Sources>;
}

/** Alerts of a rule's source side that agree in its `equal` labels. */
class Sources {
  /** Those that the target side does not match, and those that both sides match. */
  readonly #oneSided = new Map<string, StoredAlert>();
  readonly #twoSided = new Map<string, StoredAlert>();
  /** What was found last: many alerts are asked about at one moment. */
  #found: { readonly unixMs: number; oneSided?: readonly string[]; all?: readonly string[] } = {
    unixMs: Number.NaN,
  };

  get size(): number {
    return this.#oneSided.size + this.#twoSided.size;
  }

  put(alert: StoredAlert, isTwoSided: boolean): void {
    (isTwoSided ? this.#twoSided : this.#oneSided).set(alert.fingerprint, alert);
    this.#found = { unixMs: Number.NaN };
  }

  remove(fingerprint: string): void {
    this.#oneSided.delete(fingerprint);
    this.#twoSided.delete(fingerprint);
    this.#found = { unixMs: Number.NaN };
  }

  /** Fingerprints of the first that fire. */
  firing(unixMs: number, which: 'oneSided' | 'all'): readonly string[] {
    if (this.#found.unixMs !== unixMs) this.#found = { unixMs };
    const sets = which === 'all' ? [this.#oneSided, this.#twoSided] : [this.#oneSided];
    return (this.#found[which] ??= firstFiring(sets, unixMs));
  }
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
    const { labels } = alert;
    for (const { source, target, equal, sources } of this.#rules) {
      if (!source(labels)) continue;
      const key = keyOf(labels, equal);
      const alike = sources.get(key) ?? new Sources();
      alike.put(alert, target(labels));
      sources.set(key, alike);
    }
  }

  remove({ fingerprint, labels }: StoredAlert): void {
    for (const { equal, sources } of this.#rules) {
      const key = keyOf(labels, equal);
      const alike = sources.get(key);
      alike?.remove(fingerprint);
      if (alike?.size === 0) sources.delete(key);
    }
  }

  /**
   * Fingerprints of the first alerts that hold one back, of each rule ten at most, sorted. Of a rule
   * whose both sides match the alert, those that both sides match as well do not count: an alert
   * never inhibits itself.
   */
  inhibiting(labels: Labels, unixMs: number): readonly string[] {
    const found = new Set<string>();
    for (const { source, target, equal, sources } of this.#rules) {
      if (sources.size === 0 || !target(labels)) continue;
      const alike = sources.get(keyOf(labels, equal));
      const which = alike !== undefined && source(labels) ? 'oneSided' : 'all';
      for (const fingerprint of alike?.firing(unixMs, which) ?? []) found.add(fingerprint);
    }
    return [...found].sort();
  }
}

function firstFiring(
  sets: readonly ReadonlyMap<string, StoredAlert>[],
  unixMs: number,
): readonly string[] {
  const found: string[] = [];
  for (const alerts of sets) {
    for (const alert of alerts.values()) {
      if (isResolved(alert, unixMs)) continue;
      found.push(alert.fingerprint);
      if (found.length === MAX_NAMED) return found;
    }
  }
  return found;
}

function keyOf(labels: Labels, equal: readonly string[]): string {
  return JSON.stringify(equal.map((name) => labels.get(name)));
}
