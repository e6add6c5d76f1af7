import { count, flag, list, number, object, oneOf, optional, share, text } from "../forms/forms.ts";
import type { TypeOf } from "../forms/forms.ts";

const KINDS = ["attention", "mlp", "norm", "bias", "embedding", "head", "other"] as const;

const spread = object("Distribution over tensors.", {
  count: count("Tensors with this number."),
  minimum: number("Smallest."),
  lowerQuartile: number("25 %, linear interpolation."),
  median: number("50 %."),
  upperQuartile: number("75 %."),
  maximum: number("Largest."),
});

const group = {
  tensors: count("Tensors in the group."),
  elements: count("Their elements."),
  angle: optional(spread),
  t: optional(spread),
  negative: count("Tensors with a negative mean cosine."),
  clamped: count("Tensors whose t was clamped to 0."),
  unmoved: count("Tensors that no model changed."),
};

const tensor = object("One merged tensor. Lists of models have the order of `models`.", {
  name: text("In the output."),
  kind: oneOf("What it does in the network.", KINDS),
  layer: optional(count("Number of its layer.")),
  elements: count("Elements."),
  norms: list("L2 norm of each model's task vector (model - base).", number("0: the model equals the base.")),
  cosines: list(
    "Cosine of each pair of models, (1,2), (1,3), ..., (2,3), ...; 0 where one of them equals the base.",
    number("-1 to 1."),
  ),
  zeroShare: list("Share of elements of the task vector that are exactly zero.", share("0 to 1.")),
  cosine: optional(number("Mean over pairs of models that moved.")),
  angle: optional(number("Its arc cosine, degrees.")),
  t: optional(number("Model Stock's ratio with theta: cosine, in [0, 1].")),
  tGram: optional(number("The ratio with theta: gram, which counts the norms.")),
  clamped: flag("The cosine is negative and t was set to 0."),
  soupToBase: number("L2 norm of uniform soup - base."),
  mergedToSoup: number("L2 norm of Model Stock - uniform soup."),
  idle: optional(text("Why no output depends on it, if that is known of the architecture.")),
});

const point = object("A point of the plane, in units of weights.", {
  x: number("Along base to mean."),
  y: number("Across."),
});

const triangle = object(
  "Base, models and merged point of one tensor, to scale, in the plane through the base (0, 0), the mean (on the x axis) and the direction across in which the models differ most.",
  {
    tensor: text("Its name."),
    size: oneOf("Which case it shows.", ["small angle", "large angle"]),
    angle: number("Mean angle between the task vectors, degrees."),
    t: number("Ratio of Model Stock: merged = base + t (mean - base)."),
    models: list("In the order of `models`.", point),
    mean: point,
    merged: point,
    shown: share(
      "Share of the models' squared distances from the base that lies in the plane; 1 for two models.",
    ),
  },
);

const finding = object("Something that the geometry tells, and what to do about it.", {
  code: text("Stable name: near_orthogonal, unequal_norms, ..."),
  severity: oneOf("How much it matters.", ["note", "warning"]),
  title: text("A few words."),
  meaning: text("One sentence: what it means."),
  advice: text("One sentence: what to try."),
  tensors: list("Tensors concerned, if it is about some; at most 20 names.", text("Name.")),
  concerned: optional(count("How many tensors it concerns, if it is about some.")),
});

export const diagnosis = object("What the weights tell without any data.", {
  models: list(
    "In the order of all lists of models.",
    object("One fine-tuned model.", {
      name: text("Name under models."),
      norm: number("L2 norm of its task vector over all tensors."),
      normRatio: number("Its norm over the median norm of the models."),
      zeroShare: share("Share of elements that are equal to the base."),
      unmoved: count("Tensors equal to the base."),
    }),
  ),
  cosines: list("Cosines of whole task vectors, by pairs as in tensors.", number("-1 to 1.")),
  all: object("All tensors.", group),
  kinds: list(
    "By kind; kinds without a tensor are left out.",
    object("A kind.", { kind: oneOf("Kind of tensor.", KINDS), ...group }),
  ),
  layers: list(
    "By layer, in order; tensors outside layers are left out.",
    object("A layer.", { layer: count("Number."), ...group }),
  ),
  soupToBase: number("L2 norm of uniform soup - base over all tensors."),
  mergedToSoup: number("L2 norm of Model Stock - uniform soup over all tensors."),
  findings: list("Most important first.", finding),
  triangles: list("For a tensor with a small and one with a large angle.", triangle),
  tensors: list("In the order of the output.", tensor),
  measure: object("What the measuring pass cost.", {
    seconds: number("Time."),
    readBytes: count("Bytes read."),
  }),
});

export type Diagnosis = TypeOf<typeof diagnosis>;
export type DiagnosedTensor = Diagnosis["tensors"][number];
export type DiagnosedGroup = Diagnosis["all"];
export type DiagnosedModel = Diagnosis["models"][number];
export type Finding = Diagnosis["findings"][number];
export type Triangle = Diagnosis["triangles"][number];
export type ReportSpread = NonNullable<DiagnosedGroup["angle"]>;
