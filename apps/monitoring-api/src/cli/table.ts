import { columnsOf, wrap } from './text.ts';

const GAP = '  ';
/** A column is not made narrower than this, whatever the terminal. */
const MIN_WIDTH = 16;

/**
 * Rows in columns as wide as their widest cell; columns of numbers are flush right.
 *
 * @param options.width of the terminal: where the rows are wider, the cells of the first column
 * are broken into lines. Undefined: as wide as it takes.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  options: { readonly right?: ReadonlySet<number>; readonly width?: number | undefined } = {},
): string {
  const widths = header.map((cell, column) =>
    rows.reduce((most, row) => Math.max(most, columnsOf(row[column] ?? '')), columnsOf(cell)),
  );
  const others = widths.slice(1).reduce((sum, width) => sum + width + GAP.length, 0);
  const first = Math.min(widths[0] ?? 0, Math.max(MIN_WIDTH, (options.width ?? Infinity) - others));
  widths[0] = first;
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const fill = ' '.repeat(Math.max(0, (widths[column] ?? 0) - columnsOf(cell)));
        return options.right?.has(column) === true ? fill + cell : cell + fill;
      })
      .join(GAP)
      .trimEnd();
  const linesOf = ([cell = '', ...rest]: readonly string[]): string => {
    const [head = '', ...more] = columnsOf(cell) <= first ? [cell] : wrapFirst(cell, first);
    return [line([head, ...rest]), ...more].map((text) => `${text}\n`).join('');
  };
  return [header, ...rows].map(linesOf).join('');
}

/** What a cell goes on with is set in by two, so that it is told from the next row. */
function wrapFirst(cell: string, width: number): readonly string[] {
  const indent = (/^ */.exec(cell)?.[0] ?? '') + GAP;
  const [head = ''] = wrap(cell, width);
  const rest = cell.slice(head.length).trimStart();
  const room = Math.max(1, width - indent.length);
  return [head, ...wrap(rest, room).map((line) => indent + line)];
}

/** Words in as many columns as fit, read downwards; one a line where the width is not known. */
export function columns(words: readonly string[], width: number | undefined): string {
  const widest = words.reduce((most, word) => Math.max(most, columnsOf(word)), 0) + GAP.length;
  const perLine = width === undefined ? 1 : Math.max(1, Math.floor((width + GAP.length) / widest));
  const height = Math.ceil(words.length / perLine);
  return Array.from({ length: height }, (_, row) => {
    const cells = words.filter((_word, at) => at % height === row);
    const line = cells.map((word) => word + ' '.repeat(widest - columnsOf(word))).join('');
    return `${line.trimEnd()}\n`;
  }).join('');
}
