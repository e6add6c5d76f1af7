import { resolve } from "node:path";
import { EvaluateError } from "../errors.ts";
import { openData } from "../evaluate/data.ts";
import { openEvaluator } from "../evaluate/evaluator.ts";
import type { Split } from "../evaluate/types.ts";
import { didYouMean } from "../nearest.ts";
import type { PlacedName } from "../recipe/comparison.ts";
import { statPath } from "../sources/file.ts";
import type { CompareOptions } from "./options.ts";
import type { PreparedComparison } from "./prepare.ts";
import { Scoring } from "./scoring.ts";

/** An error about a name in the recipe that means nothing here. */
export function nameFault(
  { name, position }: PlacedName,
  what: string,
  known: readonly string[],
  hint: string,
): EvaluateError {
  return new EvaluateError("EVALUATE_SPLIT", `${what}.${didYouMean(name, known)}`, {
    where: `${position.file}:${position.line}`,
    hint,
  });
}

/** The data and the evaluator; undefined if neither the options nor the recipe name data. */
export async function openScoring(
  { comparison, searchFrom, later }: PreparedComparison,
  options: CompareOptions,
): Promise<Scoring | undefined> {
  const { evaluate } = comparison.recipe;
  const own = evaluate?.kind === "data" ? evaluate : undefined;
  const data = options.data ?? comparison.data?.name ?? own?.data;
  if (data === undefined) return undefined;
  const written = comparison.splits.length > 0 ? comparison.splits : (own?.splits ?? []);
  const asked = options.splits ?? written;
  const { heldOut: wanted } = comparison;
  const names = wanted === undefined || asked.length === 0 ? asked : [...new Set([...asked, wanted.name])];
  const splits = await openData(await find(data, searchFrom), names);
  const heldOut = splits.find(({ name, role }) =>
    wanted === undefined ? role === "held-out" : name === wanted.name,
  );
  if (wanted !== undefined && heldOut === undefined) {
    const known = splits.map(({ name }) => name);
    throw nameFault(
      wanted,
      `There is no split "${wanted.name}"`,
      known,
      `The data have ${known.join(", ")}.`,
    );
  }
  const evaluator = await openEvaluator({
    ...(own?.batch !== undefined && { batch: own.batch }),
    ...(own?.head !== undefined && { head: await find(own.head, searchFrom) }),
    keepLogits: later.some(({ kind }) => kind === "ensemble"),
    ...(options.signal && { signal: options.signal }),
  });
  // A split that chooses models says nothing of them afterwards, whatever its name.
  const ordered = splits.map((split): Split => (split === heldOut ? asHeldOut(split) : split));
  const chosen = ordered.find(({ name }) => name === heldOut?.name);
  return new Scoring({ evaluator, data, splits: ordered, heldOut: chosen, onProgress: options.onProgress });
}

const asHeldOut = (split: Split): Split => ({ ...split, role: "held-out", read: () => split.read() });

async function find(path: string, searchFrom: readonly string[]): Promise<string> {
  for (const folder of searchFrom) {
    const found = resolve(folder, path);
    if ((await statPath(found)) !== undefined) return found;
  }
  return resolve(searchFrom[0] ?? ".", path);
}
