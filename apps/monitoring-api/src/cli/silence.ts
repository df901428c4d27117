import { matcherText, parseMatcher } from '@dwcp/alerting';
import { type GettableSilenceView } from '@dwcp/api-schema';
import { InvalidInputError, type LabelMatcher, parseDuration } from '@dwcp/core';

import { Client } from './client.ts';
import { type ExitCode, type Io, UsageError } from './io.ts';
import { Moments } from './query.ts';
import { readArgs, SERVER_OPTIONS } from './run.ts';
import { table } from './table.ts';
import { printable, widthOf } from './text.ts';

interface Options {
  readonly json?: boolean;
  readonly duration?: string;
  readonly comment?: string;
  readonly by?: string;
  readonly expired?: boolean;
}

type Action = (
  io: Io,
  client: Client,
  words: readonly string[],
  options: Options,
) => Promise<ExitCode>;

/** Sets, lists and ends silences of a running server, over Alertmanager's API. */
export async function silence(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: {
      ...SERVER_OPTIONS,
      duration: { type: 'string' },
      comment: { type: 'string' },
      by: { type: 'string' },
      expired: { type: 'boolean' },
    },
    strict: true,
    allowPositionals: true,
  });
  const [action = '', ...words] = positionals;
  const run = ACTIONS.get(action);
  if (run === undefined) {
    const got = action === '' ? '' : `, got ${JSON.stringify(action)}`;
    throw new UsageError(`silence wants add, list or expire${got}`);
  }
  const wanted =
    action === 'add' ? ['duration', 'comment', 'by'] : action === 'list' ? ['expired'] : [];
  for (const name of ['duration', 'comment', 'by', 'expired']) {
    if (name in values && !wanted.includes(name)) {
      throw new UsageError(`silence ${action} takes no --${name}`);
    }
  }
  return await run(io, new Client(io, values.url), words, values);
}

const ACTIONS: ReadonlyMap<string, Action> = new Map(Object.entries({ add, list, expire }));

async function add(
  io: Io,
  client: Client,
  words: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const { duration = '2h', comment, json } = options;
  if (words.length === 0) {
    throw new UsageError(`silence add wants matchers such as 'alertname="HostDown"'`);
  }
  if (comment === undefined || comment === '') {
    throw new UsageError('silence add wants --comment, for those who wonder why it is quiet');
  }
  const durationMs = parseDuration(duration);
  if (durationMs === undefined || durationMs <= 0) {
    throw new UsageError(`--duration wants a time such as 2h, got ${JSON.stringify(duration)}`);
  }
  const matchers = words.map(readMatcher);
  const startMs = Number(await new Moments(client).of('now')) * 1_000;
  const answer = (await client.send('POST', '/api/v2/silences', {
    matchers: matchers.map(({ name, operator, value }) => ({
      name,
      value,
      isRegex: operator.endsWith('~'),
      isEqual: !operator.startsWith('!'),
    })),
    startsAt: new Date(startMs).toISOString(),
    endsAt: new Date(startMs + durationMs).toISOString(),
    createdBy: options.by ?? io.env['USER'] ?? 'dwcp',
    comment,
  })) as { readonly silenceID: string };
  io.out.write(
    json === true ? `${JSON.stringify(answer, undefined, 2)}\n` : `${answer.silenceID}\n`,
  );
  return 0;
}

async function list(
  io: Io,
  client: Client,
  words: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const filter = words.map((word) => matcherText(readMatcher(word)));
  const found = (await client.get('/api/v2/silences', {
    filter,
  })) as readonly GettableSilenceView[];
  const silences = found.filter(
    ({ status }) => options.expired === true || status.state !== 'expired',
  );
  if (options.json === true) {
    io.out.write(`${JSON.stringify({ silences }, undefined, 2)}\n`);
    return 0;
  }
  const rows = silences.map(({ id, matchers, status, endsAt, createdBy, comment }) => [
    matchers
      .map(({ name, value, isRegex, isEqual = true }) => {
        const operator = `${isEqual ? '=' : '!'}${isRegex ? '~' : isEqual ? '' : '='}`;
        return matcherText({ name, value, operator: operator as LabelMatcher['operator'] });
      })
      .join(', '),
    status.state,
    endsAt,
    createdBy,
    comment,
    id,
  ]);
  io.out.write(
    rows.length === 0
      ? 'no silences\n'
      : table(
          ['MATCHERS', 'STATE', 'ENDS', 'BY', 'COMMENT', 'ID'],
          rows.map((row) => row.map(printable)),
          { width: widthOf(io.out) },
        ),
  );
  return 0;
}

async function expire(io: Io, client: Client, words: readonly string[]): Promise<ExitCode> {
  if (words.length === 0) throw new UsageError('silence expire wants one id or more');
  for (const id of words) {
    await client.send('DELETE', `/api/v2/silence/${encodeURIComponent(id)}`);
    io.out.write(`${printable(id)} is over\n`);
  }
  return 0;
}

function readMatcher(text: string): LabelMatcher {
  try {
    return parseMatcher(text);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new UsageError(`${JSON.stringify(text)} is no matcher: ${error.message}`, {
      cause: error,
    });
  }
}
