import { AnchoredRegExp } from '@dwcp/core';

import { type ConfigReader } from './config-reader.ts';
import { RELABEL_ACTIONS, type RelabelAction, type RelabelConfig } from './relabel.ts';

const KNOWN = [
  'source_labels',
  'separator',
  'regex',
  'modulus',
  'target_label',
  'replacement',
  'action',
] as const;

const NEEDS_TARGET: ReadonlySet<RelabelAction> = new Set([
  'replace',
  'hashmod',
  'lowercase',
  'uppercase',
  'keepequal',
  'dropequal',
]);

/** Fields an action does not look at; Prometheus refuses them so that nobody relies on them. */
const USELESS: Readonly<Partial<Record<RelabelAction, readonly (typeof KNOWN)[number][]>>> = {
  lowercase: ['replacement'],
  uppercase: ['replacement'],
  keepequal: ['regex', 'modulus', 'separator', 'replacement'],
  dropequal: ['regex', 'modulus', 'separator', 'replacement'],
  labeldrop: ['source_labels', 'target_label', 'modulus', 'separator', 'replacement'],
  labelkeep: ['source_labels', 'target_label', 'modulus', 'separator', 'replacement'],
};

const anything = new AnchoredRegExp('(.*)');

/** Reads `relabel_configs` or `metric_relabel_configs`; faults become problems of the reader. */
export function parseRelabelConfigs(parent: ConfigReader, name: string): readonly RelabelConfig[] {
  return parent.mappings(name).map(parseRelabelConfig);
}

function parseRelabelConfig(reader: ConfigReader): RelabelConfig {
  reader.rejectUnknown(KNOWN);
  const action = parseAction(reader);
  const targetLabel = reader.string('target_label') ?? '';
  const replacement = reader.string('replacement') ?? '$1';
  const modulus = reader.count('modulus') ?? 0;
  if (NEEDS_TARGET.has(action) && targetLabel === '') {
    reader.problem(
      'target_label',
      `action ${action} needs it`,
      'name the label to write or compare',
    );
  }
  if (action === 'hashmod' && modulus === 0) {
    reader.problem('modulus', 'action hashmod needs one above 0', 'write the number of shards');
  }
  if (action === 'labelmap' && replacement === '') {
    reader.problem('replacement', 'action labelmap needs one', 'write the new name, such as $1');
  }
  for (const field of USELESS[action] ?? []) {
    if (reader.has(field)) {
      reader.problem(field, `action ${action} does not use it`, 'leave it out');
    }
  }
  return {
    action,
    sourceLabels: reader.strings('source_labels') ?? [],
    separator: reader.string('separator') ?? ';',
    regex: parseRegex(reader),
    modulus: BigInt(modulus),
    targetLabel,
    replacement,
  };
}

/** Prometheus takes actions in any case. */
function parseAction(reader: ConfigReader): RelabelAction {
  const text = reader.string('action')?.toLowerCase();
  const action = RELABEL_ACTIONS.find((each) => each === (text ?? 'replace'));
  if (action === undefined) {
    reader.problem('action', 'is no relabel action', `write one of ${RELABEL_ACTIONS.join(', ')}`);
  }
  return action ?? 'replace';
}

function parseRegex(reader: ConfigReader): AnchoredRegExp {
  const pattern = reader.string('regex');
  if (pattern === undefined) return anything;
  try {
    return new AnchoredRegExp(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    reader.problem('regex', `is no RE2 regular expression: ${reason}`, 'correct the expression');
    return anything;
  }
}
