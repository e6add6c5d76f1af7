import { percent } from "./axes.ts";
import type { Diagnosis, ReportSpread } from "./diagnosis-types.ts";
import type { CompareReport, Interval, ReportAverage, ReportVariant } from "./report-types.ts";
import { element, escapeText } from "./svg.ts";

interface Cell {
  readonly text: string;
  readonly number?: boolean;
  readonly strong?: boolean;
}
export type TableCell = string | Cell;

/** Rows that a page lists of a long table; report.json has all. */
const MOST_ROWS = 300;

const number = (text: string): Cell => ({ text, number: true });
const amount = (value: number | undefined, digits: number) =>
  number(value === undefined ? "" : value.toFixed(digits));

/** A table that scrolls by itself where it is wider than the page, with a button that copies it as CSV. */
function table(caption: string, head: readonly TableCell[], rows: readonly (readonly TableCell[])[]): string {
  const cellsOf = (name: "th" | "td") => (cell: TableCell, column: number) => {
    const { text, number: isNumber, strong } = typeof cell === "string" ? ({ text: cell } as Cell) : cell;
    const classes = [isNumber === true ? "number" : "", strong === true ? "bold" : ""]
      .filter(Boolean)
      .join(" ");
    const tag = name === "td" && column === 0 ? "th" : name;
    const scope = name === "th" ? "col" : tag === "th" ? "row" : undefined;
    return element(tag, { class: classes || undefined, scope }, escapeText(text));
  };
  return element(
    "figure",
    { class: "table" },
    element(
      "figcaption",
      {},
      escapeText(caption),
      '<button type="button" class="copy" hidden>Copy as CSV</button>',
    ),
    element(
      "div",
      { class: "scroll", role: "region", tabindex: "0", "aria-label": caption },
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, ...head.map(cellsOf("th")))),
        element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cellsOf("td"))))),
      ),
    ),
  );
}

const intervalText = (interval: Interval | undefined) =>
  interval === undefined ? "" : ` (${(interval.low * 100).toFixed(1)}-${(interval.high * 100).toFixed(1)})`;
const averageText = (average: ReportAverage | undefined): Cell =>
  number(average === undefined ? "" : `${percent(average.accuracy, 1)}${intervalText(average.interval)}`);

/** Every variant: averages, splits, and what else a command evaluator printed. */
export function variantTable({ variants, splits, baseline }: CompareReport): string {
  const metrics = [...new Set(variants.flatMap((variant) => Object.keys(variant.metrics ?? {})))];
  const averaged = variants.some(({ inDistribution, underShift }) => inDistribution ?? underShift);
  const far = variants.some(({ distances }) => distances !== undefined);
  const row = (variant: ReportVariant): TableCell[] => {
    const strong = variant.method === "model_stock";
    const scoreOf = (split: string) => variant.scores.find((score) => score.split === split);
    return [
      { text: variant.name + (variant.name === baseline ? " (baseline)" : ""), strong },
      variant.description + (variant.source === undefined ? "" : ` - measured elsewhere: ${variant.source}`),
      ...(averaged ? [averageText(variant.inDistribution), averageText(variant.underShift)] : []),
      ...splits.map(({ name }) => {
        const score = scoreOf(name);
        const counts = score?.correct === undefined ? "" : ` (${score.correct})`;
        return number(score === undefined ? "" : `${percent(score.accuracy, 1)}${counts}`);
      }),
      ...metrics.map((name) => number(String(variant.metrics?.[name] ?? ""))),
      ...(far ? [amount(variant.distances?.toBase, 3), amount(variant.distances?.toSoup, 3)] : []),
    ];
  };
  const head: TableCell[] = [
    "Variant",
    "Made of",
    ...(averaged ? [number("In distribution"), number("Under shift")] : []),
    ...splits.map(({ name, examples }) => number(examples === undefined ? name : `${name} (of ${examples})`)),
    ...metrics.map(number),
    ...(far ? [number("Distance to base"), number("to soup")] : []),
  ];
  return table(
    "All variants; 95 % intervals in brackets after averages, counts after splits",
    head,
    variants.map(row),
  );
}

export function comparisonTable({ comparisons, baseline }: CompareReport): string {
  return table(
    `Against ${baseline ?? "the baseline"}, on the same examples (McNemar's exact test)`,
    [
      "Variant",
      "Where",
      number("Gained"),
      number("Lost"),
      number("Points"),
      number("p"),
      number("p adjusted"),
      "Verdict",
    ],
    comparisons.map(({ variant, scope, gained, lost, difference, p, adjustedP, verdict }) => [
      variant,
      scope,
      number(String(gained)),
      number(String(lost)),
      number(`${difference > 0 ? "+" : ""}${(difference * 100).toFixed(1)}`),
      number(chance(p)),
      number(chance(adjustedP)),
      verdict,
    ]),
  );
}

const chance = (p: number) => (p < 0.0001 ? "< 0.0001" : p.toFixed(4));
const range = (spread: ReportSpread | undefined, digits: number): Cell =>
  number(
    spread === undefined
      ? ""
      : `${spread.median.toFixed(digits)} (${spread.minimum.toFixed(digits)} to ${spread.maximum.toFixed(digits)})`,
  );

export function modelTable({ models }: Diagnosis): string {
  return table(
    "Task vectors of the models",
    ["Model", number("Norm"), number("To median"), number("Equal to the base"), number("Tensors unmoved")],
    models.map(({ name, norm, normRatio, zeroShare, unmoved }) => [
      name,
      amount(norm, 3),
      number(`${normRatio.toFixed(2)} x`),
      number(percent(zeroShare, 1)),
      number(String(unmoved)),
    ]),
  );
}

export function kindTable({ kinds, all }: Diagnosis): string {
  return table(
    "Angles and ratios by kind of tensor: median (smallest to largest)",
    [
      "Kind",
      number("Tensors"),
      number("Angle, degrees"),
      number("t"),
      number("Negative cosine"),
      number("t set to 0"),
    ],
    [...kinds, { kind: "all", ...all }].map(({ kind, tensors, angle, t, negative, clamped }) => [
      kind,
      number(String(tensors)),
      range(angle, 1),
      range(t, 2),
      number(String(negative)),
      number(String(clamped)),
    ]),
  );
}

export function tensorTable({ tensors }: Diagnosis): string {
  const shown = tensors.slice(0, MOST_ROWS);
  const rest = tensors.length - shown.length;
  return table(
    rest === 0 ? "Every tensor" : `The first ${shown.length} tensors; report.json has ${rest} more`,
    [
      "Tensor",
      number("Elements"),
      number("Angle, degrees"),
      number("t"),
      number("t (theta: gram)"),
      number("Soup to base"),
      "Note",
    ],
    shown.map(({ name, elements, angle, t, tGram, soupToBase, clamped, idle }) => [
      name,
      number(elements.toLocaleString("en")),
      amount(angle, 1),
      amount(t, 3),
      amount(tGram, 3),
      amount(soupToBase, 4),
      [clamped ? "t set to 0" : "", idle ?? ""].filter(Boolean).join("; "),
    ]),
  );
}

export function fileTable({ models }: CompareReport): string {
  return table(
    "Weight files",
    ["Model", "Reference", "File", number("Bytes"), "SHA-256"],
    models.flatMap(({ name, reference, files }) =>
      files.map((file) => [
        name,
        reference,
        file.name,
        number(file.byteLength.toLocaleString("en")),
        file.sha256 ?? "not computed",
      ]),
    ),
  );
}
