import { type NotifierStatus, type Readiness, type Status } from '@dwcp/api-schema';
import { formatDuration } from '@dwcp/core';

import { AnswerError, Client } from './client.ts';
import { type ExitCode, type Io, styleFor } from './io.ts';
import { levelText } from './level-text.ts';
import { readArgs, SERVER_OPTIONS } from './run.ts';
import { table } from './table.ts';
import { counted, printable } from './text.ts';

/** Shows how a running server is doing. Fails when it is not ready. */
export async function status(io: Io): Promise<ExitCode> {
  const { values } = readArgs({
    args: [...io.argv],
    options: SERVER_OPTIONS,
    strict: true,
    allowPositionals: false,
  });
  const client = new Client(io, values.url);
  const notReady = await reasonsOf(client);
  const exitCode = notReady.length === 0 ? 0 : 1;
  const style = styleFor(io.out, io.env);
  const state =
    exitCode === 0
      ? style.green('ready')
      : style.red(`not ready: ${notReady.map(printable).join('; ')}`);
  const readiness: Readiness = {
    status: exitCode === 0 ? 'ready' : 'not-ready',
    reasons: [...notReady],
  };
  let answer: Status;
  try {
    answer = (await client.get('/api/v1/status')) as Status;
  } catch (error) {
    // While its stores open, a server knows no more of itself than why it is not ready.
    if (!(error instanceof AnswerError) || exitCode === 0) throw error;
    const text = JSON.stringify({ readiness }, undefined, 2);
    io.out.write(values.json === true ? `${text}\n` : `${client.url} ${state}\n`);
    return exitCode;
  }
  if (values.json === true) {
    io.out.write(`${JSON.stringify({ ...answer, readiness }, undefined, 2)}\n`);
    return exitCode;
  }
  const { metrics, logs, traces } = answer.stores;
  io.out.write(
    `${style.bold(`DWCP Monitoring ${answer.version}`)} ${state}\n` +
      `${answer.service} on ${answer.instance}, region ${answer.region}, ` +
      `up ${formatDuration(Math.round(answer.uptimeSeconds) * 1_000)}, ${answer.listening || client.url}\n\n`,
  );
  io.out.write(
    table(
      ['STORE', 'HOLDS', 'ON DISK'],
      [
        ['metrics', `${metrics['seriesCount'] ?? 0} series`, bytes(metrics['sizeBytes'])],
        ['logs', `${logs['recordCount'] ?? 0} records`, bytes(logs['sizeBytes'])],
        ['traces', `${traces['spanCount'] ?? 0} spans`, bytes(traces['sizeBytes'])],
      ],
      { right: new Set([2]) },
    ),
  );
  io.out.write('\n');
  io.out.write(
    table(
      ['QUEUE', 'WAITING', 'WRITTEN', 'DROPPED', 'FAILED'],
      answer.queues.map(({ name, waiting, written, dropped, failedWrites }) =>
        [name, waiting, written, dropped, failedWrites].map(String),
      ),
      { right: new Set([1, 2, 3, 4]) },
    ),
  );
  const { scrape, rules, backends, alerting } = answer;
  io.out.write(
    `\ntargets  ${scrape.up} up, ${scrape.down} down\n` +
      `alerts   ${rules.alertsFiring} firing, ${rules.alertsPending} pending, in ${rules.groups} groups\n`,
  );
  if (alerting !== undefined) {
    const { open, acknowledged } = alerting.incidents;
    io.out.write(
      `level    ${levelText(io, alerting.level)}, ${counted(open, 'incident')} open, ${acknowledged} acknowledged\n`,
    );
    for (const { name, lastError, failingSince } of alerting.notifiers.filter(isFailing)) {
      const since = failingSince === null ? '' : ` since ${failingSince}`;
      io.out.write(
        `${style.red('failing')}  ${printable(name)}${since}: ${printable(lastError ?? '')}\n`,
      );
    }
  }
  for (const { name, detail } of backends.filter(({ configured }) => configured)) {
    io.out.write(`${style.yellow(name.padEnd(8))} not connected: ${detail}\n`);
  }
  return exitCode;
}

function isFailing({ failing }: NotifierStatus): boolean {
  return failing;
}

/** Why the server is not ready, in its own words; nothing when it is. */
async function reasonsOf(client: Client): Promise<readonly string[]> {
  try {
    const answer = await client.get('/ready', {}, { alsoStatus: [503] });
    const { status, reasons } = answer as Partial<Readiness>;
    if (status === 'ready') return [];
    if (Array.isArray(reasons) && reasons.length > 0) return reasons.map(String);
    return ['/ready gives no reason'];
  } catch (error) {
    if (error instanceof AnswerError) return [`/ready answers ${error.status}: ${error.reason}`];
    throw error;
  }
}

function bytes(size: number | string | null | undefined): string {
  const number = Number(size ?? 0);
  if (number < 1_024) return `${number} B`;
  const power = Math.min(4, Math.floor(Math.log2(number) / 10));
  return `${(number / 1_024 ** power).toFixed(1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}
