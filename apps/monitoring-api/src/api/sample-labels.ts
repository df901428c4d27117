import { InvalidInputError, isLegacyLabelName, Labels, METRIC_NAME } from '@dwcp/core';

const MAX_LABELS = 32;
const MAX_VALUE_LENGTH = 1_024;

/**
 * The label set of a recorded sample: the caller's labels over those of the process.
 * @throws InvalidInputError naming what is wrong
 */
export function toSampleLabels(
  name: unknown,
  value: unknown,
  labels: unknown,
  base: Readonly<Record<string, string>>,
): Labels {
  if (typeof name !== 'string' || name === '' || name.length > 256) {
    throw new InvalidInputError(
      'name',
      `must be 1 to 256 characters, got ${JSON.stringify(name)?.slice(0, 80)}`,
    );
  }
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new InvalidInputError('value', `of ${name} must be a number, got ${String(value)}`);
  }
  if (typeof labels !== 'object' || labels === null) {
    throw new InvalidInputError('labels', `of ${name} must be an object`);
  }
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) {
    throw new InvalidInputError(
      'labels',
      `of ${name}: at most ${MAX_LABELS}, got ${entries.length}`,
    );
  }
  const all: Record<string, string> = { ...base };
  for (const [label, text] of entries) {
    if (!isLegacyLabelName(label) || label.startsWith('__')) {
      throw new InvalidInputError(
        'labels',
        `of ${name}: ${JSON.stringify(label)} is not a label name`,
      );
    }
    if (!['string', 'number', 'boolean'].includes(typeof text)) {
      throw new InvalidInputError('labels', `of ${name}: ${label} must be text`);
    }
    all[label] = String(text).slice(0, MAX_VALUE_LENGTH);
  }
  return Labels.from({ ...all, [METRIC_NAME]: name });
}
