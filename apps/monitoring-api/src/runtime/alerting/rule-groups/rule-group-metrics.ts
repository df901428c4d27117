import { type Instruments } from '@dwcp/core';

import { type RuleGroupAction } from './rule-group-file.ts';

/** How many rule groups are kept, and what was done to them. */
export class RuleGroupMetrics {
  readonly #groups: ReturnType<Instruments['gauge']>;
  readonly #broken: ReturnType<Instruments['gauge']>;
  readonly #changes: ReturnType<Instruments['counter']>;
  readonly #refused: ReturnType<Instruments['counter']>;

  constructor(instruments: Instruments) {
    this.#groups = instruments.gauge({
      name: 'dwcp_managed_rule_groups',
      help: 'Rule groups that are kept by the server, those that are switched off included.',
    });
    this.#broken = instruments.gauge({
      name: 'dwcp_managed_rule_groups_broken',
      help: 'Of them, those whose file is damaged or gone.',
    });
    this.#changes = instruments.counter({
      name: 'dwcp_rule_group_changes_total',
      help: 'Changes of rule groups over the API.',
      labelNames: ['action'],
    });
    this.#refused = instruments.counter({
      name: 'dwcp_rule_group_changes_refused_total',
      help: 'Changes of rule groups that were refused, or could not be stored.',
    });
  }

  counted({ groups, broken }: { readonly groups: number; readonly broken: number }): void {
    this.#groups.set(groups);
    this.#broken.set(broken);
  }

  changed(action: RuleGroupAction): void {
    this.#changes.labels({ action }).inc();
  }

  refused(): void {
    this.#refused.inc();
  }
}
