import { type Explain, type PrometheusSuccess, type QueryData } from '@dwcp/api-schema';
import { parseDuration } from '@dwcp/core';

import { parseDurationParameter, parseTime } from '../server/time-parameter.ts';
import { Client, type Parameters } from './client.ts';
import { renderExplain } from './explain.ts';
import { type ExitCode, type Io, UsageError } from './io.ts';
import { tellMessages } from './messages.ts';
import { withCaret } from './query-error.ts';
import { renderResult, sparkWidth } from './query-result.ts';
import { readArgs, SERVER_OPTIONS } from './run.ts';
import { widthOf } from './text.ts';

const AGO = /^now(?:-(\w+))?$/;

/** Asks a running server for metrics. */
export async function query(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: {
      ...SERVER_OPTIONS,
      time: { type: 'string' },
      start: { type: 'string' },
      end: { type: 'string' },
      step: { type: 'string' },
      explain: { type: 'boolean' },
    },
    strict: true,
    allowPositionals: true,
  });
  const [expression, ...more] = positionals;
  if (expression === undefined) throw new UsageError("query wants an expression, such as 'up'");
  if (more.length > 0) throw new UsageError('query wants one expression; put it in quotes');
  for (const name of ['time', 'start', 'end'] as const) checkTime(name, values[name]);
  const { start, time, step } = values;
  if (start === undefined && (values.end !== undefined || step !== undefined)) {
    throw new UsageError('--end and --step go with --start');
  }
  if (start !== undefined && time !== undefined)
    throw new UsageError('--time does not go with --start');
  if (step !== undefined && !((parseDurationParameter(step) ?? 0) > 0)) {
    throw new UsageError(`--step wants a duration such as 15s, got ${JSON.stringify(step)}`);
  }

  const client = new Client(io, values.url);
  const moment = new Moments(client);
  const parameters =
    start === undefined
      ? { query: expression, ...(time === undefined ? {} : { time: await moment.of(time) }) }
      : { query: expression, ...(await rangeOf(io, moment, { start, end: values.end, step })) };
  const ask = async (path: string): Promise<unknown> =>
    client.get(path, parameters, { asForm: true }).catch((error: unknown) => {
      throw withCaret(error, expression, widthOf(io.err));
    });

  const path = start === undefined ? '/api/v1/query' : '/api/v1/query_range';
  const answer = await ask(values.explain === true ? '/api/v1/explain' : path);
  if (values.json === true) {
    io.out.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return 0;
  }
  tellMessages(io, answer as Pick<Explain, 'warnings' | 'infos'>);
  io.out.write(
    values.explain === true
      ? renderExplain(io, answer as Explain)
      : renderResult(io, (answer as PrometheusSuccess<QueryData>).data),
  );
  return 0;
}

/** @throws UsageError unless it is a moment, or not given */
export function checkTime(name: string, text: string | undefined): void {
  if (text === undefined || parseTime(text) !== undefined) return;
  const ago = AGO.exec(text);
  if (ago !== null && (ago[1] === undefined || parseDuration(ago[1]) !== undefined)) return;
  throw new UsageError(
    `--${name} wants RFC 3339 or Unix seconds, got ${JSON.stringify(text)}; now-1h works too`,
  );
}

/** Turns `now-1h` into Unix seconds. The server's clock decides what now is. */
export class Moments {
  readonly #client: Client;
  #nowSeconds: number | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  async of(text: string): Promise<string> {
    const ago = AGO.exec(text);
    if (ago === null) return text;
    this.#nowSeconds ??= await this.#askNow();
    return String(this.#nowSeconds - (parseDuration(ago[1] ?? '0') ?? 0) / 1_000);
  }

  async #askNow(): Promise<number> {
    const { data } = (await this.#client.get('/api/v1/query', {
      query: 'time()',
    })) as PrometheusSuccess<QueryData>;
    return data.resultType === 'scalar' ? Number(data.result[1]) : 0;
  }
}

async function rangeOf(
  io: Io,
  moment: Moments,
  wanted: { start: string; end: string | undefined; step: string | undefined },
): Promise<Parameters> {
  const start = await moment.of(wanted.start);
  const end = await moment.of(wanted.end ?? 'now');
  const seconds = ((parseTime(end) ?? 0) - (parseTime(start) ?? 0)) / 1_000;
  const points = sparkWidth(widthOf(io.out));
  return { start, end, step: wanted.step ?? String(Math.max(1, Math.ceil(seconds / points))) };
}
