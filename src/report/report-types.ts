import { diagnosis } from "./diagnosis-types.ts";
import {
  constant,
  count,
  flag,
  list,
  map,
  number,
  object,
  oneOf,
  optional,
  share,
  text,
} from "../forms/forms.ts";
import type { TypeOf } from "../forms/forms.ts";
import type { JsonObject } from "../sources/types.ts";

const interval = object("95 % confidence interval.", {
  low: number("Lower end, a share of 1."),
  high: number("Upper end, a share of 1."),
});

const score = object("A variant on one split; measured elsewhere, counts may be unknown.", {
  split: text("Name of the split."),
  accuracy: share("Right answers as a share of all."),
  correct: optional(count("Right answers.")),
  examples: optional(count("Examples in the split.")),
  interval: optional(interval),
});

const average = object("Mean of the accuracies of several splits, each counting the same.", {
  accuracy: share("The mean."),
  splits: count("Number of splits in it."),
  interval: optional(interval),
});

const variant = object("One row of the comparison.", {
  name: text("Unique."),
  kind: oneOf(
    "base and model: as they are; merge: made of them; curve: a merge on the WiSE-FT curve; ensemble: mean of logits, which is no single model; elsewhere: not measured here.",
    ["base", "model", "merge", "curve", "ensemble", "elsewhere"],
  ),
  method: optional(text("Merge method, for a merge.")),
  description: text("What it is made of, in a few words."),
  members: list("Names of the models in it, the base aside.", text("Name under models.")),
  made: optional(
    oneOf("How its weights came to be: from the coefficients that one measuring pass gave, or by a merge.", [
      "coefficients",
      "merge",
    ]),
  ),
  scores: list("By split; empty without evaluation.", score),
  inDistribution: optional(average),
  underShift: optional(average),
  metrics: optional(map("Numbers that a command evaluator printed.", number("As printed."))),
  distances: optional(
    object("Lengths over all merged tensors, known where it was made from coefficients.", {
      toBase: number("L2 norm of variant - base."),
      toSoup: number("L2 norm of variant - uniform soup of all models."),
    }),
  ),
  kept: optional(text("Folder of its weights below the output folder, if it was kept.")),
  source: optional(text("Where it was measured, for rows that were measured elsewhere.")),
  note: optional(text("What to know when reading its numbers.")),
});

const comparison = object("A variant against the baseline on the same examples: McNemar's exact test.", {
  variant: text("Name of the variant."),
  scope: text('Name of a split, or "in distribution" or "under shift" for all splits of that role together.'),
  examples: count("Examples compared."),
  gained: count("Examples that only the variant has right."),
  lost: count("Examples that only the baseline has right."),
  difference: number("Accuracy of the variant minus that of the baseline, over these examples."),
  p: share("Two-sided p value."),
  adjustedP: share("p after Holm's correction for all variants compared in this scope."),
  verdict: oneOf("At 5 % after the correction.", [
    "better",
    "worse",
    "no measurable difference",
    "identical",
  ]),
});

const curve = object("WiSE-FT: (1 - alpha) base + alpha model.", {
  model: text("Name of the model at alpha 1."),
  points: list(
    "In order of alpha.",
    object("One point.", {
      alpha: number("Share of the model."),
      variant: text("Name of the variant that holds its scores."),
    }),
  ),
});

const greedy = object("Greedy soup: models sorted by held-out score, each kept where the soup gets better.", {
  split: text("The held-out split."),
  examples: count("Its size."),
  variant: text("Name of the variant with the result."),
  members: list("Models in the result, in order of joining.", text("Name under models.")),
  steps: list(
    "In the order in which models were tried.",
    object("One decision.", {
      model: text("Tried model."),
      alone: number("Right answers of the model alone (or the metric, as below)."),
      soup: number("Right answers of the soup with it."),
      best: number("Right answers that it had to beat; 0 for the first model."),
      added: flag("Whether it was kept: strictly better."),
    }),
  ),
});

const model = object("An input model.", {
  name: text("Short unique name."),
  reference: text("As the recipe names it."),
  role: oneOf("Role in the recipe.", ["base", "model"]),
  files: list(
    "Weight files.",
    object("One file.", {
      name: text("Within the model."),
      byteLength: count("Size."),
      sha256: optional(text("In hexadecimal; absent for models too large to hash in passing.")),
    }),
  ),
});

const split = object("A set of examples.", {
  name: text("As the data names it."),
  role: oneOf("What its scores say.", ["in distribution", "shift", "held out"]),
  examples: optional(count("Size; unknown if only measured elsewhere.")),
});

const comparisonReport = object("What stockpot compare found: report.json.", {
  version: constant("Of this format.", 1),
  title: text("For a heading."),
  created: text("When, ISO 8601."),
  versions: map("Of the programs that took part: stockpot, node, tfjs.", text("Version.")),
  recipe: object("The recipe.", {
    file: text("As it was named."),
    text: text("All of it."),
    sha256: text("Of the text, in hexadecimal."),
  }),
  models: list("The base first.", model),
  splits: list("Splits that variants were scored on.", split),
  evaluation: optional(
    object("How variants were scored; absent for a diagnosis without data.", {
      backend: text('What ran them: "wasm", "cpu", "node", "command".'),
      data: optional(text("Folder of the data, as the recipe names it.")),
      seconds: number("Time for all variants."),
    }),
  ),
  variants: list("In the order of the recipe; rows measured elsewhere last.", variant),
  baseline: optional(text("Name of the variant that the others are compared with.")),
  comparisons: list("Of every variant whose answers are known, with the baseline.", comparison),
  verdict: object("The result in words.", {
    headline: text("One sentence."),
    sentences: list("In the order of importance; plain words.", text("One sentence.")),
  }),
  curve: optional(curve),
  greedy: optional(greedy),
  diagnosis: optional(diagnosis),
  warnings: list("What is doubtful about the inputs.", text("One sentence.")),
  seconds: number("Time for everything."),
});

export type CompareReport = TypeOf<typeof comparisonReport>;
export type ReportVariant = TypeOf<typeof variant>;
export type ReportScore = TypeOf<typeof score>;
export type ReportAverage = TypeOf<typeof average>;
export type ReportComparison = TypeOf<typeof comparison>;
export type ReportCurve = TypeOf<typeof curve>;
export type ReportGreedy = TypeOf<typeof greedy>;
export type ReportModel = TypeOf<typeof model>;
export type ReportSplit = TypeOf<typeof split>;
export type Interval = TypeOf<typeof interval>;

/** The JSON schema of report.json, draft 7. */
export function reportSchema(): JsonObject {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Stockpot comparison report",
    ...comparisonReport.schema,
  };
}
