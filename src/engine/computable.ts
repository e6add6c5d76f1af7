import type { AnyMethod } from "../methods/define.ts";
import { methodByName } from "../methods/index.ts";
import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import { program, requestsOf, solveContext } from "./program.ts";
import type { Measure, ProgramSettings, Unit } from "./program.ts";
import type { PassRequest } from "./requests.ts";
import { runsInWorkers, workElements } from "./tasks.ts";

/** The passes after which each element follows from the same element of the inputs, and not from its place. */
const ELEMENTWISE = ["copy", "linear", "nearswap", "largest", "agreed", "overlapMean"] as const;
type ElementwisePass = Extract<PassRequest, { kind: (typeof ELEMENTWISE)[number] }>;

export function isElementwise(pass: PassRequest): pass is ElementwisePass {
  return ELEMENTWISE.some((kind) => kind === pass.kind);
}

/** True if every tensor of a plan can be computed a range at a time, at most after its inner products are known. */
export function isComputable(plan: MergePlan, methods: readonly AnyMethod[]): boolean {
  return plan.tensors.every((tensor) => {
    if (workElements(tensor) === 0) return true;
    const method = methodByName(tensor.method, methods);
    if (method === undefined || !runsInWorkers(tensor.method, plan)) return false;
    return needsProducts(tensor, plan) || elementwisePass(tensor, method, plan) !== undefined;
  });
}

/** The pass that makes a tensor, where nothing has to be measured for it; undefined where there is none of that kind. */
export function elementwisePass(
  tensor: PlannedTensor,
  method: AnyMethod,
  settings: ProgramSettings,
): ElementwisePass | undefined {
  if (tensor.action === "merge") {
    const isWhole = tensor.granularity === "tensor" && tensor.group === undefined;
    if (!isWhole || method.measure !== undefined || method.refine !== undefined) return undefined;
  }
  const step = program(unitOf(tensor, method), settings).next();
  return step.done !== true && isElementwise(step.value) ? step.value : undefined;
}

/** True if inner products over the tensor, or over a group of them, decide it. The methods here then give coefficients. */
function needsProducts(tensor: PlannedTensor, settings: ProgramSettings): boolean {
  const method = methodByName(tensor.method);
  const { action, granularity } = tensor;
  if (action === "copy" || granularity === "row" || granularity === "column") return false;
  if (method?.measure === undefined || method.refine !== undefined) return false;
  const requests = requestsOf(method.measure as Measure, solveContext(unitOf(tensor, method), settings));
  return requests.length > 0 && requests.every(([, { kind }]) => kind === "gram");
}

const unitOf = (tensor: PlannedTensor, method: AnyMethod): Unit => {
  return { method, tensor, count: workElements(tensor), byRange: true };
};
