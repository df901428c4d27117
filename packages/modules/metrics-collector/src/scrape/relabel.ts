import { createHash } from 'node:crypto';

import { type AnchoredRegExp, Labels } from '@dwcp/core';

export const RELABEL_ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

export type RelabelAction = (typeof RELABEL_ACTIONS)[number];

/** One relabelling step, with every default filled in. `parseRelabelConfigs` makes them. */
export interface RelabelConfig {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  /** Stands between the values of the source labels. */
  readonly separator: string;
  readonly regex: AnchoredRegExp;
  /** For `hashmod`. */
  readonly modulus: bigint;
  /** May refer to the regex's groups, as the replacement may. */
  readonly targetLabel: string;
  readonly replacement: string;
}

/**
 * Applies the steps in order, as Prometheus does.
 * @returns undefined when a step drops the labels; the very same object when nothing changes them
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 */
export function relabel(labels: Labels, configs: readonly RelabelConfig[]): Labels | undefined {
  if (configs.length === 0) return labels;
  const draft = new Map(labels);
  for (const config of configs) if (!apply(config, draft)) return undefined;
  return Labels.fromPairs(draft);
}

/** @returns false to drop */
function apply(config: RelabelConfig, draft: Map<string, string>): boolean {
  const { action, regex, targetLabel, replacement } = config;
  const source = config.sourceLabels.map((name) => draft.get(name) ?? '').join(config.separator);
  switch (action) {
    case 'keep':
      return regex.test(source);
    case 'drop':
      return !regex.test(source);
    case 'keepequal':
      return (draft.get(targetLabel) ?? '') === source;
    case 'dropequal':
      return (draft.get(targetLabel) ?? '') !== source;
    case 'replace': {
      const value = regex.expand(source, replacement);
      const target = regex.expand(source, targetLabel);
      if (value !== undefined && target !== undefined && target !== '') set(draft, target, value);
      return true;
    }
    case 'hashmod':
      set(draft, targetLabel, String(md5Tail(source) % config.modulus));
      return true;
    case 'lowercase':
      set(
        draft,
        targetLabel,
        lettersOf(source, (letter) => letter.toLowerCase()),
      );
      return true;
    case 'uppercase':
      set(
        draft,
        targetLabel,
        lettersOf(source, (letter) => letter.toUpperCase()),
      );
      return true;
    case 'labelmap':
      for (const [name, value] of Array.from(draft)) {
        const target = regex.expand(name, replacement);
        if (target !== undefined && target !== '') set(draft, target, value);
      }
      return true;
    case 'labeldrop':
      for (const name of draft.keys()) if (regex.test(name)) draft.delete(name);
      return true;
    case 'labelkeep':
      for (const name of draft.keys()) if (!regex.test(name)) draft.delete(name);
      return true;
  }
}

/**
 * Changes the case letter by letter, as Go does: a letter that would become several (ß) stays as it
 * is, and none looks at its neighbours (Σ at the end of a word). İ is the one that Go maps to a
 * single letter and JavaScript does not.
 */
function lettersOf(text: string, change: (letter: string) => string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(text)) return change(text);
  let changed = '';
  for (const letter of text) {
    const found = change(letter);
    if (found === 'i\u0307') changed += 'i';
    else
      changed +=
        found.length === String.fromCodePoint(found.codePointAt(0) ?? 0).length ? found : letter;
  }
  return changed;
}

/** An empty value is no label. */
function set(draft: Map<string, string>, name: string, value: string): void {
  if (value === '') draft.delete(name);
  else draft.set(name, value);
}

/** The last 8 bytes of the MD5, big endian: Prometheus' hash, so that shards agree with its own. */
function md5Tail(text: string): bigint {
  return createHash('md5').update(text).digest().readBigUInt64BE(8);
}
