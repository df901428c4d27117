import { matcherText, readAlertName } from '@dwcp/alerting';
import { type GettableAlertView } from '@dwcp/api-schema';
import { BackendError, InvalidInputError, Labels } from '@dwcp/core';

import { type Client } from './client.ts';
import { UsageError } from './io.ts';

/** What is meant, and the path of it. */
export interface AlertTarget {
  readonly name: string;
  readonly path: string;
}

const MAX_ALERTS = 20;

/**
 * Finds what a word of the command line means: an incident by its id, an alert by its fingerprint, or
 * the alerts that fire with a name or labels.
 * @throws UsageError when it cannot be read, BackendError when nothing or too much fires
 */
export async function alertTargets(
  client: Client,
  word: string,
  options: { readonly incidents: boolean },
): Promise<readonly AlertTarget[]> {
  if (options.incidents && /^inc-[\w-]+$/.test(word)) {
    return [{ name: word, path: `/api/v1/incidents/${encodeURIComponent(word)}` }];
  }
  const { fingerprint, alertName, labels = {} } = read(word);
  if (fingerprint !== undefined) {
    return [{ name: fingerprint, path: `/api/v1/alerts/${fingerprint}` }];
  }
  const wanted = { ...labels, ...(alertName === undefined ? {} : { alertname: alertName }) };
  const filter = Object.entries(wanted).map(([name, value]) =>
    matcherText({ name, operator: '=', value }),
  );
  const found = (await client.get('/api/v2/alerts', { filter })) as readonly GettableAlertView[];
  if (found.length === 0) {
    throw new BackendError(client.url, `nothing fires that is ${word}`, { retryable: false });
  }
  if (found.length > MAX_ALERTS) {
    const text = `${found.length} alerts are ${word}, and ${MAX_ALERTS} go at once; name more labels${options.incidents ? ', or the incident' : ''}`;
    throw new BackendError(client.url, text, { retryable: false });
  }
  return found.map((alert) => ({
    name: Labels.from(alert.labels).toString(),
    path: `/api/v1/alerts/${alert.fingerprint}`,
  }));
}

function read(word: string): ReturnType<typeof readAlertName> {
  try {
    return readAlertName(word);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
