import { AnchoredRegExp, parseDuration } from '@dwcp/core';
import { parseExpression, readNumber, readSeries, type SeriesLine } from '@dwcp/promql';

export { type SeriesLine } from '@dwcp/promql';

export interface Load {
  readonly kind: 'load';
  readonly line: number;
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
  /** The moment of an instant query, or the start of a range. */
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
  /** Where the expected values of an instant query for a range vector stand. */
  readonly rangeVector:
    | { readonly fromMs: number; readonly toMs: number; readonly stepMs: number }
    | undefined;
  readonly series: readonly SeriesLine[];
}

export type Command = { readonly kind: 'clear' } | Load | Eval;

/** A script that cannot be read. */
export class ScriptError extends Error {
  /** From 1. */
  readonly line: number;

  constructor(line: number, reason: string, options: ErrorOptions = {}) {
    super(`line ${line}: ${reason}`, options);
    this.line = line;
  }
}

interface Line {
  readonly number: number;
  readonly text: string;
}

const LOAD = /^load(?:_(with_nhcb))?\s+(.+?)$/;
const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const RANGE =
  /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;
const VECTOR = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/;
const EXPECT = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;

/** Reads a script of Prometheus' promqltest language. @throws ScriptError */
export function parseScript(text: string): Command[] {
  const lines = text.split('\n').map((line, i) => {
    const trimmed = line.trim();
    return { number: i + 1, text: trimmed.startsWith('#') ? '' : trimmed };
  });
  const commands: Command[] = [];
  let at = 0;
  for (let head = lines[at]; head !== undefined; head = lines[at]) {
    at++;
    if (head.text === '') continue;
    const word = (head.text.split(/\s/)[0] ?? '').toLowerCase();
    // An empty line ends a block, and so does what `endsBlock`; a comment counts as empty.
    const body: Line[] = [];
    const endsBlock = word.startsWith('eval') ? isLastOfEval : () => false;
    while (word !== 'clear') {
      const line = lines[at];
      if (line === undefined || line.text === '') break;
      body.push(line);
      at++;
      if (endsBlock(line.text)) break;
    }
    if (word === 'clear') commands.push({ kind: 'clear' });
    else if (word.startsWith('load')) commands.push(readLoad(head, body));
    else if (word.startsWith('eval')) commands.push(readEval(head, body));
    else throw new ScriptError(head.number, `there is no command ${JSON.stringify(head.text)}`);
  }
  return commands;
}

/** Runs a reader for one line, and names that line where it fails. */
function reading<T>(line: Line, read: (text: string) => T): T {
  try {
    return read(line.text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ScriptError(line.number, `${reason}, in ${JSON.stringify(line.text)}`, { cause });
  }
}

function readLoad(head: Line, body: readonly Line[]): Load {
  return {
    kind: 'load',
    line: head.number,
    ...reading(head, (text) => {
      const match = LOAD.exec(text);
      if (match === null) throw new Error('load wants a step: load[_with_nhcb] <step>');
      return { stepMs: readTime(match[2] ?? ''), withCustomBuckets: match[1] !== undefined };
    }),
    series: readLoaded(body),
  };
}

/** A line of start timestamps stands before that of its samples; alone, it is for all that follow. */
function readLoaded(body: readonly Line[]): SeriesLine[] {
  const series = body.map((line) => reading(line, readSeries));
  for (const [i, { isStartTimes, labels, startOffsetsMs }] of series.entries()) {
    const line = body[i];
    if (line === undefined || !isStartTimes || labels.size === 0) continue;
    reading(line, () => {
      const next = series[i + 1];
      if (next === undefined || next.isStartTimes || next.labels.key !== labels.key)
        throw new Error('start timestamps want the samples of their series in the next line');
      if (next.values.length !== startOffsetsMs.length)
        throw new Error(
          `${startOffsetsMs.length} start timestamps for ${next.values.length} values`,
        );
    });
  }
  return series;
}

function readEval(head: Line, body: readonly Line[]): Eval {
  const { mode, ...query } = reading(head, readQuery);
  const expectations: Expectation[] = [];
  if (mode === 'fail' || mode === 'warn' || mode === 'info') expectations.push(anyMessage(mode));
  const flags = { noWarn: false, noInfo: false, ordered: mode === 'ordered' };
  let scalar: number | undefined;
  let text: string | undefined;
  let rangeVector: Eval['rangeVector'];
  const series: SeriesLine[] = [];
  for (const line of body) {
    reading(line, (entry) => {
      const legacy = mode === 'fail' ? /^expected_fail_(message|regexp)\s+(.*)$/.exec(entry) : null;
      const vector = VECTOR.exec(entry);
      if (legacy !== null) {
        const kind = legacy[1] === 'message' ? 'msg' : 'regex';
        expectations.push(readExpectation('fail', kind, (legacy[2] ?? '').trim()));
      } else if (vector !== null) {
        const [, from = '', to = '', step = ''] = vector;
        rangeVector = { fromMs: readTime(from), toMs: readTime(to), stepMs: readTime(step) };
      } else if (entry.startsWith('expect string')) text = readQuoted(entry.slice(13).trim());
      else if (/^expect(?:\s|$)/.test(entry)) readExpect(entry, flags, expectations);
      else if (asNumber(entry) !== undefined) scalar = asNumber(entry);
      else {
        const one = readSeries(entry);
        if (query.stepMs === undefined && rangeVector === undefined && one.values.length !== 1)
          throw new Error(`an instant query gives one value, this line has ${one.values.length}`);
        series.push(one);
      }
      const wants = (kind: string): boolean => expectations.some((one) => one.kind === kind);
      if ((flags.noWarn && wants('warn')) || (flags.noInfo && wants('info')))
        throw new Error('a message cannot be both wanted and unwanted');
    });
  }
  const moment = rangeVector === undefined ? {} : { startMs: rangeVector.toMs };
  return {
    kind: 'eval',
    line: head.number,
    ...query,
    ...moment,
    expectations,
    ...flags,
    scalar,
    text,
    rangeVector,
    series,
  };
}

function readQuery(
  text: string,
): Pick<Eval, 'expression' | 'startMs' | 'endMs' | 'stepMs'> & { mode: string | undefined } {
  const instant = INSTANT.exec(text);
  if (instant !== null) {
    const [, mode, at = '0', expression = ''] = instant;
    const startMs = readTime(at);
    return { mode, expression, startMs, endMs: startMs, stepMs: undefined };
  }
  const range = RANGE.exec(text);
  if (range === null)
    throw new Error(
      'eval wants "instant [at <time>]" or "range from <time> to <time> step <step>"',
    );
  const [, mode, from = '', to = '', step = '', expression = ''] = range;
  const [startMs, endMs] = [readTime(from), readTime(to)];
  if (endMs < startMs) throw new Error(`the range ends at ${to}, before it starts at ${from}`);
  return { mode, expression, startMs, endMs, stepMs: readTime(step) };
}

function readExpect(
  entry: string,
  flags: { noWarn: boolean; noInfo: boolean; ordered: boolean },
  expectations: Expectation[],
): void {
  const [, what, how, text = ''] = EXPECT.exec(entry) ?? [];
  switch (what) {
    case 'no_warn':
      flags.noWarn = true;
      break;
    case 'no_info':
      flags.noInfo = true;
      break;
    case 'ordered':
      flags.ordered = true;
      break;
    case 'fail':
    case 'warn':
    case 'info':
      if (what === 'fail' && expectations.some(({ kind }) => kind === 'fail'))
        throw new Error('only one "expect fail" is allowed');
      expectations.push(
        how === undefined ? anyMessage(what) : readExpectation(what, how, text.trim()),
      );
      break;
    case undefined:
    default:
      throw new Error(
        'expect wants fail, warn, info, no_warn, no_info or ordered, then msg: or regex:',
      );
  }
}

function anyMessage(kind: Expectation['kind']): Expectation {
  return { kind, matches: () => true, text: 'any message' };
}

function readExpectation(kind: Expectation['kind'], how: string, text: string): Expectation {
  if (how === 'msg') return { kind, matches: (message) => message === text, text };
  const pattern = new AnchoredRegExp(`.*(?:${text}).*`);
  return { kind, matches: (message) => pattern.test(message), text: `/${text}/` };
}

function readQuoted(text: string): string {
  const literal = parseExpression(text);
  if (literal.kind !== 'string') throw new Error('"expect string" wants a quoted text');
  return literal.value;
}

/** A bare number is the scalar that is expected, and the end of the block. */
function isLastOfEval(text: string): boolean {
  return asNumber(text) !== undefined || /^expected_fail_(?:message|regexp)\s/.test(text);
}

function asNumber(text: string): number | undefined {
  if (!/^[+-]?(?:[\d.]|inf|nan)[^\s{]*$/i.test(text)) return undefined;
  try {
    return readNumber(text);
  } catch {
    return undefined;
  }
}

function readTime(text: string): number {
  const ms = parseDuration(text.trim());
  if (ms === undefined) throw new Error(`${JSON.stringify(text.trim())} is no duration`);
  return ms;
}
