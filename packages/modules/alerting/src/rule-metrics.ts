import { type Instruments } from '@dwcp/core';

import { groupKeyOf, type RuleGroup } from './rule.ts';

/** What the module tells of itself; says nothing where there are no instruments. */
export class RuleMetrics {
  readonly #instruments: Instruments | undefined;

  constructor(instruments: Instruments | undefined) {
    this.#instruments = instruments;
  }

  evaluated(
    group: RuleGroup,
    outcome: { readonly durationMs: number; readonly failed: boolean },
  ): void {
    const labels = { rule_group: groupKeyOf(group) };
    this.#instruments
      ?.counter({
        name: 'dwcp_rule_evaluations_total',
        help: 'Evaluations of rules.',
        labelNames: ['rule_group'],
      })
      .labels(labels)
      .inc();
    // Made with 0, so that a rate over it exists before the first failure.
    this.#instruments
      ?.counter({
        name: 'dwcp_rule_evaluation_failures_total',
        help: 'Evaluations of rules that failed.',
        labelNames: ['rule_group'],
      })
      .labels(labels)
      .inc(outcome.failed ? 1 : 0);
    this.#instruments
      ?.histogram({
        name: 'dwcp_rule_evaluation_duration_seconds',
        help: 'How long the evaluation of one rule took.',
        buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
      })
      .observe(outcome.durationMs / 1_000);
  }

  iterationsMissed(group: RuleGroup, count: number): void {
    this.#instruments
      ?.counter({
        name: 'dwcp_rule_group_iterations_missed_total',
        help: 'Evaluations of a group left out because the one before took too long.',
        labelNames: ['rule_group'],
      })
      .labels({ rule_group: groupKeyOf(group) })
      .inc(count);
  }

  templateFailed(): void {
    this.#instruments
      ?.counter({
        name: 'dwcp_rule_template_failures_total',
        help: 'Label or annotation templates that could not be expanded.',
      })
      .inc();
  }

  notified(notifier: string, outcome: 'delivered' | 'failed'): void {
    this.#instruments
      ?.counter({
        name: 'dwcp_notifications_total',
        help: 'Notifications that were delivered, or given up.',
        labelNames: ['notifier', 'outcome'],
      })
      .labels({ notifier, outcome })
      .inc();
  }

  retried(notifier: string): void {
    this.#instruments
      ?.counter({
        name: 'dwcp_notification_retries_total',
        help: 'Failed tries to deliver a notification that are tried again.',
        labelNames: ['notifier'],
      })
      .labels({ notifier })
      .inc();
  }

  dropped(notifier: string, count = 1): void {
    this.#instruments
      ?.counter({
        name: 'dwcp_notifications_dropped_total',
        help: 'Notifications lost because the queue was full or the process ended.',
        labelNames: ['notifier'],
      })
      .labels({ notifier })
      .inc(count);
  }

  /** Not taken over: the caller keeps it and offers it again. */
  refused(notifier: string): void {
    this.#instruments
      ?.counter({
        name: 'dwcp_notifications_refused_total',
        help: 'Notifications that the outbox did not take over because it was full.',
        labelNames: ['notifier'],
      })
      .labels({ notifier })
      .inc();
  }

  failing(notifier: string, isFailing: boolean): void {
    this.#instruments
      ?.gauge({
        name: 'dwcp_notifier_failing',
        help: '1 while notifications do not get through to a notifier.',
        labelNames: ['notifier'],
      })
      .labels({ notifier })
      .set(isFailing ? 1 : 0);
  }

  outboxWriteFailed(): void {
    this.#instruments
      ?.counter({
        name: 'dwcp_outbox_write_failures_total',
        help: 'Records of the outbox that could not be written; what they tell is in memory only.',
      })
      .inc();
  }

  queueLength(notifier: string, length: number): void {
    this.#instruments
      ?.gauge({
        name: 'dwcp_notification_queue_length',
        help: 'Notifications that wait to be delivered.',
        labelNames: ['notifier'],
      })
      .labels({ notifier })
      .set(length);
  }
}
