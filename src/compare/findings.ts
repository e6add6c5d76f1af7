import type { DiagnosedTensor, Diagnosis, Finding } from "../report/diagnosis-types.ts";

/** Below this mean cosine, two task vectors are called nearly orthogonal: t is 0.18 for two models. */
const NEAR_ORTHOGONAL_COSINE = 0.1;
/** A task vector this many times as long as the median (or as short) is called out of line. */
const UNEQUAL_NORM_RATIO = 2;
/** Above this cosine and with norms this close, two models are called nearly the same. */
const SAME_COSINE = 0.99;
/** Share of elements equal to the base, within tensors that moved, from which rounding is worth a word. */
const NOTABLE_ZERO_SHARE = 0.1;
const MOST_NAMES = 20;

export type Facts = Omit<Diagnosis, "findings" | "triangles" | "measure">;
type Check = (facts: Facts) => readonly Finding[];

/** What the geometry means, warnings first. */
export function findingsOf(facts: Facts): Finding[] {
  const found = CHECKS.flatMap((check) => check(facts));
  return [
    ...found.filter(({ severity }) => severity === "warning"),
    ...found.filter(({ severity }) => severity === "note"),
  ];
}

const percent = (share: number) => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;
const fixed = (value: number, digits: number) => value.toFixed(digits);
const tensorsOf = (count: number) => `${count} tensor${count === 1 ? "" : "s"}`;
const named = (tensors: readonly DiagnosedTensor[]) => ({
  tensors: tensors.slice(0, MOST_NAMES).map(({ name }) => name),
  concerned: tensors.length,
});
const mattering = ({ tensors }: Facts) => tensors.filter(({ idle }) => idle === undefined);
const medianOf = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

const unmovedModels: Check = ({ models, tensors }) =>
  models
    .filter(({ unmoved }) => tensors.length > 0 && unmoved === tensors.length)
    .map(({ name }) => ({
      code: "equals_base",
      severity: "warning",
      title: `${name} equals the base`,
      meaning: `${name} has the base's weights, so it has no direction and only draws the mean towards the base.`,
      advice: "Check that its path is right, or leave it out.",
      tensors: [],
    }));

const unequalNorms: Check = (facts) => {
  const out = facts.models.filter(
    ({ norm, normRatio }) =>
      norm > 0 && (normRatio >= UNEQUAL_NORM_RATIO || normRatio <= 1 / UNEQUAL_NORM_RATIO),
  );
  const long = out.filter(({ normRatio }) => normRatio > 1);
  const moved = mattering(facts).filter(({ t }) => t !== undefined);
  const [byCosine, byGram] = [
    medianOf(moved.map(({ t = 0 }) => t)),
    medianOf(moved.map(({ tGram = 0 }) => tGram)),
  ];
  return out.length === 0
    ? []
    : [
        {
          code: "unequal_norms",
          severity: "warning",
          title: "Task vectors of unequal length",
          meaning:
            `${out.map(({ name, normRatio }) => `${name} moved ${fixed(normRatio, 1)} times as far as the median`).join(", ")}: ` +
            "the longest counts most in every mean, and the cosine does not see it.",
          advice:
            `Try theta: gram, which counts lengths (median t ${fixed(byGram, 2)} instead of ${fixed(byCosine, 2)})` +
            (long.length > 0 ? `, or leave out ${long.map(({ name }) => name).join(" and ")}.` : "."),
          tensors: [],
        },
      ];
};

const nearOrthogonal: Check = (facts) => {
  const moved = mattering(facts).filter(({ cosine }) => cosine !== undefined);
  const cosine = medianOf(moved.map((tensor) => tensor.cosine ?? 0));
  if (!(cosine < NEAR_ORTHOGONAL_COSINE)) return [];
  const t = medianOf(moved.map((tensor) => tensor.t ?? 0));
  return [
    {
      code: "near_orthogonal",
      severity: "warning",
      title: "Nearly orthogonal task vectors",
      meaning: `The median cosine is ${fixed(cosine, 3)}, so Model Stock keeps only ${percent(t)} of the mean's way and gives almost the base.`,
      advice:
        "That is what the angle says; if the models learnt different tasks, try task_arithmetic or ties, which add skills instead of averaging them.",
      tensors: [],
    },
  ];
};

const negativeCosines: Check = (facts) => {
  const opposed = facts.tensors.filter(({ clamped }) => clamped);
  if (opposed.length === 0) return [];
  const matter = opposed.filter(({ idle }) => idle === undefined);
  return [
    {
      code: "negative_cosine",
      severity: matter.length > facts.all.tensors / 10 ? "warning" : "note",
      title: "Opposed task vectors",
      meaning:
        `In ${opposed.length} of ${tensorsOf(facts.all.tensors)} (${percent(opposed.length / facts.all.tensors)}) the models pull in opposite directions on average; ` +
        "t was clamped to 0 there, which gives the base.",
      advice:
        matter.length === 0
          ? "Nothing: no output depends on these tensors."
          : "Look at which models disagree (the cosines of pairs) and try without the odd one out.",
      ...named(opposed),
    },
  ];
};

const sameModels: Check = ({ models, cosines }) => {
  let pair = 0;
  return models.flatMap((first, i) =>
    models.slice(i + 1).flatMap((second): Finding[] => {
      const cosine = cosines[pair++] ?? 0;
      const ratio = first.norm / second.norm;
      if (cosine < SAME_COSINE || ratio > 1.1 || ratio < 1 / 1.1) return [];
      return [
        {
          code: "same_models",
          severity: "warning",
          title: `${first.name} and ${second.name} are nearly the same`,
          meaning: `Their task vectors have a cosine of ${fixed(cosine, 4)}: they count twice and say the same.`,
          advice: "Leave one out, or take a run with another seed or other settings.",
          tensors: [],
        },
      ];
    }),
  );
};

const unmovedTensors: Check = ({ tensors, all }) => {
  const unmoved = tensors.filter(
    ({ norms, idle }) => idle === undefined && norms.every((norm) => norm === 0),
  );
  if (unmoved.length === 0 || unmoved.length === tensors.length) return [];
  return [
    {
      code: "unmoved",
      severity: "note",
      title: "Tensors that no model changed",
      meaning: `All models have the base's values in ${unmoved.length} of ${tensorsOf(all.tensors)}, and so has every merge.`,
      advice: "Nothing, if they were frozen in training.",
      ...named(unmoved),
    },
  ];
};

const zeroDeltas: Check = ({ models, tensors }) => {
  const shares = models.map(({ name }, i) => {
    const moved = tensors.filter(({ norms }) => (norms[i] ?? 0) > 0);
    const elements = moved.reduce((sum, tensor) => sum + tensor.elements, 0);
    const zeros = moved.reduce((sum, tensor) => sum + (tensor.zeroShare[i] ?? 0) * tensor.elements, 0);
    return { name, share: elements > 0 ? zeros / elements : 0 };
  });
  const notable = shares.filter(({ share }) => share >= NOTABLE_ZERO_SHARE);
  if (notable.length === 0) return [];
  return [
    {
      code: "zero_deltas",
      severity: "note",
      title: "Weights that stayed at the base's values",
      meaning: `${notable.map(({ name, share }) => `${percent(share)} of ${name}`).join(", ")} equal the base exactly in tensors that moved: weights of 16 bits round small updates away, and the measured cosines are then lower than the true ones.`,
      advice: "Merge from checkpoints in a wider dtype if there are any.",
      tensors: [],
    },
  ];
};

const idleTensors: Check = ({ tensors }) => {
  const idle = tensors.filter((tensor) => tensor.idle !== undefined);
  const reasons = [...new Set(idle.map((tensor) => tensor.idle ?? ""))];
  return reasons.map((reason) => {
    const concerned = idle.filter((tensor) => tensor.idle === reason);
    const moved = concerned.some(({ norms }) => norms.some((norm) => norm > 0));
    return {
      code: "idle",
      severity: "note",
      title: "Tensors that no output depends on",
      meaning: `${reason} ${moved ? "What the models have there is noise, whatever its angles." : "No model changed it."}`,
      advice: moved ? "Nothing: leave these out when you read the angles." : "Nothing.",
      ...named(concerned),
    };
  });
};

const CHECKS: readonly Check[] = [
  unmovedModels,
  unequalNorms,
  nearOrthogonal,
  sameModels,
  negativeCosines,
  zeroDeltas,
  unmovedTensors,
  idleTensors,
];
