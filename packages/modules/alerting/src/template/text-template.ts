import { type VectorSample } from '@dwcp/core';

import { stringArg } from './arguments.ts';
import { builtinFunctions, fn } from './builtin-functions.ts';
import { executeTemplate, type TemplateFunction } from './executor.ts';
import { GoList, QUERY_RESULT, sampleValue, toGoValue } from './go-values.ts';
import { type Tree } from './nodes.ts';
import { parseTemplate } from './parser.ts';
import { prometheusFunctions, unsupportedFunctions } from './prometheus-functions.ts';
import { TemplateError } from './template-error.ts';

export interface TextTemplateContext {
  /** What `.` is: a string, number, bigint (an int), boolean, array or record of such. */
  readonly data?: unknown;
  /** Values of the variables the template was made with, by name with the `$`. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** For the functions `externalURL` and `pathPrefix`. */
  readonly externalUrl: string;
  /** The moment of the evaluation, for `now`. */
  readonly unixMs: number;
  /** Answers the function `query`. @throws QueryError */
  readonly query: (expression: string) => Promise<readonly VectorSample[]>;
  /** Whether reading an absent key is an error (Go's `missingkey=error`). Default false. */
  readonly failOnMissingKey?: boolean;
}

const known = new Set([
  ...builtinFunctions.keys(),
  ...prometheusFunctions.keys(),
  'query',
  'now',
  'externalURL',
  'pathPrefix',
]);

/** Different queries one template may ask. */
const MAX_QUERIES = 32;

/**
 * A Go text/template with Prometheus' functions.
 * Limits: 64 Ki characters of output, 100,000 steps, 32 queries.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
 */
export class TextTemplate {
  readonly #tree: Tree;
  /** The text itself when there is nothing to execute, as in most labels. */
  readonly #plain: string | undefined;

  /**
   * @param name shown in errors
   * @throws TemplateError when it does not parse, or names a function or variable that is not there
   */
  constructor(
    name: string,
    text: string,
    options: { readonly variables?: readonly string[] } = {},
  ) {
    this.#plain = text.includes('{{') ? undefined : text;
    this.#tree = parseTemplate(name, text, {
      functions: known,
      unsupported: unsupportedFunctions,
      ...options,
    });
  }

  /**
   * Executing is synchronous inside. A template that asks a query is stopped there and run again
   * with the answer: it has no effect but its text, so a second run costs only time.
   * @throws TemplateError where it cannot be executed; a failed query is its `cause`
   */
  async execute(context: TextTemplateContext): Promise<string> {
    if (this.#plain !== undefined) return this.#plain;
    const variables = Object.entries(context.variables ?? {});
    const input = {
      data: toGoValue(context.data),
      variables: Object.fromEntries(variables.map(([name, value]) => [name, toGoValue(value)])),
      failOnMissingKey: context.failOnMissingKey ?? false,
    };
    const answers = new Map<string, GoList>();
    for (;;) {
      try {
        return executeTemplate(this.#tree, { ...input, functions: functionsFor(context, answers) });
      } catch (error) {
        if (!(error instanceof QueryWanted)) throw error;
        if (answers.size === MAX_QUERIES) {
          throw new TemplateError(`template: ${this.#tree.name}: more than ${MAX_QUERIES} queries`);
        }
        answers.set(error.expression, await this.#answer(context, error.expression));
      }
    }
  }

  async #answer(context: TextTemplateContext, expression: string): Promise<GoList> {
    try {
      const samples = await context.query(expression);
      return new GoList(
        QUERY_RESULT,
        samples.map((sample) => sampleValue(sample.labels.toObject(), sample.value)),
      );
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new TemplateError(
        `template: ${this.#tree.name}: error calling query ${JSON.stringify(expression)}: ${message}`,
        { cause },
      );
    }
  }
}

function functionsFor(
  context: TextTemplateContext,
  answers: ReadonlyMap<string, GoList>,
): ReadonlyMap<string, TemplateFunction> {
  return new Map([
    ...builtinFunctions,
    ...prometheusFunctions,
    ['now', fn(0, 0, () => context.unixMs / 1_000)],
    ['externalURL', fn(0, 0, () => context.externalUrl)],
    ['pathPrefix', fn(0, 0, () => URL.parse(context.externalUrl)?.pathname ?? '')],
    [
      'query',
      fn(1, 1, (args) => {
        const expression = stringArg(args, 0);
        const found = answers.get(expression);
        if (found === undefined) throw new QueryWanted(expression);
        return found;
      }),
    ],
  ]);
}

/** Stops a template at a query whose answer is not there yet. */
class QueryWanted extends Error {
  readonly expression: string;

  constructor(expression: string) {
    super('a query is wanted');
    this.expression = expression;
  }
}
