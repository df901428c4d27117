import { Labels, type Series, setStale } from '@dwcp/core';

/**
 * Series from the lines of VictoriaMetrics' `/api/v1/export`, each
 * `{"metric":{...},"values":[1,null,+Inf],"timestamps":[...]}`. The values are not quite JSON. `null`
 * is a staleness marker, for ordinary NaNs are not stored; as a line's first value it is written `NaN`. Of two samples at one time, which the
 * server keeps both, the last counts.
 * @throws SyntaxError for a line that is no such object
 */
export function parseExport(body: string): readonly Series[] {
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseLine(line));
}

function parseLine(line: string): Series {
  // Only labels hold text, and they come first: the last match is the one of the structure.
  const valuesAt = line.lastIndexOf(VALUES);
  const timesAt = line.lastIndexOf(TIMESTAMPS);
  if (!line.startsWith(METRIC) || valuesAt < 0 || timesAt < valuesAt || !line.endsWith(']}')) {
    throw new SyntaxError(`not a line of an export: ${line.slice(0, 80)}`);
  }
  const labels = Labels.from(
    JSON.parse(line.slice(METRIC.length, valuesAt)) as Record<string, string>,
  );
  const values = itemsOf(line.slice(valuesAt + VALUES.length, timesAt));
  const times = itemsOf(line.slice(timesAt + TIMESTAMPS.length, -2)).map(Number);
  if (values.length !== times.length || times.some((time) => !Number.isFinite(time))) {
    throw new SyntaxError(`values and timestamps differ: ${line.slice(0, 80)}`);
  }
  return columnsOf(labels, values, times);
}

function columnsOf(labels: Labels, texts: readonly string[], times: readonly number[]): Series {
  const order = [...times.keys()].sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0));
  const rows = order.filter((row, i) => times[row] !== times[order[i + 1] ?? -1]);
  const values = new Float64Array(rows.length);
  for (const [at, row] of rows.entries()) {
    const text = texts[row] ?? '';
    if (text === 'null' || text === 'NaN') setStale(values, at);
    else values[at] = numberOf(text);
  }
  return { labels, timestamps: Float64Array.from(rows, (row) => times[row] ?? 0), values };
}

function numberOf(text: string): number {
  if (text.endsWith('Inf')) return text.startsWith('-') ? -Infinity : Infinity;
  const value = Number(text);
  if (Number.isNaN(value)) throw new SyntaxError(`not a value of an export: ${text.slice(0, 80)}`);
  return value;
}

function itemsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(',');
}

const METRIC = '{"metric":';
const VALUES = ',"values":[';
const TIMESTAMPS = '],"timestamps":[';
