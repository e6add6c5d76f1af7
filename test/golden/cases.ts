import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Root of cases and models; recipes name their models relative to it. */
export const GOLDEN_ROOT = join("test", "golden");

/** How a case was made and how to compare with it: its expected.json (test/golden/README.md). */
export interface Expectation {
  readonly args: readonly string[];
  readonly tags: readonly string[];
  readonly tolerance: { readonly atol: number; readonly rtol: number };
  readonly differs_on_purpose: readonly string[];
  readonly undecided?: Readonly<Record<string, readonly number[]>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly files: readonly string[];
  readonly index?: {
    readonly total_size: number;
    readonly weight_map: Readonly<Record<string, string>>;
  };
}

export interface GoldenCase {
  readonly name: string;
  readonly folder: string;
  readonly recipe: string;
  readonly expectation: Expectation;
}

export function goldenCases(): GoldenCase[] {
  const root = join(GOLDEN_ROOT, "cases");
  return readdirSync(root)
    .sort()
    .map((name) => {
      const folder = join(root, name);
      const expectation = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expectation;
      return { name, folder, recipe: join(folder, "recipe.yml"), expectation };
    });
}

/** The value of a mergekit option that a case was run with. */
export function optionOf({ expectation: { args } }: GoldenCase, option: string): string | undefined {
  const at = args.indexOf(option);
  return at < 0 ? undefined : args[at + 1];
}
