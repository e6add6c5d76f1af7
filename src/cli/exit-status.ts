import { EXIT_STATUS } from "../index.ts";
import type { Stage } from "../index.ts";

const MEANINGS: Readonly<Record<Stage, string>> = {
  internal: "a defect in Stockpot",
  usage: "the command line could not be understood",
  recipe: "something is wrong in the recipe",
  source: "a model is not there or cannot be read",
  format: "a model's file is damaged",
  plan: "the models do not fit the recipe or each other",
  engine: "the merge itself failed, or gave NaN or infinity",
  sink: "the output could not be written",
  evaluate: "a model could not be evaluated",
  verify: "an output is not what its merge wrote",
  interrupted: "stopped by Ctrl-C or SIGTERM",
};

/** What each exit status means, for `--help` and docs/cli.md. */
export const EXIT_STATUS_ROWS: readonly { readonly status: number; readonly meaning: string }[] = [
  { status: 0, meaning: "done" },
  ...(Object.keys(EXIT_STATUS) as Stage[]).map((stage) => ({
    status: EXIT_STATUS[stage],
    meaning: MEANINGS[stage],
  })),
];
