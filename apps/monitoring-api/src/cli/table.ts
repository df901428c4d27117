/** Rows in columns as wide as their widest cell; columns of numbers are flush right. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  options: { readonly right?: ReadonlySet<number> } = {},
): string {
  const widths = header.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        options.right?.has(column) === true
          ? cell.padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [header, ...rows].map((row) => `${line(row)}\n`).join('');
}
