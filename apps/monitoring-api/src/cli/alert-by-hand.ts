import { parseDuration } from '@dwcp/core';

import { alertTargets } from './alert-target.ts';
import { Client } from './client.ts';
import { type ExitCode, type Io, UsageError } from './io.ts';
import { Moments } from './query.ts';
import { readArgs, SERVER_OPTIONS } from './run.ts';
import { printable } from './text.ts';

const BY = { ...SERVER_OPTIONS, by: { type: 'string' }, comment: { type: 'string' } } as const;

/** Says that somebody sees to alerts or an incident. */
export async function acknowledge(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: { ...BY, timeout: { type: 'string' } },
    strict: true,
    allowPositionals: true,
  });
  const { comment = '', timeout } = values;
  if (timeout !== undefined && !((parseDuration(timeout) ?? 0) > 0)) {
    throw new UsageError(`--timeout wants a time such as 30m, got ${JSON.stringify(timeout)}`);
  }
  const body = { by: whoOf(io, values.by), comment, ...(timeout === undefined ? {} : { timeout }) };
  const client = new Client(io, values.url);
  const word = oneOf('ack', positionals);
  for (const { name, path } of await alertTargets(client, word, { incidents: true })) {
    await client.send('POST', `${path}/ack`, body);
    io.out.write(`${printable(name)} is acknowledged\n`);
  }
  return 0;
}

/** Takes that back. */
export async function unacknowledge(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: BY,
    strict: true,
    allowPositionals: true,
  });
  const client = new Client(io, values.url);
  const word = oneOf('unack', positionals);
  for (const { name, path } of await alertTargets(client, word, { incidents: true })) {
    await client.send('DELETE', `${path}/ack`, { by: whoOf(io, values.by) });
    io.out.write(`${printable(name)} is not acknowledged any more\n`);
  }
  return 0;
}

/** Ends alerts. */
export async function resolve(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: BY,
    strict: true,
    allowPositionals: true,
  });
  const body = { by: whoOf(io, values.by), comment: values.comment ?? '' };
  const client = new Client(io, values.url);
  const word = oneOf('resolve', positionals);
  for (const { name, path } of await alertTargets(client, word, { incidents: false })) {
    await client.send('POST', `${path}/resolve`, body);
    io.out.write(`${printable(name)} is over\n`);
  }
  return 0;
}

/** Raises an alert. */
export async function trigger(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: {
      ...SERVER_OPTIONS,
      by: { type: 'string' },
      duration: { type: 'string' },
      annotation: { type: 'string', multiple: true },
    },
    strict: true,
    allowPositionals: true,
  });
  const [name, ...words] = positionals;
  if (name === undefined || name.includes('=')) {
    throw new UsageError("alert trigger wants a name, then labels such as severity='critical'");
  }
  const { duration } = values;
  const durationMs = duration === undefined ? undefined : parseDuration(duration);
  if (duration !== undefined && !((durationMs ?? 0) > 0)) {
    throw new UsageError(`--duration wants a time such as 2h, got ${JSON.stringify(duration)}`);
  }
  const client = new Client(io, values.url);
  const endMs =
    durationMs === undefined
      ? undefined
      : Number(await new Moments(client).of('now')) * 1_000 + durationMs;
  const answer = (await client.send('POST', '/api/v1/alerts/trigger', {
    labels: { alertname: name, ...pairs(words, 'a label') },
    annotations: pairs(values.annotation ?? [], '--annotation'),
    by: whoOf(io, values.by),
    ...(endMs === undefined ? {} : { endsAt: new Date(endMs).toISOString() }),
  })) as { readonly fingerprint: string };
  io.out.write(
    values.json === true ? `${JSON.stringify(answer, undefined, 2)}\n` : `${answer.fingerprint}\n`,
  );
  return 0;
}

function oneOf(action: string, words: readonly string[]): string {
  const [word, ...rest] = words;
  if (word !== undefined && rest.length === 0) return word;
  const incident = action === 'resolve' ? '' : ' or the id of an incident';
  throw new UsageError(`alert ${action} wants one alert: a name, labels, a fingerprint${incident}`);
}

function pairs(words: readonly string[], what: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at > 0) return [word.slice(0, at), word.slice(at + 1)];
      throw new UsageError(`${what} is NAME=VALUE, got ${JSON.stringify(word)}`);
    }),
  );
}

function whoOf(io: Io, by: string | undefined): string {
  return by ?? io.env['USER'] ?? 'dwcp';
}
