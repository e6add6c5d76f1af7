type Paint = (text: string) => string;

/** A cell's text, and how to paint it once it has been padded. */
export type Cell = string | readonly [text: string, paint: Paint];

const textOf = (cell: Cell) => (typeof cell === "string" ? cell : cell[0]);
const GAP = "  ";
/** Less than this is no column to write sentences in. */
const NARROWEST_TEXT = 30;

interface Layout {
  readonly indent?: string;
  /** Columns of the terminal; the last column of the table is wrapped to fit. Absent: nothing is wrapped. */
  readonly width?: number;
}

/** Lines of aligned columns. `align` has a letter for each column: l or r. A line never ends in spaces. */
export function renderTable(
  rows: readonly (readonly Cell[])[],
  align: string,
  { indent = "  ", width = Infinity }: Layout = {},
): string[] {
  const widths = Array.from(align, (_, column) =>
    Math.max(0, ...rows.map((row) => textOf(row[column] ?? "").length)),
  );
  const beforeLast = widths.slice(0, -1).reduce((sum, column) => sum + column + GAP.length, indent.length);
  const room = Math.max(NARROWEST_TEXT, width - beforeLast);
  return rows.flatMap((row) => {
    const last = row[align.length - 1] ?? "";
    const [first = "", ...more] = wrapText(textOf(last), room);
    const isLeft = align.at(-1) !== "r";
    const cells = row
      .slice(0, align.length - 1)
      .map((cell, column) => paint(cell, pad(textOf(cell), align[column], widths[column])));
    cells.push(paint(last, isLeft ? first : pad(first, "r", widths.at(-1))));
    const continued = more.map((line) => " ".repeat(beforeLast) + paint(last, line));
    return [(indent + cells.join(GAP)).trimEnd(), ...continued];
  });
}

const pad = (text: string, align: string | undefined, width = 0) =>
  align === "r" ? text.padStart(width) : text.padEnd(width);

/** Blanks are not painted, so that they can be trimmed. */
const paint = (cell: Cell, text: string) =>
  typeof cell === "string" || text.trim() === "" ? text : cell[1](text);

/** Breaks a text at spaces into lines of at most `width` characters; a longer word stays whole. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
