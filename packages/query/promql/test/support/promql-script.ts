import { Labels, parseDuration } from '@dwcp/core';
import { parseSelector } from '@dwcp/promql';

import { parseSequence, readNumber, type SequenceValue } from './series-notation.ts';

/** A series line: labels and values. */
export interface SeriesLine {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
  /** The line gives start timestamps (`@st`), not samples. */
  readonly isStartTimes: boolean;
}

export interface Load {
  readonly kind: 'load';
  readonly stepMs: number;
  readonly withCustomBuckets: boolean;
  readonly series: readonly SeriesLine[];
}

/** What a line of `expect` asks of the messages: an exact text, a pattern, or just that there is one. */
export interface Expectation {
  readonly kind: 'fail' | 'warn' | 'info';
  readonly matches: (message: string) => boolean;
  readonly text: string;
}

export interface Eval {
  readonly kind: 'eval';
  readonly line: number;
  readonly expression: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Undefined for an instant query. */
  readonly stepMs: number | undefined;
  readonly expectations: readonly Expectation[];
  readonly noWarn: boolean;
  readonly noInfo: boolean;
  readonly ordered: boolean;
  readonly scalar: number | undefined;
  readonly text: string | undefined;
  readonly rangeVector:
    | { readonly fromMs: number; readonly toMs: number; readonly stepMs: number }
    | undefined;
  readonly series: readonly SeriesLine[];
}

export type Command = { readonly kind: 'clear' } | Load | Eval;

const LOAD = /^load(?:_(with_nhcb))?\s+(.+?)$/;
const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const RANGE =
  /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;

/** Reads a script of Prometheus' promqltest language. @throws Error naming the line */
export function parseScript(text: string): Command[] {
  const lines = text.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  const commands: Command[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (line === '') continue;
    const body: string[] = [];
    const head = i;
    const isBlock = !/^clear$/i.test(line);
    while (isBlock && (lines[i + 1] ?? '') !== '') body.push(lines[++i] ?? '');
    try {
      commands.push(readCommand(line, body, head + 1));
    } catch (error) {
      throw new Error(`line ${head + 1}: ${line}`, { cause: error });
    }
  }
  return commands;
}

function readCommand(line: string, body: readonly string[], number: number): Command {
  const word = (line.split(/\s/)[0] ?? '').toLowerCase();
  if (word === 'clear') return { kind: 'clear' };
  if (word.startsWith('load')) return readLoad(line, body);
  if (word.startsWith('eval')) return readEval(line, body, number);
  throw new Error(`unknown command ${word}`);
}

function readLoad(line: string, body: readonly string[]): Load {
  const match = LOAD.exec(line);
  if (match === null) throw new Error('load wants a step');
  return {
    kind: 'load',
    stepMs: readTime(match[2] ?? ''),
    withCustomBuckets: match[1] !== undefined,
    series: body.map((text) => readSeries(text)),
  };
}

function readEval(line: string, body: readonly string[], number: number): Eval {
  const instant = INSTANT.exec(line);
  const range = instant === null ? RANGE.exec(line) : null;
  const match = instant ?? range;
  if (match === null) throw new Error('not an eval');
  const startMs = readTime(match[2] ?? '0');
  const expectations: Expectation[] = [];
  const flags = { noWarn: false, noInfo: false, ordered: match[1] === 'ordered' };
  let scalar: number | undefined;
  let text: string | undefined;
  let rangeVector: Eval['rangeVector'];
  const series: SeriesLine[] = [];
  const mode = match[1];
  if (mode === 'fail' || mode === 'warn' || mode === 'info') expectations.push(anyMessage(mode));
  for (const entry of body) {
    const expected = /^expect\s+(.*)$/.exec(entry)?.[1];
    const legacy = /^expected_fail_(message|regexp)\s+(.*)$/.exec(entry);
    const vector = /^range vector from (\S+) to (\S+) step (\S+)$/.exec(expected ?? '');
    if (legacy !== null) {
      const kind = legacy[1] === 'message' ? 'msg' : 'regex';
      expectations.push(readExpectation('fail', kind, legacy[2] ?? ''));
    } else if (vector !== null) {
      const [, from = '', to = '', step = ''] = vector;
      rangeVector = { fromMs: readTime(from), toMs: readTime(to), stepMs: readTime(step) };
    } else if (expected === undefined) {
      const isNumber = /^[+-]?(?:\d|\.\d|inf\b|nan\b)/i.test(entry) && !/\s/.test(entry);
      if (isNumber) scalar = readNumber(entry);
      else series.push(readSeries(entry));
    } else if (expected === 'no_warn') flags.noWarn = true;
    else if (expected === 'no_info') flags.noInfo = true;
    else if (expected === 'ordered') flags.ordered = true;
    else if (expected.startsWith('string ')) text = readQuoted(expected.slice(7).trim());
    else {
      const parts = /^(fail|warn|info)(?:\s+(msg|regex):\s*(.*))?$/.exec(expected);
      if (parts === null) throw new Error(`cannot read ${entry}`);
      const kind = parts[1] as Expectation['kind'];
      if (parts[2] === undefined) expectations.push(anyMessage(kind));
      else expectations.push(readExpectation(kind, parts[2], (parts[3] ?? '').trim()));
    }
  }
  return {
    kind: 'eval',
    line: number,
    expression: (instant === null ? match[5] : match[3]) ?? '',
    startMs,
    endMs: range === null ? startMs : readTime(range[3] ?? ''),
    stepMs: range === null ? undefined : readTime(range[4] ?? ''),
    expectations,
    ...flags,
    scalar,
    text,
    rangeVector,
    series,
  };
}

function anyMessage(kind: Expectation['kind']): Expectation {
  return { kind, matches: () => true, text: 'any' };
}

function readExpectation(kind: Expectation['kind'], how: string, text: string): Expectation {
  if (how === 'msg') return { kind, matches: (message) => message === text, text };
  const pattern = new RegExp(text);
  return { kind, matches: (message) => pattern.test(message), text };
}

function readQuoted(text: string): string {
  return text.startsWith('`') ? text.slice(1, -1) : (JSON.parse(text) as string);
}

function readTime(text: string): number {
  const ms = parseDuration(text.trim());
  if (ms === undefined) throw new Error(`no duration: ${text}`);
  return ms;
}

/** Splits `name{a="b"} 1 2 3` into labels and values. */
function readSeries(text: string): SeriesLine {
  let end = 0;
  let mark = '';
  let inBraces = false;
  for (; end < text.length; end++) {
    const char = text[end] ?? '';
    if (mark !== '') {
      if (char === '\\') end++;
      else if (char === mark) mark = '';
    } else if (char === '"' || char === "'" || char === '`') mark = char;
    else if (char === '{') inBraces = true;
    else if (char === '}') inBraces = false;
    else if (/\s/.test(char) && !inBraces) break;
  }
  const head = text.slice(0, end);
  const isStartTimes = head.endsWith('@st');
  const metric = isStartTimes ? head.slice(0, -3) : head;
  return {
    labels: readLabels(metric),
    values: isStartTimes ? [] : parseSequence(text.slice(end).trim()),
    isStartTimes,
  };
}

function readLabels(metric: string): Labels {
  if (/^\{\s*\}$/.test(metric)) return Labels.empty;
  if (/\{\s*\}$/.test(metric)) return readLabels(metric.replace(/\{\s*\}$/, ''));
  // A selector without a name that matches '' would be refused, so one is lent to it.
  const lent = metric.startsWith('{') ? metric.replace(/^\{/, '{lent_label="x",') : metric;
  const matchers = parseSelector(lent.replace(/,\s*\}$/, '}'));
  return Labels.fromPairs(
    matchers
      .filter(({ name }) => name !== 'lent_label')
      .map(({ name, value }) => [name, value] as const),
  );
}
