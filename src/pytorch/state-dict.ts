import { quote } from "../safetensors/failure.ts";
import type { Fail } from "../safetensors/failure.ts";
import { isKind } from "./values.ts";
import type { PickleValue, TensorView } from "./values.ts";

/** Wrappers nest by one or two: {"model": {"state_dict": ...}}. */
const MAX_KEYS = 6;
/** Paths listed in a message. */
const PATHS_SHOWN = 4;

/** Averages of the model and the memory of optimizers, kept by training beside the weights. */
const TRAINING = /optim|sched|scaler|(?:^|[_.])ema(?:$|[_.])|averag|(?:^|_)swa(?:$|_)/i;

export interface StateDict {
  /** The keys that lead to it: ["state_dict"]; none where it is the whole checkpoint. */
  readonly keyPath: readonly string[];
  readonly tensors: ReadonlyMap<string, TensorView>;
}

export interface FoundStateDict extends StateDict {
  /** Other mappings from names to tensors, which are not read. */
  readonly leftOut: readonly StateDict[];
}

/**
 * Finds the mapping with the most tensors, at the top of a checkpoint or under a few names in it. Refuses to choose
 * where another one has at least half as many and is not a by-product of training.
 */
export function findStateDict(checkpoint: PickleValue, fail: Fail): FoundStateDict {
  const all = statesIn(checkpoint);
  const models = all.filter(({ keyPath }) => !keyPath.some((key) => TRAINING.test(key)));
  const candidates = models.length > 0 ? models : all;
  const [chosen, next] = candidates.toSorted((a, b) => b.tensors.size - a.tensors.size);
  if (chosen === undefined) {
    const hint = "Save the model's state dict: torch.save(model.state_dict(), path).";
    throw fail("FORMAT_STATE_DICT", "the checkpoint holds no mapping from names to tensors", hint);
  }
  if (next !== undefined && next.tensors.size * 2 >= chosen.tensors.size) throw ambiguous(candidates, fail);
  return { ...chosen, leftOut: all.filter((each) => each !== chosen) };
}

/** All mappings from names to tensors that names lead to, those nearest to the top first. */
function statesIn(checkpoint: PickleValue): StateDict[] {
  const found: StateDict[] = [];
  const queue = [{ keyPath: [] as readonly string[], value: checkpoint }];
  // Values may contain themselves, and each other in more ways than can be followed.
  const seen = new Set<PickleValue>();
  for (const { keyPath, value } of queue) {
    if (!(value instanceof Map) || seen.has(value)) continue;
    seen.add(value);
    const tensors = new Map<string, TensorView>();
    for (const [key, item] of value) {
      if (typeof key !== "string") continue;
      if (isKind(item, "tensor")) tensors.set(key, item);
      else if (keyPath.length < MAX_KEYS) queue.push({ keyPath: [...keyPath, key], value: item });
    }
    if (tensors.size > 0) found.push({ keyPath, tensors });
  }
  return found;
}

function ambiguous(candidates: readonly StateDict[], fail: Fail) {
  const shown = candidates.slice(0, PATHS_SHOWN).map(({ keyPath, tensors }) => {
    return `${keyPath.length === 0 ? "its top" : quote(keyPath.join("."))} (${tensors.size})`;
  });
  const rest = candidates.length - shown.length;
  const what = `the checkpoint has tensors in several places: ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
  const hint = 'Save the one that is the model alone: torch.save(checkpoint["model"], path).';
  return fail("FORMAT_STATE_DICT", what, hint);
}
