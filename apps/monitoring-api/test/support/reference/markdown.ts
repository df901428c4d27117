/** A Markdown table in the shape the formatter leaves alone: columns as wide as their widest cell. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
): string {
  const lines = [head, ...rows].map((row) =>
    head.map((_, column) =>
      (row[column] ?? '').replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|'),
    ),
  );
  const widths = head.map((_, column) =>
    Math.max(3, ...lines.map((line) => (line[column] ?? '').length)),
  );
  const write = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [first = [], ...rest] = lines;
  return [write(first), write(widths.map((width) => '-'.repeat(width))), ...rest.map(write)].join(
    '\n',
  );
}

/** Text that is not Markdown, such as a help line; what stands between backticks stays. */
export function plain(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll(/[*<>]/g, String.raw`\$&`)))
    .join('');
}

/** A sentence: descriptions that double as hints of error messages begin small. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  return `${trimmed[0]?.toUpperCase() ?? ''}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? '' : '.'}`;
}

export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

export function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

/** Blocks with an empty line between them; empty ones are left out. */
export function page(blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

const WIDTH = 100;

/** JSON on one line where it fits and broken where it does not, as the formatter writes it. */
export function prettyJson(value: unknown, indent = '', used = 0): string {
  const line = oneLine(value);
  if (typeof value !== 'object' || value === null) return line;
  if (!mustBreak(value) && indent.length + used + line.length <= WIDTH) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    const items = value.map((item, at) => prettyJson(item, inner, at < value.length - 1 ? 1 : 0));
    return `[\n${items.map((item) => inner + item).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  const items = entries.map(([key, item], at) => {
    const name = `${JSON.stringify(key)}: `;
    return `${inner}${name}${prettyJson(item, inner, name.length + (at < entries.length - 1 ? 1 : 0))}`;
  });
  return `{\n${items.join(',\n')}\n${indent}}`;
}

/** Lists of several objects or lists, with several entries each, stand one below the other. */
function mustBreak(value: object): boolean {
  const children: readonly unknown[] = Object.values(value);
  const isBig = (item: unknown, array: boolean): boolean =>
    typeof item === 'object' &&
    item !== null &&
    Array.isArray(item) === array &&
    Object.keys(item).length > 1;
  if (
    Array.isArray(value) &&
    value.length > 1 &&
    (value.every((item) => isBig(item, true)) || value.every((item) => isBig(item, false)))
  ) {
    return true;
  }
  return children.some((child) => typeof child === 'object' && child !== null && mustBreak(child));
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`,
  );
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
