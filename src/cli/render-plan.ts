import { METHODS } from "../index.ts";
import type {
  MergePlan,
  ParameterSpecs,
  ParameterValue,
  PlannedModel,
  PlannedTensor,
  Resources,
  TensorKind,
} from "../index.ts";
import { collapseLayers } from "./collapse-layers.ts";
import { formatBytes, formatCount, formatParameters, plural } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Cell } from "./table.ts";

const KINDS: readonly TensorKind[] = ["attention", "mlp", "norm", "bias", "embedding", "head", "other"];
/** With layers drawn together, a model of usual build has a dozen or two. */
const MOST_TENSOR_LINES = 60;
/** The summary points; --json names all. */
const MOST_FILE_NAMES = 4;
const KIND_NAMES: Partial<Record<TensorKind, string>> = { mlp: "MLP" };
export const kindName = (kind: TensorKind): string => KIND_NAMES[kind] ?? kind;

const elementCountOf = ({ shape }: PlannedTensor): number => shape.reduce((n, size) => n * size, 1);
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
export function renderPlanSummary(plan: MergePlan, resources: Resources, style: Style): string[] {
  const { tensors, output, passes } = plan;
  const label = (text: string): Cell => [text, style.dim];
  const merged = tensors.filter(({ action }) => action === "merge");
  const actions = [`${formatCount(merged.length)} merged`];
  if (merged.length < tensors.length) actions.push(`${formatCount(tensors.length - merged.length)} copied`);
  const dtypes = tally(tensors.map(({ dtype }) => dtype));
  const shards = output.shards.length === 1 ? "one file" : plural(output.shards.length, "shard");
  const reads = passes.map(({ name, readBytes }) => `${name} ${formatBytes(readBytes)}`);
  const { workers, memoryBytes, freeDiskBytes, downloadBytes, freeCacheBytes, spool } = resources;
  const disk = freeDiskBytes === undefined ? "" : `, ${formatBytes(freeDiskBytes)} free on the disk`;
  const rows: Cell[][] = [
    [label("method"), [methodsOf(plan), style.name]],
    ...renderModels(plan, style, label),
    ...seedOf(plan).map((seed) => [label("seed"), seed]),
    ...(plan.methodModules ?? []).map(({ path, sha256 }) => [
      label("code"),
      `${path}, SHA-256 ${sha256.slice(0, 16)}...`,
    ]),
    [label("tensors"), actions.join(", ")],
    [
      label("output"),
      `${formatParameters(output.parameterCount)} parameters, ${dtypes}, ${formatBytes(output.byteLength)} in ${shards}`,
    ],
    [label("against"), comparison(plan)],
    ...(plan.sideFiles.length === 0 ? [] : [[label("copies"), copiesOf(plan)]]),
    ...onTheWay(plan).map((line, i) => [label(i === 0 ? "results" : ""), line]),
    ...(downloadBytes === undefined
      ? []
      : spool === undefined
        ? [[label("download"), renderDownload(downloadBytes, freeCacheBytes)]]
        : [[label("streams"), renderStream(downloadBytes, spool)]]),
    [label("reads"), `${plural(passes.length, "pass", "passes")}: ${reads.join(", ")}`],
    [label("needs"), `about ${formatBytes(memoryBytes)} of memory with ${plural(workers, "worker")}${disk}`],
  ];
  return renderTable(rows, "ll");
}

/** The results that are taken on the way, and what they need of the disk. */
function onTheWay({ intermediates = [] }: MergePlan): string[] {
  const [inside, before] = (["inside", "folder"] as const).map((place) =>
    intermediates.filter(({ computed }) => computed === place),
  );
  const listed = (results: typeof intermediates) => results.map(({ name }) => name).join(", ");
  const bytes = sum((before ?? []).map(({ plan }) => plan.output.byteLength));
  return [
    ...(inside?.length ? [`${listed(inside)}: computed tile by tile where it is read, in no file`] : []),
    ...(before?.length ? [`${listed(before)}: merged before into a folder, ${formatBytes(bytes)}`] : []),
  ];
}

/** What has to come from the Hub, and whether there is room for it. */
function renderDownload(bytes: number, free: number | undefined): string {
  if (bytes === 0) return "nothing, all is in the cache";
  const room = free === undefined ? "" : `, ${formatBytes(free)} free on the cache's disk`;
  return `${formatBytes(bytes)}${room}${free !== undefined && free < bytes ? ": NOT ENOUGH" : ""}`;
}

/** What streaming costs, and what it spares. */
function renderStream(bytes: number, { byteLength, isInMemory }: NonNullable<Resources["spool"]>): string {
  if (bytes === 0) return "nothing, all is in the cache";
  const amount = formatBytes(bytes);
  return (
    `${amount} with this merge and with each one after it, ${formatBytes(byteLength)} of ${isInMemory ? "memory" : "disk"} at a time; ` +
    `stored, it would be ${amount} once, and as much of disk`
  );
}

/** How much of a model of the Hub is in the cache. */
function hubNote({ hub, adapterHub }: PlannedModel): string[] {
  const all = [hub, adapterHub].filter((each) => each !== undefined);
  if (all.length === 0) return [];
  const sum = (key: "byteLength" | "cachedBytes") => all.reduce((bytes, each) => bytes + each[key], 0);
  const [byteLength, cachedBytes] = [sum("byteLength"), sum("cachedBytes")];
  if (cachedBytes === byteLength) return ["in the cache"];
  return [
    `${formatBytes(byteLength - cachedBytes)} to download${cachedBytes > 0 ? ", the rest in the cache" : ""}`,
  ];
}

/** Small files that are carried along: the first names, how many, and whose they are. */
function copiesOf({ sideFiles, models, donor }: MergePlan): string {
  const names = sideFiles.slice(0, MOST_FILE_NAMES).map(({ name }) => name);
  const rest = sideFiles.length - names.length;
  const listed = rest > 0 ? `${names.join(", ")} and ${formatCount(rest)} more` : names.join(", ");
  return `${listed}, from ${models[donor]?.reference ?? "the base"}`;
}

/** The seed of each merge in which a random method takes part, if there is one. */
function seedOf(plan: MergePlan): string[] {
  const plans = [...(plan.intermediates ?? []).map((made) => made.plan), plan];
  const seeds = unique(plans.flatMap(({ random, seed }) => (random === true ? [seed] : [])));
  return seeds.length === 0 ? [] : [`${seeds.join(", ")}, from which random methods draw`];
}

/** Whether the output has what the model that gives the config has. */
function comparison({ output, models, donor }: MergePlan): string {
  const { addedTensors, missingTensors, addedParameters } = output;
  const whose = models[donor]?.role === "base" ? "the base" : "the first model";
  if (addedTensors === 0 && missingTensors === 0 && addedParameters === 0)
    return `${whose}: the same tensors, as many parameters`;
  const parts = [
    ...(addedTensors > 0 ? [`${plural(addedTensors, "tensor")} more`] : []),
    ...(missingTensors > 0 ? [`${plural(missingTensors, "tensor")} fewer`] : []),
    `${formatParameters(Math.abs(addedParameters))} parameters ${addedParameters < 0 ? "fewer" : "more"}`,
  ];
  return `${whose}: ${parts.join(", ")}`;
}

const methodsOf = (plan: MergePlan) =>
  plan.tensors.length === 0 ? plan.mergeMethod : tally(plan.tensors.map(({ method }) => method));

function renderModels(
  { models, intermediates = [] }: MergePlan,
  style: Style,
  label: (text: string) => Cell,
): Cell[][] {
  const originOf = (model: PlannedModel) => {
    const { reference, files } = model;
    const made = intermediates.find(({ name }) => name === reference);
    if (made !== undefined) {
      const { mergeMethod, models: taken } = made.plan;
      const when = made.computed === "inside" ? "computed here" : "made before";
      return `${when}: ${mergeMethod} of ${taken.map((each) => each.reference).join(", ")}`;
    }
    return [...(files.length === 1 ? [] : [plural(files.length, "file")]), ...hubNote(model)].join(", ");
  };
  const sizes = models.map(({ files }) => formatBytes(sum(files.map(({ byteLength }) => byteLength))));
  const lines = renderTable(
    models.map((model, i) => [model.reference, sizes[i] ?? "", [originOf(model), style.dim]]),
    "lrl",
    { indent: "" },
  );
  return lines.map((line, i) => {
    const role = models[i]?.role === "base" ? "base" : "model";
    return [label(role === "base" || models[i - 1]?.role !== "model" ? role : ""), line];
  });
}

/** Counts by kind of tensor, then the tensors, those of all layers that are treated alike drawn together. */
export function renderPlanDetails(plan: MergePlan, style: Style): string[] {
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
  const groups = collapseLayers(tensors, (tensor) => [
    tensor.dtype,
    tensor.shape,
    tensor.action,
    tensor.method,
    renderParameters(tensor),
  ]);
  const rows = groups
    .slice(0, MOST_TENSOR_LINES)
    .map(({ name, layers, tensors: [first] }): Cell[] => [
      name,
      first.dtype,
      `[${first.shape.join(", ")}]`,
      [layers, style.dim],
      first.action === "copy" ? "copy" : first.method,
      [renderParameters(first), style.dim],
    ]);
  const hidden = groups.length - rows.length;
  return [
    style.heading("By kind of tensor"),
    ...renderTable([head("kind", "tensors", "parameters", "size", "method"), ...byKind], "lrrrl"),
    "",
    style.heading("Tensors"),
    ...renderTable([head("name", "dtype", "shape", "", "method", ""), ...rows], "llllll"),
    ...(hidden > 0 ? [style.dim(`  and ${plural(hidden, "more line")}; --json lists every tensor`)] : []),
  ];
}

/** "weight 0.5, 0.25; lambda 0.7": what is not the method's default; a model's own parameters in recipe order. */
function renderParameters({ method, parameters, inputs }: PlannedTensor): string {
  const specs = METHODS.find(({ name }) => name === method)?.parameters as ParameterSpecs | undefined;
  const shown = (name: string, values: readonly (ParameterValue | undefined)[]) =>
    values.every((value) => value === specs?.[name]?.default)
      ? []
      : [`${name} ${values.map(showValue).join(", ")}`];
  const perModel = unique(inputs.flatMap((input) => Object.keys(input.parameters)));
  return [
    ...Object.entries(parameters).flatMap(([name, value]) => shown(name, [value])),
    ...perModel.flatMap((name) =>
      shown(
        name,
        inputs.map((input) => input.parameters[name]),
      ),
    ),
  ].join("; ");
}

/** A value between two of a gradient has more digits than anyone reads. */
export const showValue = (value: ParameterValue | undefined): string =>
  typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value ?? "none");
