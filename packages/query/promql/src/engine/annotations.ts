import { type Span } from '../parser/ast.ts';
import { formatRoundedFloat, formatShortFloat } from '../parser/go-text.ts';
import { lineAndColumn } from '../parser/parse-error.ts';

/** As many of a kind as one answer carries. */
const LIMIT = 100;

/** Where and by how much bucket counts had to be raised so that they do not fall. */
export interface Raised {
  /** Upper bounds of the lowest and the highest bucket that was raised. */
  readonly lowest: number;
  readonly highest: number;
  readonly most: number;
}

/** What was raised over many histograms and steps. */
interface RaisedRange extends Raised {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

interface Note {
  readonly span: Span;
  readonly raised?: RaisedRange;
}

/**
 * Collects what a query's author should know though the query did not fail. Of equal messages the
 * last one counts, whose position is told.
 */
export class Annotations {
  readonly #input: string;
  readonly #warnings = new Map<string, Note>();
  readonly #infos = new Map<string, Note>();

  constructor(input: string) {
    this.#input = input;
  }

  get warnings(): readonly string[] {
    return this.#texts('warning', this.#warnings);
  }

  get infos(): readonly string[] {
    return this.#texts('info', this.#infos);
  }

  warn(message: string, span: Span): void {
    put(this.#warnings, message, { span });
  }

  info(message: string, span: Span): void {
    put(this.#infos, message, { span });
  }

  /** An information about buckets that were raised at a time; those of one message are summed up. */
  raised(message: string, span: Span, { lowest, highest, most }: Raised, unixMs: number): void {
    const known = this.#infos.get(message);
    const before = known?.raised;
    put(this.#infos, message, {
      span: known?.span ?? span,
      raised: {
        lowest: Math.min(lowest, before?.lowest ?? lowest),
        highest: Math.max(highest, before?.highest ?? highest),
        most: Math.max(most, before?.most ?? most),
        fromMs: Math.min(unixMs, before?.fromMs ?? unixMs),
        toMs: Math.max(unixMs, before?.toMs ?? unixMs),
        count: (before?.count ?? 0) + 1,
      },
    });
  }

  #texts(kind: 'warning' | 'info', notes: ReadonlyMap<string, Note>): string[] {
    return Array.from(notes, ([message, { raised, span }]) => {
      const position = lineAndColumn(this.#input, span.start);
      const details = raised === undefined ? '' : detailsOf(raised);
      return `PromQL ${kind}: ${message}${details} (${position})`;
    });
  }
}

function put(notes: Map<string, Note>, message: string, note: Note): void {
  if (notes.size < LIMIT || notes.has(message)) notes.set(message, note);
}

function detailsOf({ lowest, highest, most, fromMs, toMs, count }: RaisedRange): string {
  const time = (unixMs: number): string =>
    new Date(Math.trunc(unixMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
  return (
    `, from buckets ${formatShortFloat(lowest)} to ${formatShortFloat(highest)}, ` +
    `with a max diff of ${formatRoundedFloat(most)}, ` +
    `over ${count} samples from ${time(fromMs)} to ${time(toMs)}`
  );
}
