import { type Span } from '../parser/ast.ts';
import { lineAndColumn } from '../parser/parse-error.ts';

/** As many of a kind as one answer carries. */
const LIMIT = 100;

/** Collects what a query's author should know though the query did not fail. */
export class Annotations {
  readonly #input: string;
  readonly #warnings = new Set<string>();
  readonly #infos = new Set<string>();

  constructor(input: string) {
    this.#input = input;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  get infos(): readonly string[] {
    return [...this.#infos];
  }

  warn(message: string, span: Span): void {
    if (this.#warnings.size < LIMIT) {
      this.#warnings.add(`PromQL warning: ${message} (${lineAndColumn(this.#input, span.start)})`);
    }
  }

  info(message: string, span: Span): void {
    if (this.#infos.size < LIMIT) {
      this.#infos.add(`PromQL info: ${message} (${lineAndColumn(this.#input, span.start)})`);
    }
  }
}
