/** Text that is safe between tags and in quoted attributes of SVG and HTML. */
export function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element with its children, which are markup already. */
export function element(name: string, attributes: Attributes = {}, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => ` ${key}="${typeof value === "number" ? decimal(value) : escapeText(value ?? "")}"`,
    )
    .join("");
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join("")}</${name}>`;
}

/** A coordinate: two decimals are a hundredth of a pixel. */
function decimal(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export function label(text: string, x: number, y: number, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, escapeText(text));
}

/** About how wide a text is in the figures' font, in its units; wide enough for all but capitals. */
export function textWidth(text: string, fontSize = FONT_SIZE): number {
  return text.length * fontSize * 0.56;
}

export const FONT_SIZE = 12;

export interface Figure {
  /** Name of its file, without an ending. */
  readonly name: string;
  /** What it shows, for a heading and for readers who cannot see it. */
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
  /** Markup. */
  readonly content: readonly string[];
}

/**
 * Colours by light and dark scheme: text on the background has a contrast of at least 4.5, marks of at least 3 (WCAG 2.2
 * AA).
 */
export const COLOURS = {
  paper: ["#ffffff", "#161616"],
  ink: ["#1c1c1c", "#ececec"],
  quiet: ["#595959", "#b0b0b0"],
  rule: ["#d4d4d4", "#444444"],
  accent: ["#b3261e", "#ff8a80"],
  blue: ["#0b5cad", "#7ab8ff"],
  green: ["#1a7340", "#6fd096"],
  purple: ["#7b3fa0", "#cfa2ee"],
  orange: ["#9a5300", "#ffb55e"],
  teal: ["#006a78", "#5ccfdd"],
  pink: ["#a8326e", "#ff9ac8"],
} as const satisfies Readonly<Record<string, readonly [light: string, dark: string]>>;

const variables = (scheme: 0 | 1) =>
  Object.entries(COLOURS)
    .map(([name, values]) => `--${name}:${values[scheme]}`)
    .join(";");

/** Custom properties of both colour schemes, for the page and for each figure alone. */
export const COLOUR_RULES = `:root,svg{${variables(0)}}@media (prefers-color-scheme:dark){:root,svg{${variables(1)}}}@media print{:root,svg{${variables(0)}}}`;

const fills = Object.keys(COLOURS)
  .map((name) => `.f-${name}{fill:var(--${name})}.s-${name}{stroke:var(--${name})}`)
  .join("");

export const FIGURE_RULES =
  `svg text{font:${FONT_SIZE}px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--ink)}` +
  `svg text.f-quiet{fill:var(--quiet)}svg .bold{font-weight:600}svg .halo{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}` +
  `svg .line{fill:none;stroke-width:1.5}svg .grid{stroke:var(--rule);stroke-width:1}${fills}`;

/** A figure as an SVG document that needs nothing else. */
export function standalone(figure: Figure): string {
  return `${drawn(figure, element("style", {}, COLOUR_RULES + FIGURE_RULES))}\n`;
}

/** A figure within a page that has the rules. */
export function inline(figure: Figure): string {
  return drawn(figure, "");
}

function drawn({ name, title, description, width, height, content }: Figure, style: string): string {
  const [titleId, descriptionId] = [`${name}-title`, `${name}-description`];
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${decimal(width)} ${decimal(height)}`,
      width,
      height,
      role: "img",
      "aria-labelledby": `${titleId} ${descriptionId}`,
    },
    element("title", { id: titleId }, escapeText(title)),
    element("desc", { id: descriptionId }, escapeText(description)),
    style,
    ...content,
  );
}
