/** Longest part of a source line that a frame shows, so that a line of a megabyte stays readable. */
const MAX_FRAME_COLUMNS = 120;

/** What `frameAt` marks when no length is given: the word, number or quoted text that starts at the place. */
const TOKEN = /^(?:"[^"]*"|'[^']*'|[^\s,:[\]{}#]+)/;

/**
 * The source line with carets under the place, ready to print; `line` and `column` are 1-based. A long line is cut to
 * the part around the place.
 */
export function frameAt(text: string, line: number, column: number, length?: number): string {
  const source = text.split(/\r\n|\r|\n/)[line - 1] ?? "";
  const start = column - 1 < MAX_FRAME_COLUMNS ? 0 : column - 1 - MAX_FRAME_COLUMNS / 2;
  const shown = source.slice(start, start + MAX_FRAME_COLUMNS).replaceAll("\t", " ");
  const marked = length ?? TOKEN.exec(source.slice(column - 1))?.[0].length ?? 1;
  const room = Math.max(1, shown.length - (column - 1 - start));
  const gutter = String(line).padStart(4);
  const carets = " ".repeat(column - 1 - start) + "^".repeat(Math.max(1, Math.min(marked, room)));
  return `${gutter} | ${shown.trimEnd()}\n${" ".repeat(gutter.length)} | ${carets}`;
}
