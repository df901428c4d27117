import { type Expression } from './ast.ts';
import { parseExpression as parse } from './parser.ts';

/** Rules and panels ask for the same expressions again and again. */
const KEPT = 2_048;
const LONGEST = 2_048;

const parsed = new Map<string, Expression>();

/**
 * Parses a PromQL expression and checks its types. The last trees are kept and given again: nobody
 * may change them.
 * @throws ParseError (a QueryError `bad_data`) with position and Prometheus' message
 * @see https://prometheus.io/docs/prometheus/latest/querying/basics/
 */
export function parseExpression(input: string): Expression {
  const known = parsed.get(input);
  if (known !== undefined) {
    // A Map keeps the order of insertion: the first key is the one unused for longest.
    parsed.delete(input);
    parsed.set(input, known);
    return known;
  }
  const expression = parse(input);
  if (input.length > LONGEST) return expression;
  parsed.set(input, expression);
  if (parsed.size > KEPT) {
    const [oldest = ''] = parsed.keys();
    parsed.delete(oldest);
  }
  return expression;
}
