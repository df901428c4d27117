import { type Expression } from './ast.ts';
import { printAggregator, printExpression, printOperator, printSubqueryRange } from './printer.ts';

/** What is longer is written over several lines. */
const MAX_LENGTH = 100;

/**
 * Writes an expression as `format_query` of Prometheus does: on one line where it is short, else with
 * a line for each part, indented by two spaces.
 */
export function prettyExpression(node: Expression): string {
  return pretty(node, 0);
}

function pretty(node: Expression, level: number): string {
  const indent = '  '.repeat(level);
  const line = printExpression(node);
  const isShort = line.length <= MAX_LENGTH;
  switch (node.kind) {
    case 'aggregate': {
      if (isShort) break;
      const args = node.parameter === undefined ? [node.of] : [node.parameter, node.of];
      return `${indent}${printAggregator(node)}(\n${prettyList(args, level + 1)}\n${indent})`;
    }
    case 'binary': {
      if (isShort) break;
      const sides = [pretty(node.left, level + 1), pretty(node.right, level + 1)];
      return sides.join(`\n${indent}${printOperator(node)}\n`);
    }
    case 'call':
      if (isShort) break;
      return `${indent}${node.name}(\n${prettyList(node.args, level + 1)}\n${indent})`;
    case 'paren':
      if (isShort) break;
      return `${indent}(\n${pretty(node.of, level + 1)}\n${indent})`;
    case 'subquery':
      // Prometheus leaves a short one where the line begins.
      if (isShort) return line;
      return pretty(node.of, level) + printSubqueryRange(node);
    case 'unary':
      return indent + node.operator + pretty(node.of, level).trim();
    case 'number':
    case 'string':
    case 'vector-selector':
    case 'matrix-selector':
  }
  return indent + line;
}

function prettyList(nodes: readonly Expression[], level: number): string {
  return nodes.map((node) => pretty(node, level)).join(',\n');
}
