import type { Adapter, ModelInspection } from "../index.ts";
import { collapseLayers } from "./collapse-layers.ts";
import { formatBytes, formatCount, formatParameters, plural } from "./quantities.ts";
import { kindName } from "./render-plan.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Cell } from "./table.ts";

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** What a model's files hold: a summary, then its tensors with those of all layers drawn together. */
export function renderModel(model: ModelInspection, style: Style): string[] {
  const { files, sideFiles, parameterCount, tensors } = model;
  const label = (text: string): Cell => [text, style.dim];
  const metadata = Object.entries(model.metadata).map(([key, value]) => `${key}: ${value}`);
  const fileLines = renderTable(
    files.map(({ name, byteLength, tensorCount, keyPath }) => {
      const where = keyPath === undefined ? "" : `under ${keyPath}`;
      return [name, formatBytes(byteLength), plural(tensorCount, "tensor"), where];
    }),
    "lrrl",
    { indent: "" },
  );
  const rows: Cell[][] = [
    [label("folder"), model.location],
    model.adapter === undefined
      ? [label("architecture"), architectureOf(model)]
      : [label("adapter"), adapterOf(model.adapter)],
    [label("parameters"), parameterCount < 1000 ? String(parameterCount) : exactParameters(parameterCount)],
    [label("dtypes"), dtypesOf(model) || "none"],
    [label("layers"), layersOf(model)],
    [label("tied"), tieOf(model)],
    ...fileLines.map((line, i) => [label(i === 0 ? "weights" : ""), line]),
    [label("other files"), sideFiles.map(({ name }) => name).join(", ") || "none"],
    [label("metadata"), metadata.join(", ") || "none"],
  ];
  return [
    style.heading(model.reference),
    ...renderTable(rows, "ll"),
    "",
    style.heading(plural(tensors.length, "tensor")),
    ...renderTensors(tensors, style),
  ];
}

/** "LoRA of rank 16, alpha 32, at q_proj, v_proj; trained on org/base" */
function adapterOf({ type, rank, alpha, rankStabilized, decomposed, targets, base }: Adapter): string {
  const kind = type === "LORA" ? (decomposed ? "LoRA with magnitudes apart (DoRA)" : "LoRA") : type;
  const parts = [
    rank === undefined ? kind : `${kind} of rank ${rank}`,
    ...(alpha === undefined ? [] : [`alpha ${alpha}${rankStabilized ? " over the root of the rank" : ""}`]),
    ...(targets.length === 0 ? [] : [`at ${targets.join(", ")}`]),
  ];
  return `${parts.join(", ")}${base === undefined ? "" : `; trained on ${base}`}`;
}

function architectureOf({ architectures, modelType }: ModelInspection): string {
  const names = architectures.join(", ");
  if (names === "") return modelType ?? "not stated";
  return modelType === undefined ? names : `${names} (${modelType})`;
}

const exactParameters = (count: number) => `${formatParameters(count)} (${formatCount(count)})`;

const dtypesOf = ({ dtypes }: ModelInspection) =>
  dtypes
    .map(({ dtype, tensorCount, byteLength }) => {
      return `${dtype} ${formatBytes(byteLength)} in ${plural(tensorCount, "tensor")}`;
    })
    .join(", ");

function layersOf({ layerCount, stacks }: ModelInspection): string {
  if (stacks.length < 2) return layerCount === 0 ? "none by name" : formatCount(layerCount);
  return stacks.map((stack) => `${formatCount(stack.layerCount)} in ${stack.prefix}`).join(", ");
}

function tieOf({ tie }: ModelInspection): string {
  if (!tie.tied) return "no";
  const stored = tie.head === undefined ? "stored once" : `stored twice, also as ${tie.head}`;
  return `yes: the head is ${tie.embedding ?? "the embedding"}, ${stored}`;
}

function renderTensors(tensors: ModelInspection["tensors"], style: Style): string[] {
  const groups = collapseLayers(tensors, ({ dtype, shape }) => [dtype, shape]);
  const head: Cell[] = ["name", "kind", "dtype", "shape", "size", ""].map((name) => [name, style.dim]);
  const rows = groups.map(({ name, layers, tensors: [first, ...others] }): Cell[] => [
    name,
    kindName(first.kind),
    first.dtype,
    `[${first.shape.join(", ")}]`,
    formatBytes(sum([first, ...others].map(({ byteLength }) => byteLength))),
    [layers, style.dim],
  ]);
  return renderTable([head, ...rows], "llllrl");
}
