import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

/**
 * Where a place of a rule file that was made from `group` is in the body: a JSON pointer such as
 * `/group/rules/0/expr`.
 */
export function bodyPointer(
  yaml: string,
  place: { readonly line: number; readonly column: number },
): string {
  const lineCounter = new LineCounter();
  const document = parseDocument(yaml, { lineCounter });
  const offset = (lineCounter.lineStarts[place.line - 1] ?? 0) + place.column - 1;
  const path: string[] = [];
  let node: unknown = document.contents;
  for (;;) {
    const inner = innerOf(node, offset);
    if (inner === undefined) break;
    path.push(inner.key);
    node = inner.node;
  }
  // The group is the only one of `groups`.
  return ['', 'group', ...path.slice(2)].map(escaped).join('/');
}

/** The entry that has a place in its key or value. */
function innerOf(
  node: unknown,
  offset: number,
): { readonly key: string; readonly node: unknown } | undefined {
  if (isSeq(node)) {
    const index = node.items.findIndex((item) => endOf(item) >= offset);
    return index < 0 ? undefined : { key: String(index), node: node.items[index] };
  }
  if (!isMap(node)) return undefined;
  // A place at the begin of the mapping means the mapping, not its first key.
  if (node.range?.[0] === offset) return undefined;
  const pair = node.items.find(({ key, value }) => endOf(value ?? key) >= offset);
  if (pair === undefined) return undefined;
  return { key: isScalar(pair.key) ? String(pair.key.value) : '', node: pair.value };
}

function endOf(node: unknown): number {
  return (node as Node | null)?.range?.[1] ?? -1;
}

/** @see https://www.rfc-editor.org/rfc/rfc6901 */
function escaped(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
