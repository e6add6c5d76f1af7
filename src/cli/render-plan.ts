import type { MergePlan, PlannedTensor, TensorKind } from "../index.ts";
import { formatBytes, formatCount, formatParameters, plural } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Cell } from "./table.ts";

/** What the plan cannot know by itself: the machine it is to run on. */
export interface PlanResources {
  readonly workers: number;
  /** Estimate of the largest resident memory. */
  readonly memoryBytes: number;
  /** Free space where the output goes, if there is an output. */
  readonly freeDiskBytes?: number;
}

export const KINDS: readonly TensorKind[] = [
  "attention",
  "mlp",
  "norm",
  "bias",
  "embedding",
  "head",
  "other",
];
const KIND_NAMES: Partial<Record<TensorKind, string>> = { mlp: "MLP" };
export const kindName = (kind: TensorKind): string => KIND_NAMES[kind] ?? kind;

export const elementCountOf = ({ shape }: PlannedTensor): number => shape.reduce((n, size) => n * size, 1);
const unique = <T>(values: Iterable<T>): T[] => [...new Set(values)];
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** How many tensors have each value, the most frequent first: "model_stock 71, linear 2". */
function tally(values: readonly string[]): string {
  const names = unique(values);
  if (names.length < 2) return names.join();
  return names
    .map((name) => [name, values.filter((value) => value === name).length] as const)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${formatCount(count)}`)
    .join(", ");
}

/** The plan in a few lines: models, method, tensors, output, and what it will cost. */
export function renderPlanSummary(plan: MergePlan, resources: PlanResources, style: Style): string[] {
  const { tensors, models, output, passes } = plan;
  const label = (text: string): Cell => [text, style.dim];
  const merged = tensors.filter(({ action }) => action === "merge");
  const actions = [`${formatCount(merged.length)} merged`];
  if (merged.length < tensors.length) actions.push(`${formatCount(tensors.length - merged.length)} copied`);
  const dtypes = tally(tensors.map(({ dtype }) => dtype));
  const shards = output.shards.length === 1 ? "one file" : plural(output.shards.length, "shard");
  const reads = passes.map(({ name, readBytes }) => `${name} ${formatBytes(readBytes)}`);
  const { workers, memoryBytes, freeDiskBytes } = resources;
  const disk = freeDiskBytes === undefined ? "" : `, ${formatBytes(freeDiskBytes)} free on the disk`;
  const rows: Cell[][] = [
    [label("method"), [methodsOf(plan), style.name]],
    ...renderModels(models, style, label),
    [label("tensors"), actions.join(", ")],
    [
      label("output"),
      `${formatParameters(output.parameterCount)} parameters, ${dtypes}, ${formatBytes(output.byteLength)} in ${shards}`,
    ],
    [label("reads"), `${plural(passes.length, "pass", "passes")}: ${reads.join(", ")}`],
    [label("needs"), `about ${formatBytes(memoryBytes)} of memory with ${plural(workers, "worker")}${disk}`],
  ];
  return renderTable(rows, "ll");
}

const methodsOf = (plan: MergePlan) =>
  plan.tensors.length === 0 ? plan.mergeMethod : tally(plan.tensors.map(({ method }) => method));

function renderModels(models: MergePlan["models"], style: Style, label: (text: string) => Cell): Cell[][] {
  const sizes = models.map(({ files }) => formatBytes(sum(files.map(({ byteLength }) => byteLength))));
  const lines = renderTable(
    models.map(({ reference, files }, i) => [
      reference,
      sizes[i] ?? "",
      [files.length === 1 ? "" : plural(files.length, "file"), style.dim],
    ]),
    "lrl",
    { indent: "" },
  );
  return lines.map((line, i) => {
    const role = models[i]?.role === "base" ? "base" : "model";
    return [label(role === "base" || models[i - 1]?.role !== "model" ? role : ""), line];
  });
}

/** Counts by kind of tensor, by method, and the first tensors one by one. */
export function renderPlanDetails(plan: MergePlan, style: Style, firstCount = 8): string[] {
  const { tensors } = plan;
  const head = (...names: string[]): Cell[] => names.map((name) => [name, style.dim]);
  const byKind = KINDS.map((kind) => [kind, tensors.filter((tensor) => tensor.kind === kind)] as const)
    .filter(([, group]) => group.length > 0)
    .map(([kind, group]) => [
      kindName(kind),
      formatCount(group.length),
      formatParameters(sum(group.map(elementCountOf))),
      formatBytes(sum(group.map(({ byteLength }) => byteLength))),
      tally(group.map(({ method }) => method)),
    ]);
  const first = tensors
    .slice(0, firstCount)
    .map((tensor) => [
      tensor.name,
      tensor.dtype,
      `[${tensor.shape.join(", ")}]`,
      tensor.action === "copy" ? "copy" : tensor.method,
      renderParameters(tensor),
    ]);
  const rest = tensors.length - first.length;
  return [
    style.heading("By kind of tensor"),
    ...renderTable([head("kind", "tensors", "parameters", "size", "method"), ...byKind], "lrrrl"),
    "",
    style.heading(
      rest > 0 ? `First ${plural(first.length, "tensor")} of ${formatCount(tensors.length)}` : "Tensors",
    ),
    ...renderTable([head("name", "dtype", "shape", "method", "parameters"), ...first], "lllll"),
    ...(rest > 0 ? [style.dim(`  and ${formatCount(rest)} more; --json lists all of them`)] : []),
  ];
}

/** "filter_wise false; weight 0.5, 0.25": a model's own parameters in the order of the models. */
function renderParameters({ parameters, inputs }: PlannedTensor): string {
  const own = Object.entries(parameters).map(([name, value]) => `${name} ${String(value)}`);
  const names = unique(inputs.flatMap((input) => Object.keys(input.parameters)));
  const perModel = names.map((name) => {
    const values = inputs.map((input) => String(input.parameters[name] ?? "-"));
    return `${name} ${values.join(", ")}`;
  });
  return [...own, ...perModel].join("; ");
}
