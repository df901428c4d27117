import { compareUtf8, isLegacyLabelName } from '@dwcp/core';

import { PushError } from './push-error.ts';
import { type LabelPair } from './push-group.ts';

/** What names a group: its labels, `job` among them, sorted by name. Empty values count. */
export interface GroupingKey {
  readonly labels: readonly LabelPair[];
  /** The same for the same labels only. */
  readonly key: string;
}

const BASE64_SUFFIX = '@base64';
const RESERVED_PREFIX = '__';

export function groupingKeyOf(labels: Iterable<LabelPair>): GroupingKey {
  const sorted = [...new Map(labels)].sort(([a], [b]) => compareUtf8(a, b));
  return { labels: sorted, key: JSON.stringify(sorted) };
}

/**
 * Reads the path of a push behind `/metrics/`, as it came over the wire:
 * `job/<job>/<label>/<value>...`, where `<label>@base64` stands before a value in base64url. Of a
 * repeated label the last value counts, and the first `job` always.
 *
 * As in Pushgateway the path is decoded before it is split, so a value with a slash has to come as
 * base64. An empty value without base64 is refused here, where Pushgateway answers with a redirect
 * that no client can follow.
 * @throws PushError
 * @see https://github.com/prometheus/pushgateway#url
 */
export function parseGroupingPath(path: string): GroupingKey {
  const [jobName = '', encodedJob = '', ...rest] = decode(path).split('/');
  if (jobName !== 'job' && jobName !== `job${BASE64_SUFFIX}`) {
    throw malformed(`expected /metrics/job/<job name>, got ${quote(`/metrics/${jobName}`)}`);
  }
  const job =
    jobName === 'job'
      ? encodedJob
      : decodeBase64(encodedJob, (problem) => {
          return `invalid base64 encoding in job name ${quote(encodedJob)}: ${problem}`;
        });
  // A slash at the end adds nothing.
  const parts = rest.length === 1 && rest[0] === '' ? [] : rest;
  if (parts.length % 2 !== 0) {
    throw malformed(`odd number of components in label string ${quote(`/${parts.join('/')}`)}`);
  }
  const labels = new Map<string, string>();
  for (let i = 0; i < parts.length; i += 2) {
    const [label, value] = readLabel(parts[i] ?? '', parts[i + 1] ?? '', {
      isLast: i + 2 === parts.length,
    });
    labels.set(label, value);
  }
  if (job === '') throw malformed('job name is required');
  labels.set('job', job);
  return groupingKeyOf(labels);
}

function readLabel(
  part: string,
  value: string,
  { isLast }: { readonly isLast: boolean },
): LabelPair {
  const isBase64 = part.endsWith(BASE64_SUFFIX);
  const name = isBase64 ? part.slice(0, -BASE64_SUFFIX.length) : part;
  if (!isLegacyLabelName(name) || name.startsWith(RESERVED_PREFIX)) {
    throw malformed(`improper label name ${quote(name)}`);
  }
  if (isBase64) {
    const fail = (problem: string): string =>
      `invalid base64 encoding for label ${name}=${quote(value)}: ${problem}`;
    return [name, decodeBase64(value, fail)];
  }
  if (value === '' && !isLast) {
    throw malformed(`the label ${name} has no value; an empty value is written ${name}@base64/=`);
  }
  return [name, value];
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw malformed(`the path ${quote(path)} is not percent-encoded UTF-8`);
  }
}

/** Base64 with the alphabet for URLs (RFC 4648, section 5); padding may be left out. */
function decodeBase64(text: string, describe: (problem: string) => string): string {
  const data = text.replace(/=+$/, '');
  const bad = data.search(/[^A-Za-z0-9_-]/);
  if (bad >= 0) throw malformed(describe(`illegal base64 data at input byte ${bad}`));
  if (data.length % 4 === 1) {
    throw malformed(describe(`illegal base64 data at input byte ${data.length - 1}`));
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(data, 'base64url'),
    );
  } catch {
    throw malformed(describe('not valid UTF-8'));
  }
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 200));

function malformed(problem: string): PushError {
  return new PushError('malformed', problem);
}
