import { Labels } from '@dwcp/core';

import { type AlertInstance } from '../alert-instance.ts';
import { fingerprintOf } from '../fnv.ts';
import { groupKeyOf, type Rule, type RuleGroup } from '../rule.ts';
import { formatFloat } from '../template/format-float.ts';
import { type DecisionLog } from './decision-log.ts';

/** One evaluation of a rule, and its alerts after it. */
export interface RuleEvaluation {
  readonly rule: Rule;
  readonly group: Pick<RuleGroup, 'name' | 'file'>;
  readonly unixMs: number;
  /** By anything that stays while an alert lives. Empty for a recording rule. */
  readonly instances: ReadonlyMap<string, AlertInstance>;
  /** Why it failed; undefined when it did not. */
  readonly error: string | undefined;
}

type State = AlertInstance['state']['kind'];

/** An alert of a rule, as it was at its last evaluation. */
interface Seen {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  previous: State | 'inactive';
  last: { instance: AlertInstance };
}

const TOPIC = 'evaluated';

/** Rules whose alerts are followed; beyond, those that were not evaluated longest are forgotten. */
const MAX_RULES = 20_000;

/** The subject of decisions about a rule. */
export function ruleSubject(group: Pick<RuleGroup, 'name' | 'file'>, ruleName: string): string {
  return `rule:${groupKeyOf(group)};${ruleName}`;
}

/** Takes down what rules decide about their alerts. */
export class RuleDecisions {
  readonly #log: DecisionLog;
  readonly #externalLabels: Readonly<Record<string, string>>;
  readonly #rules = new Map<string, Map<string, Seen>>();

  /** @param options.externalLabels those that alerts get on their way out */
  constructor(
    log: DecisionLog,
    options: { readonly externalLabels?: Readonly<Record<string, string>> } = {},
  ) {
    this.#log = log;
    this.#externalLabels = options.externalLabels ?? {};
  }

  /** For `onEvaluated` of `RuleManager`. */
  readonly evaluated = (evaluation: RuleEvaluation): void => {
    const { rule, error } = evaluation;
    this.#noteRule(evaluation);
    if (rule.kind !== 'alerting') return;
    const seen = this.#seenOf(evaluation);
    for (const [key, instance] of evaluation.instances) {
      // After a failure most alerts stand as they were, and nothing was decided about them.
      if (error !== undefined && seen.get(key)?.last.instance === instance) continue;
      this.#noteAlert(evaluation, seen, key, instance);
    }
    if (seen.size <= evaluation.instances.size) return;
    for (const [key, alert] of seen) {
      if (evaluation.instances.has(key)) continue;
      seen.delete(key);
      this.#noteGone(evaluation, alert);
    }
  };

  #noteRule({ rule, group, unixMs, instances, error }: RuleEvaluation): void {
    let elements = 0;
    for (const { state } of instances.values()) if (state.kind !== 'resolved') elements++;
    this.#log.note({
      subject: ruleSubject(group, rule.name),
      topic: 'rule',
      unixMs,
      alertName: rule.kind === 'alerting' ? rule.name : '',
      same: error ?? String(elements > 0),
      decision: { kind: 'rule', elements, ...(error === undefined ? {} : { error }) },
    });
  }

  #noteAlert(
    evaluation: RuleEvaluation,
    seen: Map<string, Seen>,
    key: string,
    instance: AlertInstance,
  ): void {
    const { kind } = instance.state;
    let alert = seen.get(key);
    if (alert === undefined) {
      const own = instance.labels.toObject();
      const labels = instance.labels.with({ ...this.#externalLabels, ...own });
      const fingerprint = fingerprintOf(labels);
      alert = { fingerprint, labels: labels.toObject(), previous: 'inactive', last: { instance } };
      seen.set(key, alert);
    } else if (alert.last.instance.state.kind !== kind) {
      alert.previous = alert.last.instance.state.kind;
    }
    const kept = instance.keepFiringSinceUnixMs;
    const same = kept === undefined ? kind : `kept ${kept}`;
    const about = { subject: alert.fingerprint, topic: TOPIC, unixMs: evaluation.unixMs, same };
    if (this.#log.repeat(about)) {
      alert.last.instance = instance;
      return;
    }
    // What is not written yet of the decision before goes on to tell of its own last instance.
    alert.last = { instance };
    this.#note(evaluation, alert, { same, state: kind });
  }

  #noteGone(evaluation: RuleEvaluation, alert: Seen): void {
    const { kind } = alert.last.instance.state;
    if (kind !== 'resolved') {
      alert.previous = kind;
      this.#note(evaluation, alert, { same: 'inactive', state: 'inactive' });
    }
    this.#log.forget(alert.fingerprint, TOPIC);
  }

  #note(
    { rule, unixMs }: RuleEvaluation,
    { fingerprint, labels, last, previous }: Seen,
    { same, state }: { readonly same: string; readonly state: State | 'inactive' },
  ): void {
    if (rule.kind !== 'alerting') return;
    const { name, forMs, keepFiringForMs } = rule;
    this.#log.note({
      subject: fingerprint,
      topic: TOPIC,
      unixMs,
      alertName: name,
      labels,
      same,
      decision: () => {
        const { activeAtUnixMs, value } = last.instance.state;
        const kept = last.instance.keepFiringSinceUnixMs;
        return {
          kind: 'evaluated',
          state,
          previous,
          value: formatFloat(value, 'g', -1),
          activeAtUnixMs,
          forMs,
          keepFiringForMs,
          ...(kept === undefined ? {} : { keptSinceUnixMs: kept }),
        };
      },
    });
  }

  #seenOf({ rule, group }: RuleEvaluation): Map<string, Seen> {
    const key = `${groupKeyOf(group)};${rule.name};${Labels.from(rule.labels).key}`;
    const seen = this.#rules.get(key) ?? new Map<string, Seen>();
    // The one evaluated last stands last.
    this.#rules.delete(key);
    this.#rules.set(key, seen);
    if (this.#rules.size > MAX_RULES) {
      const [oldest] = this.#rules.keys();
      if (oldest !== undefined) this.#rules.delete(oldest);
    }
    return seen;
  }
}
