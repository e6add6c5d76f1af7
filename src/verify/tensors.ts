import type { Problem } from "../errors.ts";
import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import type { ModelHeaders, TensorHeader } from "../sources/types.ts";
import { sameShape } from "../tensor/shape.ts";
import { fault } from "./problems.ts";

/** Names listed in a message about many tensors. */
const NAMES_SHOWN = 3;

/** Holds the headers of an output's weights against the plan: every tensor, its dtype, shape and place. */
export function compareTensors(plan: MergePlan, { tensors, files }: ModelHeaders): Problem[] {
  const planned = new Map(plan.tensors.map((tensor) => [tensor.name, tensor]));
  const missing = [...planned.keys()].filter((name) => !tensors.has(name));
  const extra = [...tensors.keys()].filter((name) => !planned.has(name));
  const different = [...tensors.values()].filter((tensor) => {
    const own = planned.get(tensor.name);
    return own !== undefined && !isAsPlanned(tensor, own, files[tensor.file]?.name, plan);
  });
  return [
    ...problemAbout(missing, "of the plan", "not in the weights"),
    ...problemAbout(extra, "in the weights", "not in the plan"),
    ...problemAbout(
      different.map(({ name }) => name),
      "in the weights",
      "of another dtype or shape than the plan says, or in another place",
    ),
  ];
}

function isAsPlanned(
  { dtype, shape, offset, byteLength }: TensorHeader,
  planned: PlannedTensor,
  file: string | undefined,
  plan: MergePlan,
): boolean {
  return (
    dtype === planned.dtype &&
    sameShape(shape, planned.shape) &&
    offset === planned.offset &&
    byteLength === planned.byteLength &&
    file === plan.output.shards[planned.shard]?.name
  );
}

function problemAbout(names: readonly string[], whose: string, what: string): Problem[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, NAMES_SHOWN).map((name) => JSON.stringify(name));
  const more = names.length - shown.length;
  const list = more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
  const subject = names.length === 1 ? `A tensor ${whose} is` : `${names.length} tensors ${whose} are`;
  return [fault("VERIFY_TENSORS", `${subject} ${what}: ${list}`, "Merge again, or fetch the weights again.")];
}
