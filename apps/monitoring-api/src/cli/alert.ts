import { type AlertExplanationView } from '@dwcp/api-schema';

import { renderExplanation } from './alert-text.ts';
import { Client } from './client.ts';
import { type ExitCode, type Io, UsageError } from './io.ts';
import { checkTime, Moments } from './query.ts';
import { readArgs, SERVER_OPTIONS } from './run.ts';

/** Tells why an alert fired or did not, and was sent or was not. */
export async function alert(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: { ...SERVER_OPTIONS, at: { type: 'string' } },
    strict: true,
    allowPositionals: true,
  });
  const [action, name, ...rest] = positionals;
  if (action !== 'explain') {
    const got = action === undefined ? '' : `, got ${JSON.stringify(action)}`;
    throw new UsageError(`alert wants explain${got}`);
  }
  if (name === undefined || rest.length > 0) {
    throw new UsageError(
      `alert explain wants one alert: a name, '{alertname="...", ...}' or a fingerprint`,
    );
  }
  checkTime('at', values.at);
  const client = new Client(io, values.url);
  const at = values.at === undefined ? undefined : await new Moments(client).of(values.at);
  const answer = await client.get('/api/v1/alerts/explain', { alert: name, at });
  io.out.write(
    values.json === true
      ? `${JSON.stringify(answer, undefined, 2)}\n`
      : renderExplanation(io, answer as AlertExplanationView),
  );
  return 0;
}
