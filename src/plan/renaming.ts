import type { ModelHeaders } from "../sources/types.ts";
import type { Findings } from "./findings.ts";
import { DONOR } from "./models.ts";
import type { ModelTable } from "./models.ts";

/** How the names of a model's tensors correspond to the donor's. */
export interface Renaming {
  readonly toDonor: (name: string) => string;
  readonly toModel: (donorName: string) => string;
}

const UNCHANGED: Renaming = { toDonor: (name) => name, toModel: (name) => name };

type Names = ModelHeaders["tensors"];

/**
 * For each model of the table. Most names are equal; but a network saved without its head has names without the first
 * component ("h.0.ln_1.weight" beside "transformer.h.0.ln_1.weight"), and is the same network.
 */
export function renamingsOf(table: ModelTable, findings: Findings): Renaming[] {
  const donor = table.at(DONOR);
  return table.headers.map((model) =>
    model === donor ? UNCHANGED : withOldNorms(renamingOf(model, donor, findings), model, donor, findings),
  );
}

function renamingOf(model: ModelHeaders, donor: ModelHeaders, findings: Findings): Renaming {
  if (mostlyEqual(donor.tensors, model.tensors)) return UNCHANGED;
  const more = prefixOf(model.tensors, donor.tensors);
  const less = more === undefined ? prefixOf(donor.tensors, model.tensors) : undefined;
  if (more === undefined && less === undefined) return UNCHANGED;
  findings.add(`renamed|${model.reference}`, model.reference, {
    code: "PLAN_RENAMED",
    severity: "warning",
    sentence: () =>
      more === undefined
        ? `The names of ${model.reference} lack the "${less ?? ""}" of ${donor.reference}'s; they are matched with it.`
        : `The names of ${model.reference} begin with "${more}", those of ${donor.reference} do not; they are matched without it.`,
  });
  if (more !== undefined)
    return { toDonor: without(more, donor.tensors), toModel: withPrefix(more, model.tensors) };
  const prefix = less ?? "";
  return { toDonor: withPrefix(prefix, donor.tensors), toModel: without(prefix, model.tensors) };
}

/** What BERT's first checkpoints, converted from TensorFlow, call a norm's parameters; transformers reads both names. */
const OLD_NORMS = [
  ["LayerNorm.gamma", "LayerNorm.weight"],
  ["LayerNorm.beta", "LayerNorm.bias"],
] as const;

/** The old name of a norm's parameter for the new one, and the other way round. */
function otherNormName(name: string): string | undefined {
  for (const [old, now] of OLD_NORMS) {
    if (name.endsWith(old)) return name.slice(0, -old.length) + now;
    if (name.endsWith(now)) return name.slice(0, -now.length) + old;
  }
  return undefined;
}

function withOldNorms(
  { toDonor, toModel }: Renaming,
  model: ModelHeaders,
  donor: ModelHeaders,
  findings: Findings,
): Renaming {
  const through = (rename: (name: string) => string, target: Names) => (name: string) => {
    const other = otherNormName(name);
    const renamed = rename(name);
    if (other === undefined || target.has(renamed)) return renamed;
    return target.has(rename(other)) ? rename(other) : renamed;
  };
  const renaming = { toDonor: through(toDonor, donor.tensors), toModel: through(toModel, model.tensors) };
  const isOld = [...model.tensors.keys()].some((name) => renaming.toDonor(name) !== toDonor(name));
  if (!isOld) return { toDonor, toModel };
  findings.add(`norms|${model.reference}`, model.reference, {
    code: "PLAN_RENAMED",
    severity: "warning",
    sentence: () =>
      `${model.reference} and ${donor.reference} call the parameters of norms by other names, gamma and beta or weight and bias; they are matched.`,
  });
  return renaming;
}

/** Names that the other model has not under the other name stay as they are: a head that only one of them has. */
const without = (prefix: string, shorter: Names) => (name: string) => {
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return shorter.has(rest) ? rest : name;
};

const withPrefix = (prefix: string, longer: Names) => (name: string) =>
  longer.has(prefix + name) ? prefix + name : name;

function mostlyEqual(a: Names, b: Names): boolean {
  const shared = [...a.keys()].filter((name) => b.has(name)).length;
  return 2 * shared >= Math.min(a.size, b.size);
}

/** The first component that most of the longer names have in front of shorter ones. */
function prefixOf(longer: Names, shorter: Names): string | undefined {
  const counts = new Map<string, number>();
  for (const name of longer.keys()) {
    const prefix = name.slice(0, name.indexOf(".") + 1);
    if (prefix === "" || !shorter.has(name.slice(prefix.length))) continue;
    counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  }
  const [best] = [...counts].sort(([, a], [, b]) => b - a);
  return best !== undefined && 2 * best[1] > Math.min(longer.size, shorter.size) ? best[0] : undefined;
}
