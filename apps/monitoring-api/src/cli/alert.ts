import { type AlertExplanationView } from '@dwcp/api-schema';

import { acknowledge, resolve, trigger, unacknowledge } from './alert-by-hand.ts';
import { renderExplanation } from './alert-text.ts';
import { Client } from './client.ts';
import { type ExitCode, type Io, UsageError } from './io.ts';
import { checkTime, Moments } from './query.ts';
import { readArgs, SERVER_OPTIONS } from './run.ts';

/** Explains alerts, and does by hand what can be done with them. */
export async function alert(io: Io): Promise<ExitCode> {
  const [action, ...argv] = io.argv;
  const run = ACTIONS.get(action ?? '');
  if (run !== undefined) return await run({ ...io, argv });
  const got = action === undefined ? '' : `, got ${JSON.stringify(action)}`;
  throw new UsageError(`alert wants explain, ack, unack, trigger or resolve${got}`);
}

const ACTIONS: ReadonlyMap<string, (io: Io) => Promise<ExitCode>> = new Map(
  Object.entries({ explain, ack: acknowledge, unack: unacknowledge, trigger, resolve }),
);

/** Tells why an alert fired or did not, and was sent or was not. */
async function explain(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: { ...SERVER_OPTIONS, at: { type: 'string' } },
    strict: true,
    allowPositionals: true,
  });
  const [name, ...rest] = positionals;
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
