import { quoted } from "./phrases.ts";
import { spanOf } from "./problems.ts";
import { child, locate, text } from "./tree.ts";
import type { ModelReference } from "../sources/types.ts";
import type { RecipeProblems } from "./problems.ts";
import type { RecipeNode } from "./tree.ts";

const MAPPING_HINT = "Write a path that holds + or @ as a mapping: {model: {path: ..., revision: ...}}.";

interface PathReference {
  readonly path: string;
  readonly revision?: string;
}

/** What is wrong with a reference, and the cure. */
interface ReferenceFault {
  readonly fault: string;
  readonly hint: string;
}

function parsePath(written: string): PathReference | ReferenceFault {
  const [path = "", revision, ...rest] = written.split("@");
  if (rest.length > 0) return { fault: `${quoted(written)} has more than one @.`, hint: MAPPING_HINT };
  if (path === "") return { fault: `${quoted(written)} has no path.`, hint: "Write path, or path@revision." };
  if (revision === "")
    return { fault: `${quoted(written)} has an empty revision.`, hint: "Remove the @, or name one." };
  return revision === undefined ? { path } : { path, revision };
}

/** Reads `path[@revision][+lora[@revision]]`. */
function parseReference(written: string): ModelReference | ReferenceFault {
  const [modelText = "", loraText, ...rest] = written.split("+");
  if (rest.length > 0) return { fault: `${quoted(written)} has more than one +.`, hint: MAPPING_HINT };
  const model = parsePath(modelText);
  if ("fault" in model || loraText === undefined) return model;
  const lora = parsePath(loraText);
  return "fault" in lora ? lora : { ...model, lora };
}

function readPath(node: RecipeNode, key: string): PathReference | ReferenceFault | undefined {
  const value = child(node, key);
  const written = text(value);
  if (written !== undefined) return parsePath(written);
  const path = text(child(value, "path"));
  const revision = text(child(value, "revision"));
  if (path === undefined) return undefined;
  return revision === undefined ? { path } : { path, revision };
}

function readMapping(node: RecipeNode): ModelReference | ReferenceFault | undefined {
  const model = readPath(node, "model");
  const lora = readPath(node, "lora");
  if (model === undefined || "fault" in model) return model;
  if (lora !== undefined && "fault" in lora) return lora;
  const overrideArchitecture = text(child(node, "override_architecture"));
  return {
    ...model,
    ...(lora && { lora }),
    ...(overrideArchitecture !== undefined && { overrideArchitecture }),
  };
}

/** A model reference, text or mapping; undefined if it is wrong, which is then on record. */
export function readModelReference(node: RecipeNode, problems: RecipeProblems): ModelReference | undefined {
  const written = text(node);
  const reference = written === undefined ? readMapping(node) : parseReference(written);
  if (reference === undefined || !("fault" in reference)) return reference;
  problems.error("RECIPE_MODEL_REFERENCE", spanOf(locate(node, [])), reference.fault, reference.hint);
  return undefined;
}
