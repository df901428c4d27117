import {
  type Exemplar,
  type Labels,
  METRIC_NAME,
  type MetricMetadata,
  type MetricType,
} from '@dwcp/core';

import { ExpositionError } from './errors.ts';
import { parseFloatAt } from './float.ts';
import { type ExpositionFormat } from './format.ts';
import {
  at,
  endOfLabelSet,
  endOfName,
  endOfQuoted,
  LabelBuilder,
  type LabelGrammar,
  LabelSyntaxError,
  readLabelSet,
  skipBlanks,
} from './label-set.ts';
import { OpenMetricsRules } from './openmetrics-rules.ts';
import { excerpt, unescapeHelp, unescapeQuoted } from './text.ts';

const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;

export interface ExpositionReaderOptions {
  readonly format: ExpositionFormat;
  /**
   * OpenMetrics only: also holds every MUST of the specification (order, grouping, units, values,
   * suffixes, exemplars). Without it the reader takes what Prometheus takes.
   */
  readonly strict?: boolean;
  /** Every entry ends at its line, so that `skipLine` can go on after a bad one. */
  readonly lineByLine?: boolean;
}

type MetadataDraft = { -readonly [K in keyof MetricMetadata]: MetricMetadata[K] };

const TEXT_TYPES: ReadonlyMap<string, MetricType> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
]);

const OPENMETRICS_TYPES: ReadonlyMap<string, MetricType> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['gaugehistogram', 'gaugehistogram'],
  ['summary', 'summary'],
  ['info', 'info'],
  ['stateset', 'stateset'],
  ['unknown', 'unknown'],
]);

/**
 * Walks over the samples of an exposition, one at a time and without an object for each.
 *
 * A scraper sees the same series again and again. It keeps what it made of a series under `series`,
 * the text of its name and labels, and asks for `labels()` only when that text is new: the content
 * of the braces is parsed and checked there, and nowhere else. Handing the series it expects next to
 * `next` makes even finding the closing brace unnecessary.
 *
 * Every method that reads throws ExpositionError on what is wrong.
 * @see https://github.com/prometheus/prometheus/tree/main/model/textparse for what is accepted
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export class ExpositionReader {
  readonly #text: string;
  readonly #openMetrics: boolean;
  readonly #multiline: boolean;
  readonly #rules: OpenMetricsRules | undefined;
  readonly #grammar: LabelGrammar;
  readonly #builder = new LabelBuilder();
  readonly #metadata = new Map<string, MetadataDraft>();
  #position = 0;
  #ended = false;
  #start = 0;
  /** Where the name ends; equal to the start when it stands in the braces. */
  #nameEnd = 0;
  /** Where `{` stands, -1 when there is none. */
  #open = -1;
  #series = '';
  #expectedMatched = false;
  #value = Number.NaN;
  /** As written: milliseconds in the text format, seconds in OpenMetrics. */
  #timestamp: number | undefined;
  #exemplar: Exemplar | undefined;
  #labels: Labels | undefined;
  #emptyLabels: readonly string[] = [];
  #countedLine = 1;
  #countedTo = 0;

  constructor(text: string, options: ExpositionReaderOptions) {
    this.#text = text;
    this.#openMetrics = options.format === 'openmetrics';
    const strict = this.#openMetrics && options.strict === true;
    this.#multiline = !this.#openMetrics && options.lineByLine !== true;
    this.#rules = strict ? new OpenMetricsRules() : undefined;
    this.#grammar = {
      loose: !this.#openMetrics,
      trailingComma: !strict,
      quotedName: !strict,
    };
  }

  /** The sample's name and labels as they stand in the text. A slice: `detach` it to keep it. */
  get series(): string {
    return this.#series;
  }

  /** Whether the current series is the one `next` was told to expect. */
  get expectedMatched(): boolean {
    return this.#expectedMatched;
  }

  get value(): number {
    return this.#value;
  }

  /** The sample's own timestamp in Unix milliseconds. */
  get unixMs(): number | undefined {
    if (this.#timestamp === undefined || !this.#openMetrics) return this.#timestamp;
    return Math.round(this.#timestamp * 1_000);
  }

  get exemplar(): Exemplar | undefined {
    return this.#exemplar;
  }

  /** The line the current sample or error starts at, counted from 1. */
  get line(): number {
    return this.#lineAt(this.#start);
  }

  /** TYPE, HELP and UNIT of what was read so far, by family. Strings are slices of the text. */
  get metadata(): ReadonlyMap<string, MetricMetadata> {
    return this.#metadata;
  }

  /**
   * Moves to the next sample.
   * @param expected the series text that probably comes next, as `series` gave it earlier
   * @returns false at the end
   */
  next(expected = ''): boolean {
    const text = this.#text;
    while (!this.#ended) {
      if (!this.#openMetrics) this.#position = skipBlanks(text, this.#position);
      this.#start = this.#position;
      if (this.#position >= text.length) {
        this.#ended = true;
        if (this.#openMetrics) throw this.#error(text.length, 'the data do not end with # EOF');
        break;
      }
      const code = text.charCodeAt(this.#position);
      if (code === HASH) {
        if (this.#openMetrics) this.#openMetricsLine();
        else this.#textComment();
      } else if (code === NEWLINE && !this.#openMetrics) {
        this.#position++;
      } else {
        this.#readSample(expected);
        return true;
      }
    }
    return false;
  }

  /** The labels of the current sample with `__name__`, sorted; parsed at the first call. */
  labels(): Labels {
    return (this.#labels ??= this.#parseLabels());
  }

  /**
   * Labels of the current sample that stand with an empty value and so are not among `labels()`.
   * With `honor_labels` they keep a target's label of that name away; Pushgateway relies on it.
   */
  emptyLabels(): readonly string[] {
    this.labels();
    return this.#emptyLabels;
  }

  /** After an error: goes on with the line after the one where the bad entry starts. */
  skipLine(): void {
    const newline = this.#text.indexOf('\n', this.#start);
    if (newline < 0) this.#ended = true;
    else this.#position = newline + 1;
  }

  #readSample(expected: string): void {
    const start = this.#start;
    this.#labels = undefined;
    this.#exemplar = undefined;
    this.#timestamp = undefined;
    this.#expectedMatched = expected !== '' && this.#startsWithSeries(expected);
    let position: number;
    if (this.#expectedMatched) {
      this.#series = expected;
      position = start + expected.length;
    } else {
      this.#findSeries();
      position = start + this.#series.length;
    }
    position = this.#readValue(position);
    if (this.#openMetrics) this.#readOpenMetricsTail(position);
    else this.#readTextTail(position);
    if (this.#rules !== undefined) {
      const problem = this.#rules.sample({
        labels: this.labels(),
        value: this.#value,
        timestampSeconds: this.#timestamp,
        exemplar: this.#exemplar,
      });
      if (problem !== undefined) throw this.#error(start, problem);
    }
  }

  /** Whether exactly this series stands here, and not one whose name or labels go on. */
  #startsWithSeries(series: string): boolean {
    const text = this.#text;
    if (!text.startsWith(series, this.#start)) return false;
    const end = this.#start + series.length;
    if (text.charCodeAt(end - 1) === BRACE_CLOSE) return true;
    const code = text.charCodeAt(end);
    if (code !== SPACE && code !== TAB) return false;
    return this.#openMetrics || text.charCodeAt(skipBlanks(text, end)) !== BRACE_OPEN;
  }

  #findSeries(): void {
    const text = this.#text;
    const start = this.#start;
    const nameEnd = endOfName(text, start, true);
    this.#nameEnd = nameEnd;
    const open = this.#openMetrics ? nameEnd : skipBlanks(text, nameEnd);
    let end = nameEnd;
    this.#open = -1;
    if (text.charCodeAt(open) === BRACE_OPEN) {
      this.#open = open;
      end = endOfLabelSet(text, open, this.#multiline);
      if (end < 0) {
        // Parsing it in full says where exactly it goes wrong.
        this.#parseLabels();
        throw this.#error(open, 'the label set does not end');
      }
    } else if (nameEnd === start) {
      throw this.#error(start, `expected a metric name, got ${at(text, start)}`);
    }
    this.#series = text.slice(start, end);
  }

  #parseLabels(): Labels {
    const text = this.#text;
    const start = this.#start;
    // After a match with the expected series only its end is known.
    if (this.#expectedMatched) this.#findSeries();
    const flat: string[] = [];
    try {
      if (this.#nameEnd > start) flat.push(METRIC_NAME, text.slice(start, this.#nameEnd));
      if (this.#open >= 0) {
        const { quotedName } = readLabelSet(text, this.#open, this.#grammar, flat);
        if (quotedName !== undefined) {
          if (this.#nameEnd > start) {
            throw new LabelSyntaxError(this.#open, 'the metric name is given twice');
          }
          flat.push(METRIC_NAME, quotedName);
        } else if (this.#nameEnd === start) {
          throw new LabelSyntaxError(this.#open, 'the metric name is missing');
        }
      }
      this.#emptyLabels = flat.filter((_, i) => i % 2 === 0 && flat[i + 1] === '');
      return this.#builder.build(flat);
    } catch (error) {
      throw this.#labelError(error, start);
    }
  }

  #readValue(position: number): number {
    const text = this.#text;
    let start = position;
    if (!this.#openMetrics) start = skipBlanks(text, start);
    else if (text.charCodeAt(start) === SPACE) start++;
    else throw this.#error(start, `expected a space and a value, got ${at(text, start)}`);
    let end = start;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === SPACE || code === NEWLINE) break;
      if ((code === TAB || code === BRACE_OPEN) && !this.#openMetrics) break;
    }
    this.#value = this.#numberAt(start, end, 'a value');
    return end;
  }

  #readTextTail(valueEnd: number): void {
    const text = this.#text;
    let position = skipBlanks(text, valueEnd);
    const code = text.charCodeAt(position);
    if (position < text.length && code !== NEWLINE) {
      let end = position;
      if (code === 45) end++;
      while (text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++;
      const timestamp = Number(text.slice(position, end));
      if (end === position || Number.isNaN(timestamp)) {
        throw this.#error(
          position,
          `expected a timestamp in milliseconds or the end of the line, got ${at(text, position)}`,
        );
      }
      if (Math.abs(timestamp) > 2 ** 63) {
        throw this.#error(position, `the timestamp ${text.slice(position, end)} is out of range`);
      }
      this.#timestamp = timestamp;
      position = skipBlanks(text, end);
    }
    this.#endLine(position);
  }

  #readOpenMetricsTail(valueEnd: number): void {
    const text = this.#text;
    let position = valueEnd;
    if (text.charCodeAt(position) === SPACE && text.charCodeAt(position + 1) !== HASH) {
      const end = this.#endOfToken(position + 1);
      this.#timestamp = this.#timestampAt(position + 1, end);
      position = end;
    }
    if (text.charCodeAt(position) === SPACE) position = this.#readExemplar(position);
    this.#endLine(position);
  }

  /** Reads ` # {labels} value [timestamp]`. */
  #readExemplar(position: number): number {
    const text = this.#text;
    if (!text.startsWith(' # {', position)) {
      throw this.#error(
        position,
        `expected " # {" and an exemplar, got ${at(text, position)}; a line ends without a space`,
      );
    }
    const flat: string[] = [];
    let labels: Labels;
    let end: number;
    try {
      ({ end } = readLabelSet(text, position + 3, { ...this.#grammar, quotedName: false }, flat));
      labels = this.#builder.build(flat);
    } catch (error) {
      throw this.#labelError(error, position);
    }
    if (text.charCodeAt(end) !== SPACE) {
      throw this.#error(end, `expected a space and the exemplar's value, got ${at(text, end)}`);
    }
    const valueEnd = this.#endOfToken(end + 1);
    const value = this.#numberAt(end + 1, valueEnd, "the exemplar's value");
    this.#exemplar = { labels, value };
    if (text.charCodeAt(valueEnd) !== SPACE) return valueEnd;
    const timestampEnd = this.#endOfToken(valueEnd + 1);
    const seconds = this.#timestampAt(valueEnd + 1, timestampEnd);
    this.#exemplar = { labels, value, unixMs: Math.round(seconds * 1_000) };
    return timestampEnd;
  }

  #endLine(position: number): void {
    const text = this.#text;
    if (text.charCodeAt(position) === NEWLINE) this.#position = position + 1;
    else if (position < text.length) {
      throw this.#error(position, `expected the end of the line, got ${at(text, position)}`);
    } else if (this.#openMetrics) {
      throw this.#error(position, 'the data do not end with # EOF');
    } else this.#position = position;
  }

  /** `# HELP`, `# TYPE`, or any other comment, which is skipped. */
  #textComment(): void {
    const text = this.#text;
    const newline = text.indexOf('\n', this.#position);
    const end = newline < 0 ? text.length : newline;
    const keyword = skipBlanks(text, this.#position + 1);
    this.#position = newline < 0 ? end : end + 1;
    const blank = text.charCodeAt(keyword + 4);
    if (keyword === this.#start + 1 || (blank !== SPACE && blank !== TAB)) return;
    const isType = text.startsWith('TYPE', keyword);
    if (!isType && !text.startsWith('HELP', keyword)) return;
    const nameStart = skipBlanks(text, keyword + 5);
    const [name, nameEnd] = this.#familyName(nameStart);
    const content = text.slice(nameEnd + 1, Math.max(end, nameEnd + 1));
    const draft = this.#draft(name);
    if (!isType) draft.help = unescapeHelp(content);
    else draft.type = this.#type(TEXT_TYPES, content, nameEnd + 1);
  }

  /** `# HELP`, `# TYPE`, `# UNIT` or `# EOF`; nothing else may start with `#`. */
  #openMetricsLine(): void {
    const text = this.#text;
    const start = this.#position;
    if (text.startsWith('# EOF', start)) {
      const end = start + 5;
      if (end < text.length && !(text.charCodeAt(end) === NEWLINE && end + 1 === text.length)) {
        throw this.#error(end, 'data after # EOF');
      }
      this.#ended = true;
      this.#check(this.#rules?.end());
      return;
    }
    const newline = text.indexOf('\n', start);
    if (newline < 0) throw this.#error(text.length, 'the data do not end with # EOF');
    const keyword = text.slice(start + 2, start + 6);
    const isMetadata = keyword === 'HELP' || keyword === 'TYPE' || keyword === 'UNIT';
    if (!isMetadata || text[start + 1] !== ' ' || text[start + 6] !== ' ') {
      throw this.#error(start, `expected # HELP, # TYPE, # UNIT or # EOF, got ${at(text, start)}`);
    }
    const [name, nameEnd] = this.#familyName(start + 7);
    if (text.charCodeAt(nameEnd) !== SPACE) {
      throw this.#error(
        nameEnd,
        `expected a space after the name in # ${keyword}, got ${at(text, nameEnd)}`,
      );
    }
    const content = text.slice(nameEnd + 1, newline);
    this.#position = newline + 1;
    this.#check(this.#rules?.metadata(keyword, name, content));
    const draft = this.#draft(name);
    switch (keyword) {
      case 'HELP':
        draft.help = unescapeQuoted(content);
        break;
      case 'TYPE':
        draft.type = this.#type(OPENMETRICS_TYPES, content, nameEnd + 1);
        break;
      case 'UNIT':
        if (content !== '' && !name.endsWith(`_${content}`)) {
          throw this.#error(
            start,
            `the unit ${excerpt(content)} is not the ending of the metric name ${excerpt(name)}`,
          );
        }
        draft.unit = content;
        break;
    }
  }

  #familyName(start: number): readonly [name: string, end: number] {
    const text = this.#text;
    if (text.charCodeAt(start) === QUOTE) {
      const end = endOfQuoted(text, start, false);
      if (end > start + 2) return [unescapeQuoted(text.slice(start + 1, end - 1)), end];
    }
    const end = endOfName(text, start, true);
    if (end === start) throw this.#error(start, `expected a metric name, got ${at(text, start)}`);
    return [text.slice(start, end), end];
  }

  #draft(name: string): MetadataDraft {
    let draft = this.#metadata.get(name);
    if (draft === undefined) {
      draft = { name, type: 'unknown', help: '', unit: '' };
      this.#metadata.set(name, draft);
    }
    return draft;
  }

  #type(known: ReadonlyMap<string, MetricType>, content: string, position: number): MetricType {
    const type = known.get(content);
    if (type !== undefined) return type;
    throw this.#error(
      position,
      `${excerpt(content)} is no metric type; known are ${[...known.keys()].join(', ')}`,
    );
  }

  #endOfToken(start: number): number {
    let end = start;
    for (; end < this.#text.length; end++) {
      const code = this.#text.charCodeAt(end);
      if (code === SPACE || code === NEWLINE) break;
    }
    return end;
  }

  #numberAt(start: number, end: number, what: string): number {
    const value = parseFloatAt(this.#text, start, end);
    if (value !== undefined) return value;
    const found = start === end ? at(this.#text, start) : excerpt(this.#text.slice(start, end));
    throw this.#error(start, `expected ${what}, got ${found}`);
  }

  #timestampAt(start: number, end: number): number {
    const seconds = this.#numberAt(start, end, 'a timestamp in seconds');
    if (Number.isFinite(seconds)) return seconds;
    throw this.#error(start, `the timestamp ${this.#text.slice(start, end)} is not finite`);
  }

  #check(problem: string | undefined): void {
    if (problem !== undefined) throw this.#error(this.#start, problem);
  }

  #labelError(error: unknown, position: number): unknown {
    if (!(error instanceof LabelSyntaxError)) return error;
    return this.#error(Math.max(position, error.position), error.message);
  }

  #error(position: number, reason: string): ExpositionError {
    return new ExpositionError(this.#lineAt(position), reason);
  }

  /** Lines are counted only when one is asked for, from where the last count ended. */
  #lineAt(position: number): number {
    if (position < this.#countedTo) {
      this.#countedTo = 0;
      this.#countedLine = 1;
    }
    for (;;) {
      const newline = this.#text.indexOf('\n', this.#countedTo);
      if (newline < 0 || newline >= position) return this.#countedLine;
      this.#countedTo = newline + 1;
      this.#countedLine++;
    }
  }
}
