import type { MergeReport, Spread, TensorReport, WrittenFile } from "../index.ts";
import { formatBytes, formatCount, formatDuration, formatRate, plural } from "./quantities.ts";
import { renderEvaluation } from "./render-evaluation.ts";
import { kindName } from "./render-plan.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Cell } from "./table.ts";

/** A note is a pointer: the document of --json names every tensor. */
const MOST_NAMES = 4;
/** A folder of a large model has dozens of shards; its first ones say enough. */
const MOST_WEIGHT_FILES = 6;

const MADE: Readonly<Record<string, string>> = {
  "README.md": "model card",
  "mergekit_config.yml": "the recipe",
  "stockpot.lock.json": "digests of inputs and output, for stockpot verify",
};

interface Costs {
  /** The output folder as the user wrote it. */
  readonly out: string;
  readonly seconds: number;
  readonly peakMemoryBytes: number;
}

/** What a merge did: the files, angle and t by kind of tensor, what is worth a second look, time and memory. */
export function renderResult(report: MergeReport, costs: Costs, style: Style): string[] {
  const { run } = report;
  const notes = renderNotes(run.tensors, style);
  const rate = formatRate(run.readBytes + run.writtenBytes, run.seconds);
  const memory = `${formatBytes(costs.peakMemoryBytes)} of memory at the peak`;
  return [
    ...withBlankLine(renderIntermediates(report, style)),
    style.heading(`Written to ${costs.out}`),
    ...renderFiles(report, style),
    "",
    ...withBlankLine(renderKinds(report, style)),
    ...withBlankLine(notes),
    ...withBlankLine(renderScores(report, style)),
    ...withBlankLine(renderStreamed(run)),
    `${style.good("Done")} in ${formatDuration(costs.seconds)}: read ${formatBytes(run.readBytes)}, wrote ` +
      `${formatBytes(run.writtenBytes)} at ${rate} with ${plural(run.workers, "worker")}, ${memory}`,
  ];
}

function renderScores({ evaluation }: MergeReport, style: Style): string[] {
  if (evaluation === undefined) return [];
  const by = evaluation.backend === undefined ? "" : ` by ${evaluation.backend}`;
  return [style.heading(`Evaluation${by}`), ...renderEvaluation(evaluation, style)];
}

/** What came from the Hub without being stored, and how it was verified. */
function renderStreamed({ movedBytes, unverifiedFiles }: MergeReport["run"]): string[] {
  if (movedBytes === 0) return [];
  const verified =
    unverifiedFiles === 0
      ? "every file verified by its hash"
      : `${plural(unverifiedFiles, "file")} not verified by hash, being needed in part or in another order`;
  return [`Streamed ${formatBytes(movedBytes)} from the Hub, ${verified}; nothing of it was kept`];
}

/** The merges whose results were taken, each with what it took and where its result is. */
function renderIntermediates({ intermediates = [] }: MergeReport, style: Style): string[] {
  const rows = intermediates.map(({ name, mergeMethod, computed, byteLength, seconds, out }): Cell[] => [
    [name, style.name],
    mergeMethod,
    formatBytes(byteLength),
    seconds === undefined ? "" : formatDuration(seconds),
    [computed === "inside" ? "computed while it was read, in no file" : (out ?? "removed"), style.dim],
  ]);
  return rows.length === 0 ? [] : [style.heading("Results on the way"), ...renderTable(rows, "llrrl")];
}

const withBlankLine = (lines: readonly string[]) => (lines.length === 0 ? [] : [...lines, ""]);

/** What was written: files with sizes, where they come from, and what was edited. */
function renderFiles({ files, models }: Pick<MergeReport, "files" | "models">, style: Style): string[] {
  const donor = models.some(({ role }) => role === "base") ? "the base" : "the first model";
  const weights = files.filter(({ role }) => role === "weights");
  const shown = weights.length > MOST_WEIGHT_FILES ? weights.slice(0, MOST_WEIGHT_FILES - 1) : weights;
  const hidden = weights.slice(shown.length);
  const rows: Cell[][] = shown.map((file) => [file.name, formatBytes(file.byteLength)]);
  if (hidden.length > 0) {
    const bytes = hidden.reduce((sum, { byteLength }) => sum + byteLength, 0);
    rows.push([`and ${plural(hidden.length, "more file")}`, formatBytes(bytes)]);
  }
  for (const file of files.filter(({ role }) => role !== "weights")) {
    rows.push([file.name, formatBytes(file.byteLength), [originOf(file, donor), style.dim]]);
  }
  return renderTable(rows, "lrl");
}

function originOf({ name, role, edited = [], from }: WrittenFile, donor: string): string {
  if (role === "index") return "which tensor is in which file";
  if (role === "made") return MADE[name] ?? "";
  if (role === "tokenizer")
    return name === "chat_template.jinja" ? "as the recipe asks" : "made for the output's tokens";
  return edited.length > 0 ? `as ${donor} had it but for ${edited.join(", ")}` : `as ${from ?? donor} had it`;
}

/** A number that methods report, and how it is written. */
const NUMBERS: readonly { name: string; format: (value: number) => string }[] = [
  { name: "angle", format: (value) => value.toFixed(1) },
  { name: "t", format: (value) => value.toFixed(3) },
];
/** What angle and t are depends on the method; with several methods each tensor follows its own. */
const MEANINGS: Readonly<Record<string, string>> = {
  model_stock: "angle between task vectors in degrees, t (0 is the base, 1 the mean)",
  slerp: "angle between base and model in degrees, t (0 is the base, 1 the model)",
};

/** Angle and t by kind of tensor, as minimum, median and maximum; nothing if no method reported either. */
function renderKinds({ kinds, merged }: Pick<MergeReport, "kinds" | "merged">, style: Style): string[] {
  const numbers = NUMBERS.filter(({ name }) => kinds.some((kind) => kind.numbers[name] !== undefined));
  if (numbers.length === 0) return [];
  const [method = "", ...others] = Object.keys(merged);
  const meaning = (others.length === 0 ? MEANINGS[method] : undefined) ?? "angle in degrees, t";
  const names = ["kind", "tensors", ...numbers.flatMap(({ name }) => [`${name}: min`, "median", "max"])];
  const rows = kinds.map(({ kind, tensorCount, numbers: spreads }) => [
    kindName(kind),
    formatCount(tensorCount),
    ...numbers.flatMap(({ name, format }) => spreadCells(spreads[name], format)),
  ]);
  return [
    style.heading(`By kind of tensor: ${meaning}`),
    ...renderTable([names.map((name) => [name, style.dim]), ...rows], "lr" + "rrr".repeat(numbers.length)),
  ];
}

function spreadCells(spread: Spread | undefined, format: (value: number) => string): Cell[] {
  if (spread === undefined) return ["-", "-", "-"];
  return [spread.minimum, spread.median, spread.maximum].map(format);
}

/** What the spread of t does not show: tensors for which it is 0 for a reason. */
function renderNotes(tensors: readonly TensorReport[], style: Style): string[] {
  const having = (number: string) => tensors.filter(({ numbers }) => (numbers[number] ?? 0) > 0);
  const note = (number: string, what: string) => renderNote(having(number), what, style);
  return [
    ...note("clamped", "the task vectors point apart (cosine below 0): t is 0, the base stays"),
    ...note("zeroVectors", "a model equals the base and has no say in the angle"),
  ];
}

function renderNote(tensors: readonly TensorReport[], what: string, style: Style): string[] {
  if (tensors.length === 0) return [];
  const shown = tensors.length > MOST_NAMES ? tensors.slice(0, MOST_NAMES - 1) : tensors;
  const rest = tensors.length - shown.length;
  const names = shown.map(({ name }) => name);
  if (rest > 0) names.push(`and ${formatCount(rest)} more`);
  return [`In ${plural(tensors.length, "tensor")} ${what}`, ...names.map((name) => style.dim(`  ${name}`))];
}
