import type { JsonObject, ModelHeaders, TensorHeader } from "../index.ts";
import { collapseLayers } from "./collapse-layers.ts";
import { formatBytes, formatCount, formatParameters, plural } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Cell } from "./table.ts";

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const elementsOf = ({ shape }: TensorHeader) => shape.reduce((n, size) => n * size, 1);

/** What a model's files hold: a summary, then its tensors with those of all layers drawn together. */
export function renderModel(model: ModelHeaders, tied: string, style: Style): string[] {
  const tensors = [...model.tensors.values()];
  const label = (text: string): Cell => [text, style.dim];
  const { files, sideFiles } = model;
  const metadata = Object.entries(model.metadata).map(([key, value]) => `${key}: ${value}`);
  const rows: Cell[][] = [
    [label("architecture"), architectureOf(model.config)],
    [label("parameters"), parametersOf(sum(tensors.map(elementsOf)))],
    [label("tensors"), dtypesOf(tensors)],
    [label("tied"), tied],
    ...files.map((file, i) => [
      label(i === 0 ? "weights" : ""),
      `${file.name}  ${formatBytes(file.byteLength)}`,
    ]),
    [label("other files"), sideFiles.map(({ name }) => name).join(", ") || "none"],
    [label("metadata"), metadata.join(", ") || "none"],
  ];
  return [
    style.heading(model.reference),
    ...renderTable(rows, "ll"),
    "",
    style.heading("Tensors"),
    ...renderTensors(tensors, style),
  ];
}

function architectureOf(config: JsonObject | undefined): string {
  if (config === undefined) return "unknown: there is no config.json";
  const { architectures, model_type } = config;
  const names = Array.isArray(architectures) ? architectures.filter((name) => typeof name === "string") : [];
  const type = typeof model_type === "string" ? model_type : undefined;
  if (names.length === 0) return type ?? "not stated in config.json";
  return type === undefined ? names.join(", ") : `${names.join(", ")} (${type})`;
}

const parametersOf = (count: number) =>
  count < 1000 ? String(count) : `${formatParameters(count)} (${formatCount(count)})`;

/** "73: F32 72, I64 1" */
function dtypesOf(tensors: readonly TensorHeader[]): string {
  const counts = new Map<string, number>();
  for (const { dtype } of tensors) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  if (counts.size === 1) return `${formatCount(tensors.length)}, all ${[...counts.keys()].join()}`;
  const parts = [...counts].map(([dtype, count]) => `${dtype} ${formatCount(count)}`);
  return `${formatCount(tensors.length)}: ${parts.join(", ")}`;
}

function renderTensors(tensors: readonly TensorHeader[], style: Style): string[] {
  const groups = collapseLayers(tensors, ({ dtype, shape }) => [dtype, shape]);
  const head: Cell[] = ["name", "dtype", "shape", "size", ""].map((name) => [name, style.dim]);
  const rows = groups.map(({ name, tensors: [first, ...others] }): Cell[] => [
    name,
    first.dtype,
    `[${first.shape.join(", ")}]`,
    formatBytes(sum([first, ...others].map(({ byteLength }) => byteLength))),
    [others.length === 0 ? "" : plural(others.length + 1, "layer"), style.dim],
  ]);
  return renderTable([head, ...rows], "lllrl");
}
