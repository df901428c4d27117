import { type PrometheusSuccess, type TsdbStatus } from '@dwcp/api-schema';

import { Client } from './client.ts';
import { type ExitCode, type Io, styleFor } from './io.ts';
import { limitOf, readArgs, SERVER_OPTIONS } from './run.ts';
import { table } from './table.ts';
import { counted, printable, widthOf } from './text.ts';

/** Shows where series come from: the metrics, labels and pairs that have most of them. */
export async function topSeries(io: Io): Promise<ExitCode> {
  const { values } = readArgs({
    args: [...io.argv],
    options: { ...SERVER_OPTIONS, limit: { type: 'string' } },
    strict: true,
    allowPositionals: false,
  });
  const client = new Client(io, values.url);
  const answer = (await client.get('/api/v1/status/tsdb', {
    limit: limitOf(values.limit),
  })) as PrometheusSuccess<TsdbStatus>;
  if (values.json === true) {
    io.out.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return 0;
  }
  const { headStats, ...counts } = answer.data;
  const style = styleFor(io.out, io.env);
  const total = headStats.numSeries;
  const list = (
    head: readonly [string, string],
    rows: TsdbStatus['seriesCountByMetricName'],
    ofTotal: boolean,
  ): string =>
    rows.length === 0
      ? ''
      : `\n${table(
          ofTotal ? [...head, 'SHARE'] : head,
          rows.map(({ name, value }) => [
            printable(name),
            value.toLocaleString('en'),
            ...(ofTotal ? [share(value, total)] : []),
          ]),
          { right: new Set([1, 2]), width: widthOf(io.out) },
        )}`;
  io.out.write(
    `${style.bold(counted(total, 'series', 'series'))}, ` +
      `${counted(headStats.numLabelPairs, 'label pair')}\n` +
      list(['METRIC', 'SERIES'], counts.seriesCountByMetricName, true) +
      list(['PAIR', 'SERIES'], counts.seriesCountByLabelValuePair, true) +
      list(['LABEL', 'VALUES'], counts.labelValueCountByLabelName, false),
  );
  return 0;
}

function share(value: number, total: number): string {
  return total === 0 ? '-' : `${((100 * value) / total).toFixed(1)}%`;
}
