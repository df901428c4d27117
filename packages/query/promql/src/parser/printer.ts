import { formatDuration, isLegacyLabelName, isLegacyMetricName, METRIC_NAME } from '@dwcp/core';

import {
  type AggregateExpression,
  type AtModifier,
  type BinaryExpression,
  type DurationExpression,
  type Expression,
  type SubqueryExpression,
  type VectorSelector,
} from './ast.ts';
import { formatFloat, quote } from './go-text.ts';

/**
 * Writes an expression as Prometheus prints it. Parsing the text gives the same expression back,
 * positions aside.
 */
export function printExpression(node: Expression): string {
  switch (node.kind) {
    case 'number':
      return node.isDuration ? printSeconds(node.value) : formatFloat(node.value);
    case 'string':
      return quote(node.value);
    case 'paren':
      return `(${printExpression(node.of)})`;
    case 'unary':
      return node.operator + printExpression(node.of);
    case 'binary':
      return `${printExpression(node.left)} ${printOperator(node)} ${printExpression(node.right)}`;
    case 'call':
      return `${node.name}(${node.args.map(printExpression).join(', ')})`;
    case 'aggregate': {
      const { of, parameter } = node;
      const args = [...(parameter === undefined ? [] : [parameter]), of];
      return `${printAggregator(node)}(${args.map(printExpression).join(', ')})`;
    }
    case 'vector-selector':
      return printSelector(node) + printExtension(node) + printModifiers(node);
    case 'matrix-selector': {
      const { range, selector } = node;
      const text = `${printSelector(selector)}[${printDuration(range)}]`;
      return text + printExtension(selector) + printModifiers(selector);
    }
    case 'subquery':
      return printExpression(node.of) + printSubqueryRange(node);
  }
}

/** What stands before the arguments of an aggregation. */
export function printAggregator({ grouping, operator, without }: AggregateExpression): string {
  if (!without && grouping.length === 0) return operator;
  return `${operator} ${without ? 'without' : 'by'} ${printNames(grouping)} `;
}

/** What stands behind the expression of a subquery. */
export function printSubqueryRange(node: SubqueryExpression): string {
  const step = node.step === undefined ? '' : printDuration(node.step);
  return `[${printDuration(node.range)}:${step}]${printModifiers(node)}`;
}

/** The operator of a binary expression with all that modifies it. */
export function printOperator({ matching, operator, returnBool }: BinaryExpression): string {
  const parts = [returnBool ? `${operator} bool` : operator];
  const isGrouped =
    matching.cardinality === 'many-to-one' || matching.cardinality === 'one-to-many';
  if (matching.on || matching.labels.length > 0 || isGrouped) {
    parts.push(`${matching.on ? 'on' : 'ignoring'} ${printNames(matching.labels)}`);
  }
  if (isGrouped) {
    const side = matching.cardinality === 'many-to-one' ? 'group_left' : 'group_right';
    parts.push(`${side} ${printNames(matching.include)}`);
  }
  const { fillLeft, fillRight } = matching;
  if (fillLeft !== undefined) parts.push(`fill_left (${formatFloat(fillLeft)})`);
  if (fillRight !== undefined) parts.push(`fill_right (${formatFloat(fillRight)})`);
  return parts.join(' ');
}

function printNames(names: readonly string[]): string {
  return `(${names.map(printName).join(', ')})`;
}

function printName(name: string): string {
  return isLegacyLabelName(name) ? name : quote(name);
}

function printSelector({ matchers, name }: VectorSelector): string {
  // The name before the braces is the last matcher too.
  const listed = name === '' ? matchers : matchers.slice(0, -1);
  const parts = listed.map(
    (matcher) => `${printName(matcher.name)}${matcher.operator}${quote(matcher.value)}`,
  );
  if (name === '' || isLegacyMetricName(name)) {
    return parts.length === 0 && name !== '' ? name : `${name}{${parts.join(', ')}}`;
  }
  return `{${[`${METRIC_NAME}=${quote(name)}`, ...parts].join(', ')}}`;
}

function printExtension({ extension }: VectorSelector): string {
  return extension === undefined ? '' : ` ${extension}`;
}

function printModifiers(node: {
  readonly at?: AtModifier;
  readonly offset?: DurationExpression;
}): string {
  let text = '';
  if (node.at?.kind === 'time') text += ` @ ${(node.at.unixMs / 1000).toFixed(3)}`;
  else if (node.at !== undefined) text += ` @ ${node.at.kind}()`;
  if (node.offset !== undefined) text += ` offset ${printDuration(node.offset)}`;
  return text;
}

function printDuration(node: DurationExpression): string {
  switch (node.kind) {
    case 'number':
      return printSeconds(node.seconds);
    case 'paren':
      return `(${printDuration(node.of)})`;
    case 'unary':
      return node.operator + printDuration(node.of);
    case 'binary':
      return `${printDuration(node.left)} ${node.operator} ${printDuration(node.right)}`;
    case 'call':
      return `${node.name}(${node.args.map(printDuration).join(', ')})`;
  }
}

/** As a duration where it is whole milliseconds, else as a number. */
function printSeconds(seconds: number): string {
  const ms = seconds * 1000;
  const isWhole = Number.isSafeInteger(ms) && ms / 1000 === seconds;
  return isWhole ? formatDuration(ms) : formatFloat(seconds);
}
