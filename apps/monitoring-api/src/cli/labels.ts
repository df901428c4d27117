import { type PrometheusSuccess } from '@dwcp/api-schema';

import { Client } from './client.ts';
import { type ExitCode, type Io, UsageError } from './io.ts';
import { tellMessages } from './messages.ts';
import { withCaret } from './query-error.ts';
import { limitOf, readArgs, SERVER_OPTIONS } from './run.ts';
import { columns } from './table.ts';
import { printable, widthOf } from './text.ts';

/** Lists the names of labels, or the values of one. */
export async function labels(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: {
      ...SERVER_OPTIONS,
      match: { type: 'string', multiple: true },
      limit: { type: 'string' },
    },
    strict: true,
    allowPositionals: true,
  });
  const [name, ...more] = positionals;
  if (more.length > 0) throw new UsageError('labels wants one name, such as "job", or none');
  if (name === '') throw new UsageError('labels wants the name of a label, got ""');
  const client = new Client(io, values.url);
  const path =
    name === undefined ? '/api/v1/labels' : `/api/v1/label/${encodeURIComponent(name)}/values`;
  const parameters = { 'match[]': values.match, limit: limitOf(values.limit) };
  const answer = (await client.get(path, parameters).catch((error: unknown) => {
    const [selector, ...others] = values.match ?? [];
    // Of several selectors the answer does not say which is meant.
    throw selector === undefined || others.length > 0
      ? error
      : withCaret(error, selector, widthOf(io.err));
  })) as PrometheusSuccess<readonly string[]>;
  if (values.json === true) {
    io.out.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return 0;
  }
  tellMessages(io, answer);
  if (answer.data.length > 0) io.out.write(columns(answer.data.map(printable), widthOf(io.out)));
  else io.err.write(name === undefined ? 'no labels\n' : `no values of ${printable(name)}\n`);
  return 0;
}
