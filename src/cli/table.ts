type Paint = (text: string) => string;

/** A cell's text, and how to paint it once it has been padded. */
export type Cell = string | readonly [text: string, paint: Paint];

const textOf = (cell: Cell) => (typeof cell === "string" ? cell : cell[0]);

/**
 * Lines of aligned columns, two spaces apart. `align` has a letter for each column: l or r. A line never ends in
 * spaces.
 */
export function renderTable(rows: readonly (readonly Cell[])[], align: string, indent = "  "): string[] {
  const widths = Array.from(align, (_, column) =>
    Math.max(0, ...rows.map((row) => textOf(row[column] ?? "").length)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const text = textOf(cell);
      const width = widths[column] ?? 0;
      const isLast = column === row.length - 1;
      const padded = align[column] === "r" ? text.padStart(width) : isLast ? text : text.padEnd(width);
      return typeof cell === "string" ? padded : cell[1](padded);
    });
    return (indent + cells.join("  ")).trimEnd();
  });
}
