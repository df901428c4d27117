import { METRIC_NAME } from '@dwcp/core';
import {
  parseGroupingPath,
  PushError,
  type Pushgateway,
  type PushRefusal,
} from '@dwcp/metrics-collector';
import { ExpositionReader } from '@dwcp/protocol-prometheus';

import { type PushStep } from './push-table.ts';

const STATUS: Readonly<Record<PushRefusal, number>> = {
  malformed: 400,
  inconsistent: 400,
  'media-type': 415,
  'body-limit': 413,
  'group-limit': 429,
  'series-limit': 429,
  busy: 503,
};

/** Does a step with the gateway as the HTTP routes would. */
export async function sendTo(gateway: Pushgateway, step: PushStep): Promise<number> {
  const { method, path, contentType } = step;
  try {
    const grouping = parseGroupingPath(path);
    if (method === 'DELETE') {
      await gateway.delete(grouping);
      return 202;
    }
    const body = Buffer.from(step.body ?? '');
    await gateway.push({
      grouping,
      body,
      method,
      ...(contentType === undefined ? {} : { contentType }),
    });
    return 200;
  } catch (error) {
    if (error instanceof PushError) return STATUS[error.reason];
    throw error;
  }
}

/** An exposition as tests compare it. */
export interface Shown {
  /** Type and help by family. */
  readonly families: Readonly<Record<string, string>>;
  /** Sorted; the times of groups as 0 or 1, for never and some time. */
  readonly samples: readonly string[];
}

/** What the real one shows of itself. */
const OWN = /^(?:go|process|pushgateway|promhttp)_/;

export function shown(exposition: string): Shown {
  const reader = new ExpositionReader(exposition, { format: 'text' });
  const samples: string[] = [];
  while (reader.next()) {
    const labels = reader.labels();
    const name = labels.metricName;
    if (OWN.test(name)) continue;
    const pairs = [...labels, ...reader.emptyLabels().map((label) => [label, ''] as const)]
      .filter(([label]) => label !== METRIC_NAME)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    const isTime = name === 'push_time_seconds' || name === 'push_failure_time_seconds';
    const value = isTime ? Math.sign(reader.value) : reader.value;
    samples.push(`${name}{${pairs.join(',')}} ${value}`);
  }
  const families = [...reader.metadata.values()]
    .filter(({ name }) => !OWN.test(name))
    .map(({ name, type, help }) => [name, `${type}: ${help}`] as const);
  return { families: Object.fromEntries(families), samples: samples.sort() };
}

/** Without the times of the groups. */
export function pushedSamples({ samples }: Shown): readonly string[] {
  return samples.filter((line) => !line.startsWith('push_'));
}
