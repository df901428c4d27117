/** The two sides of a comparison as PromQL writes it. */
export interface ComparisonSides {
  /** What is drawn: the side that is not a number. */
  readonly expression: string;
  /** Undefined where the other side is no number. */
  readonly threshold: number | undefined;
}

/**
 * Takes a comparison apart at its operator: the last one outside of brackets and quotes, for
 * comparisons associate to the left. Undefined when it is not found there.
 */
export function comparisonSides(text: string, operator: string): ComparisonSides | undefined {
  const at = lastOutside(text, ` ${operator} `);
  if (at === undefined) return undefined;
  const left = text.slice(0, at).trim();
  const right = text.slice(at + operator.length + 2).trim();
  if (isNumber(right)) return { expression: left, threshold: Number(right) };
  if (isNumber(left)) return { expression: right, threshold: Number(left) };
  return { expression: left, threshold: undefined };
}

function isNumber(text: string): boolean {
  return text !== '' && Number.isFinite(Number(text));
}

function lastOutside(text: string, wanted: string): number | undefined {
  let depth = 0;
  let quote: string | undefined;
  let found: number | undefined;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (quote !== undefined) {
      if (char === '\\' && quote !== '`') index++;
      else if (char === quote) quote = undefined;
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if (char === '(' || char === '{' || char === '[') depth++;
    else if (char === ')' || char === '}' || char === ']') depth--;
    else if (depth === 0 && text.startsWith(wanted, index)) found = index;
  }
  return found;
}
