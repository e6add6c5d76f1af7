import type { ModelReference } from "../sources/types.ts";
import { referenceText } from "../sources/types.ts";

/** "a, b and c" */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

const lastPart = (path: string) => path.split(/[\\/]/).findLast((part) => part !== "") ?? path;

/** Short names by `referenceText`: the last part of the path where that is unique, else the whole reference. */
export function shortNames(models: readonly ModelReference[]): ReadonlyMap<string, string> {
  const short = models.map(({ path }) => lastPart(path));
  return new Map(
    models.map((model, i): [string, string] => {
      const name = short[i] ?? "";
      const whole = referenceText(model);
      return [whole, short.filter((each) => each === name).length === 1 ? name : whole];
    }),
  );
}
