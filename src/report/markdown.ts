import type { DiagnosedGroup, Diagnosis } from "./diagnosis-types.ts";
import type { CompareReport, ReportVariant } from "./report-types.ts";
import { comparisonOf, markOf, metricNames, metricText, percentText, scoreColumns } from "./table.ts";

const escaped = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function table(head: readonly string[], rows: readonly (readonly string[])[], align = "l"): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |`;
  const rule = head.map((_, i) => ((align[i] ?? align.at(-1)) === "r" ? "---:" : "---"));
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** The report as a page of Markdown: what the terminal shows, and the rest of the numbers. */
export function renderMarkdown(report: CompareReport): string {
  const { verdict, warnings, diagnosis, greedy } = report;
  const parts = [
    `# ${report.title}`,
    `**${verdict.headline}**`,
    verdict.sentences.map((sentence) => `- ${sentence}`).join("\n"),
    "## Variants",
    variantTable(report),
    legend(report),
    ...(greedy === undefined ? [] : ["## Greedy soup", greedyTable(greedy)]),
    ...(report.comparisons.length === 0
      ? []
      : [`## Against ${report.baseline ?? ""}`, comparisonTable(report)]),
    ...(diagnosis === undefined ? [] : diagnosisParts(diagnosis)),
    ...(warnings.length === 0 ? [] : ["## Warnings", warnings.map((each) => `- ${each}`).join("\n")]),
    "## How it was made",
    origin(report),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function variantTable(report: CompareReport): string {
  const columns = scoreColumns(report);
  const metrics = metricNames(report);
  const distances = report.variants.some((variant) => variant.distances !== undefined);
  const rows = report.variants.map((variant) => [
    variant.name + (variant.kind === "elsewhere" ? " †" : ""),
    variant.description,
    ...columns.map((column) => {
      const value = column.valueOf(variant);
      if (value === undefined) return "";
      const { interval } = value;
      const range =
        interval === undefined ? "" : ` (${percentText(interval.low)}–${percentText(interval.high)})`;
      return `${percentText(value.accuracy)}${range} ${markOf(comparisonOf(report, variant, column))}`.trim();
    }),
    ...metrics.map((name) => metricText(variant.metrics?.[name])),
    ...(distances ? distanceCells(variant) : []),
  ]);
  const head = ["variant", "what it is", ...columns.map(({ title }) => title), ...metrics];
  return table([...head, ...(distances ? ["from base", "from soup"] : [])], rows, "llr");
}

const distanceCells = ({ distances }: ReportVariant) =>
  distances === undefined ? ["", ""] : [distances.toBase.toPrecision(3), distances.toSoup.toPrecision(3)];

function legend({ variants, comparisons, baseline = "" }: CompareReport): string {
  const sentences = [
    ...(comparisons.length === 0
      ? []
      : [
          "Right answers in percent, with 95 % intervals (Wilson's; for means over splits the normal one).",
          `▲ and ▼: measurably better and worse than ${baseline} (McNemar's exact test on the same examples, 5 % after Holm's correction).`,
        ]),
    ...(variants.some(({ kind }) => kind === "elsewhere") ? ["†: measured elsewhere, not here."] : []),
    ...variants.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`])),
  ];
  return sentences.join(" ");
}

function greedyTable(greedy: NonNullable<CompareReport["greedy"]>): string {
  const rows = greedy.steps.map(({ model, alone, soup, best, added }) => [
    model,
    String(alone),
    String(soup),
    best === 0 ? "" : String(best),
    added ? "kept" : "left out",
  ]);
  const head = ["tried", "alone", "soup with it", "to beat", "decision"];
  return `Right answers of ${greedy.examples} on ${greedy.split}.\n\n${table(head, rows, "lrrrl")}`;
}

function comparisonTable({ comparisons }: CompareReport): string {
  const rows = comparisons.map((each) => [
    each.variant,
    each.scope,
    (each.difference * 100).toFixed(1),
    String(each.gained),
    String(each.lost),
    each.p.toPrecision(2),
    each.adjustedP.toPrecision(2),
    each.verdict,
  ]);
  const head = [
    "variant",
    "on",
    "points",
    "only it right",
    "only baseline right",
    "p",
    "p corrected",
    "verdict",
  ];
  return table(head, rows, "llrrrrrl");
}

function diagnosisParts(diagnosis: Diagnosis): string[] {
  const { models, kinds, layers, all, findings } = diagnosis;
  const groups: [string, DiagnosedGroup][] = [
    ["all", all],
    ...kinds.map((each): [string, DiagnosedGroup] => [each.kind, each]),
    ...layers.map((each): [string, DiagnosedGroup] => [`layer ${each.layer}`, each]),
  ];
  const spread = (group: DiagnosedGroup, key: "angle" | "t", digits: number) => {
    const value = group[key];
    if (value === undefined) return "";
    const [low, middle, high] = [value.minimum, value.median, value.maximum].map((each) =>
      each.toFixed(digits),
    );
    return `${middle ?? ""} (${low ?? ""}–${high ?? ""})`;
  };
  const rows = groups.map(([name, group]) => [
    name,
    String(group.tensors),
    spread(group, "angle", 1),
    spread(group, "t", 2),
    String(group.clamped),
    String(group.unmoved),
  ]);
  const own = models.map(({ name, norm, normRatio, zeroShare, unmoved }) => [
    name,
    norm.toPrecision(4),
    normRatio.toFixed(2),
    `${(zeroShare * 100).toFixed(1)} %`,
    String(unmoved),
  ]);
  return [
    "## What the weights tell",
    findings.map(({ title, meaning, advice }) => `- **${title}.** ${meaning} ${advice}`).join("\n"),
    table(
      ["model", "length of task vector", "over the median", "equal to the base", "tensors unmoved"],
      own,
      "lr",
    ),
    table(
      ["tensors", "number", "angle, degrees: median (range)", "t: median (range)", "t clamped", "unmoved"],
      rows,
      "lr",
    ),
  ];
}

function origin({ recipe, models, versions, evaluation, created }: CompareReport): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    `- ${[created, ...programs].join(", ")}`,
    ...(evaluation === undefined
      ? []
      : [`- evaluated with ${evaluation.backend} on ${evaluation.data ?? "data"}`]),
    ...models.map(({ name, reference, files }) => {
      const hashes = files.flatMap(({ sha256 }) => (sha256 === undefined ? [] : [sha256.slice(0, 12)]));
      return `- ${name}: ${reference}${hashes.length === 0 ? "" : `, SHA-256 ${hashes.join(", ")}…`}`;
    }),
    `- recipe ${recipe.file}, SHA-256 ${recipe.sha256.slice(0, 12)}…:`,
  ];
  return `${lines.join("\n")}\n\n\`\`\`yaml\n${recipe.text.trimEnd()}\n\`\`\``;
}
