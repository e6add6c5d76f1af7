import type { MergePlan, PlannedTensor } from "../plan/types.ts";
import { codeSpan } from "./markdown.ts";

/** What the card says of methods. */
interface MethodTexts {
  readonly linkTo: (method: string) => string;
  readonly defaultOf: (method: string, parameter: string) => unknown;
}

/** Names of tensors listed for one override. */
const NAMES_SHOWN = 4;

/** One line for each override of the recipe that a tensor follows: method, parameters, layers and tensors. */
export function renderOverrides({ tensors }: MergePlan, methods: MethodTexts): string[] {
  const groups = new Map<string, PlannedTensor[]>();
  for (const tensor of tensors) {
    if (tensor.override === undefined) continue;
    const key = `${tensor.override} ${tensor.method}`;
    groups.set(key, [...(groups.get(key) ?? []), tensor]);
  }
  if (groups.size === 0) return [];
  const ordered = [...groups.values()].sort((a, b) => (a[0]?.override ?? 0) - (b[0]?.override ?? 0));
  return ["## Overrides", ordered.map((group) => `- ${describe(group, methods)}`).join("\n")];
}

function describe(group: readonly PlannedTensor[], { linkTo, defaultOf }: MethodTexts): string {
  const layers = [...new Set(group.flatMap(({ layer }) => layer ?? []))].sort((a, b) => a - b);
  const names = group.slice(0, NAMES_SHOWN).map(({ name }) => codeSpan(name));
  const more = group.length - names.length;
  const listed = more > 0 ? `${names.join(", ")} and ${more} more` : names.join(", ");
  const where =
    layers.length === 0 ? "" : ` in ${layers.length === 1 ? "layer" : "layers"} ${ranges(layers)}`;
  const count = group.length === 1 ? "1 tensor" : `${group.length} tensors`;
  const method = group[0]?.method ?? "";
  const parameters = parametersOf(group, (name) => defaultOf(method, name));
  return `${linkTo(method)}${parameters} at ${count}${where}: ${listed}`;
}

/** Parameters that are the same in the whole group, and not what they are anyway. */
function parametersOf(group: readonly PlannedTensor[], defaultOf: (name: string) => unknown): string {
  const [first] = group;
  const shared = Object.entries(first?.parameters ?? {}).filter(
    ([name, value]) =>
      value !== defaultOf(name) && group.every(({ parameters }) => parameters[name] === value),
  );
  return shared.length === 0
    ? ""
    : ` (${shared.map(([name, value]) => `${name} ${String(value)}`).join(", ")})`;
}

/** 0-3, 7 */
function ranges(numbers: readonly number[]): string {
  const parts: [first: number, last: number][] = [];
  for (const number of numbers) {
    const part = parts.at(-1);
    if (part?.[1] === number - 1) part[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(", ");
}
