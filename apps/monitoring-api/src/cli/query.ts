import {
  type MatrixElement,
  type PrometheusSuccess,
  type QueryData,
  type VectorElement,
} from '@dwcp/api-schema';
import { Labels } from '@dwcp/core';

import { parseDurationParameter, parseTime } from '../server/time-parameter.ts';
import { Client } from './client.ts';
import { type ExitCode, type Io, styleFor, UsageError } from './io.ts';
import { readArgs } from './run.ts';
import { sparkline } from './sparkline.ts';
import { table } from './table.ts';

const SPARK_WIDTH = 40;

/** Asks a running server for metrics. */
export async function query(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: {
      url: { type: 'string' },
      time: { type: 'string' },
      start: { type: 'string' },
      end: { type: 'string' },
      step: { type: 'string' },
      json: { type: 'boolean' },
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
  const answer = (await (start === undefined
    ? client.get('/api/v1/query', { query: expression, ...(time === undefined ? {} : { time }) })
    : client.get('/api/v1/query_range', {
        query: expression,
        ...rangeOf(start, values.end ?? (await serverNow(client)), step),
      }))) as PrometheusSuccess<QueryData>;
  if (values.json === true) {
    io.out.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return 0;
  }
  const style = styleFor(io.err, io.env);
  for (const warning of [...(answer.warnings ?? []), ...(answer.infos ?? [])]) {
    io.err.write(`${style.yellow('note')} ${warning}\n`);
  }
  io.out.write(render(answer.data));
  return 0;
}

function checkTime(name: string, text: string | undefined): void {
  if (text === undefined || parseTime(text) !== undefined) return;
  throw new UsageError(`--${name} wants RFC 3339 or Unix seconds, got ${JSON.stringify(text)}`);
}

/** The server's clock decides what now is. */
async function serverNow(client: Client): Promise<string> {
  const { data } = (await client.get('/api/v1/query', {
    query: 'time()',
  })) as PrometheusSuccess<QueryData>;
  return data.resultType === 'scalar' ? data.result[1] : '0';
}

function rangeOf(
  start: string,
  end: string,
  step: string | undefined,
): { readonly start: string; readonly end: string; readonly step: string } {
  const seconds = ((parseTime(end) ?? 0) - (parseTime(start) ?? 0)) / 1_000;
  return { start, end, step: step ?? String(Math.max(1, Math.ceil(seconds / SPARK_WIDTH))) };
}

function render(data: QueryData): string {
  switch (data.resultType) {
    case 'scalar':
    case 'string':
      return `${data.result[1]}\n`;
    case 'vector':
      if (data.result.length === 0) return 'no series\n';
      return table(['SERIES', 'VALUE'], data.result.map(rowOfSample), { right: new Set([1]) });
    case 'matrix':
      if (data.result.length === 0) return 'no series\n';
      return table(
        ['SERIES', 'RANGE', 'MIN', 'MAX', 'LAST'],
        data.result.map(rowOfSeries(gridOf(data.result))),
        {
          right: new Set([2, 3, 4]),
        },
      );
  }
}

function rowOfSample({ metric, value, histogram }: VectorElement): string[] {
  const text = value?.[1] ?? `histogram of ${histogram?.[1].count ?? '0'}`;
  return [Labels.from(metric).toString(), text];
}

/** All moments at which any series has a point: what is missing in one of them is a gap. */
function gridOf(series: readonly MatrixElement[]): readonly number[] {
  const moments = new Set(series.flatMap(({ values = [] }) => values.map(([time]) => time)));
  return [...moments].sort((a, b) => a - b);
}

const rowOfSeries =
  (grid: readonly number[]) =>
  ({ metric, values = [] }: MatrixElement): string[] => {
    const byTime = new Map(values.map(([time, text]) => [time, numberOf(text)]));
    const numbers = [...byTime.values()].filter((value) => !Number.isNaN(value));
    const show = (value: number | undefined): string =>
      value === undefined || !Number.isFinite(value) ? '-' : String(Number(value.toPrecision(6)));
    return [
      Labels.from(metric).toString(),
      sparkline(
        grid.map((time) => byTime.get(time)),
        SPARK_WIDTH,
      ),
      show(Math.min(...numbers)),
      show(Math.max(...numbers)),
      show([...byTime.values()].at(-1)),
    ];
  };

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
