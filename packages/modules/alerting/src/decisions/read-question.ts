import { InvalidInputError } from '@dwcp/core';

import { parseMatchers } from '../alertmanager/parse-matchers.ts';
import { type ExplainQuestion } from './explanation.ts';

/**
 * Reads how people name an alert: `HostDown`, `HostDown{instance="a"}`, `{alertname="HostDown"}`, or
 * a fingerprint of 16 hexadecimal digits.
 * @throws InvalidInputError for an empty text, for matchers that cannot be read, or other than `=`
 */
export function readAlertName(text: string): Omit<ExplainQuestion, 'atUnixMs'> {
  const trimmed = text.trim();
  if (trimmed === '') {
    throw new InvalidInputError(
      'alert',
      'is empty; give a name, labels such as {alertname="HostDown"}, or a fingerprint',
    );
  }
  if (/^[0-9a-f]{16}$/.test(trimmed)) return { fingerprint: trimmed };
  const brace = trimmed.indexOf('{');
  if (brace === -1) return { alertName: trimmed };
  if (!trimmed.endsWith('}')) {
    throw new InvalidInputError('alert', `${JSON.stringify(text)} lacks the closing brace`);
  }
  const labels: Record<string, string> = {};
  for (const { name, operator, value } of parseMatchers(trimmed.slice(brace))) {
    if (operator !== '=') {
      throw new InvalidInputError(
        'alert',
        `${name}${operator}${JSON.stringify(value)} is no label; use ${name}="..."`,
      );
    }
    labels[name] = value;
  }
  const alertName = brace === 0 ? labels['alertname'] : trimmed.slice(0, brace).trim();
  return { labels, ...(alertName === undefined ? {} : { alertName }) };
}
