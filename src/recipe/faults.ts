import type { DefinedError } from "ajv";
import type { AnyMethod } from "../methods/define.ts";
import type { RecipeProblems } from "./problems.ts";
import type { Located, MapNode } from "./tree.ts";

export interface ValidationContext {
  readonly tree: MapNode;
  readonly methods: readonly AnyMethod[];
  readonly problems: RecipeProblems;
  /** Unknown keys and parameters are warnings. */
  readonly lenient: boolean;
}

export interface Explanation {
  /** False if models or methods could not be read, so that further checks would guess. */
  readonly understood: boolean;
  /** Parameters that a misspelt name probably means. */
  readonly misspelt: ReadonlySet<string>;
}

/** A fault of the schema, the node that it is about, and the method whose parameters stand there. */
export interface Fault {
  readonly error: DefinedError;
  readonly path: readonly string[];
  readonly at: Located;
  readonly method: AnyMethod | undefined;
}
