import { methodByName } from "../methods/index.ts";
import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import { columnCount, elementCount, rowLength } from "../tensor/shape.ts";
import { isFloatDtype } from "../tensor/dtype.ts";
import type { Unit } from "./protocol.ts";
import type { Range } from "./segments.ts";
import { rowBlock, splitColumns, splitRange, splitRows, stripeElements } from "./segments.ts";

/** Small tensors travel in batches of about this much work, or of this many. */
const BATCH_ELEMENTS = 1_048_576;
const BATCH_TENSORS = 64;

/**
 * Work that the coordinator hands out as a whole. "local": a worker measures, solves and combines. "shared": the
 * coordinator solves, over the stripes of one tensor or of a group of tensors.
 */
export type Task =
  | { readonly kind: "local"; readonly units: readonly Unit[] }
  | { readonly kind: "shared"; readonly tensors: readonly PlannedTensor[]; readonly size: number };

/** Elements to work on; a tensor without arithmetic counts its bytes. */
export function workElements(tensor: PlannedTensor): number {
  return isFloatDtype(tensor.dtype) ? elementCount(tensor.shape) : tensor.byteLength;
}

/** True for built-in methods and those of modules, which workers load; others are solved by the coordinator. */
export function runsInWorkers(
  method: string,
  { methodModules = [] }: Pick<MergePlan, "methodModules">,
): boolean {
  return methodByName(method) !== undefined || methodModules.some(({ methods }) => methods.includes(method));
}

/**
 * Divides a plan into tasks in the order of the bytes that they write, so that a shard fills from its start and can be
 * hashed meanwhile. No task is longer than some 10 ms of one worker's work, or else all workers share it.
 * With `neighbours`, small tensors go together only if no others lie between: a batch then reads from few places.
 */
export function divide(plan: MergePlan, { neighbours = false } = {}): Task[] {
  const tasks: Task[] = [];
  const groups = new Map<string, PlannedTensor[]>();
  const small: Unit[] = [];
  for (const tensor of plan.tensors) {
    const count = workElements(tensor);
    const known = runsInWorkers(tensor.method, plan);
    const parts = partsOf(tensor, count);
    if (count === 0) continue;
    const isGrouped = tensor.group !== undefined && tensor.action === "merge";
    const isSmall = !isGrouped && parts === undefined && count <= stripeElements(count) && known;
    if (neighbours && !isSmall) tasks.push(...batches(small.splice(0)));
    if (isGrouped) {
      const key = `${tensor.method}\n${tensor.group ?? ""}`;
      groups.set(key, [...(groups.get(key) ?? []), tensor]);
    } else if (parts !== undefined) {
      for (const unit of parts) tasks.push({ kind: "local", units: [unit] });
    } else if (isSmall) small.push({ tensor, range: { begin: 0, end: count } });
    else tasks.push({ kind: "shared", tensors: [tensor], size: count });
  }
  for (const tensors of groups.values())
    tasks.push({ kind: "shared", tensors, size: tensors.reduce((sum, t) => sum + workElements(t), 0) });
  tasks.push(...batches(small));
  return tasks.sort((a, b) => compareByPlace(firstTensor(a), firstTensor(b)));
}

/** The tensors of a local task one by one, for the coordinator to solve. */
export function apart(task: Task): Task[] {
  if (task.kind === "shared") return [task];
  return task.units.map(({ tensor }) => ({ kind: "shared", tensors: [tensor], size: workElements(tensor) }));
}

const firstTensor = (task: Task) => (task.kind === "local" ? task.units[0]?.tensor : task.tensors[0]);

function compareByPlace(a: PlannedTensor | undefined, b: PlannedTensor | undefined): number {
  if (a === undefined || b === undefined) return 0;
  return a.shard - b.shard || a.offset - b.offset;
}

/** The parts of a tensor that is solved row by row or column by column. */
function partsOf(tensor: PlannedTensor, count: number): Unit[] | undefined {
  const { action, granularity, shape } = tensor;
  if (action !== "merge" || count === 0) return undefined;
  if (granularity === "row") return splitRows(count, rowLength(shape)).map((range) => ({ tensor, range }));
  const columns = columnCount(shape);
  if (granularity !== "column" || columns === 1) return undefined;
  return splitColumns(count, columns).map((strip) => {
    return { tensor, strip, range: { begin: 0, end: (count / columns) * strip.width } };
  });
}

function batches(units: readonly Unit[]): Task[] {
  const tasks: Task[] = [];
  let batch: Unit[] = [];
  let size = 0;
  const close = () => {
    if (batch.length > 0) tasks.push({ kind: "local", units: batch });
    batch = [];
    size = 0;
  };
  for (const unit of units) {
    const count = unit.range.end - unit.range.begin;
    if (size + count > BATCH_ELEMENTS || batch.length >= BATCH_TENSORS) close();
    batch.push(unit);
    size += count;
  }
  close();
  return tasks;
}

/** The stripes of a tensor, which may run on different workers; `byRows`: of whole blocks of rows. */
export function stripes(tensor: PlannedTensor, byRows = false): Range[] {
  const count = workElements(tensor);
  if (byRows) return splitRows(count, rowBlock(rowLength(tensor.shape)));
  return splitRange(count, stripeElements(count));
}
