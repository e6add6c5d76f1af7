import { estimateResources, plan } from "../../index.ts";
import type { MergePlan } from "../../index.ts";
import type { Command } from "../command.ts";
import { hubOf } from "../hub-options.ts";
import { textWidth } from "../io.ts";
import { planOptions } from "../merge-options.ts";
import { PLAN_OPTIONS } from "../options.ts";
import { renderExplanations } from "../render-explanation.ts";
import { renderPlanDetails, renderPlanSummary } from "../render-plan.ts";
import { renderTokenizer } from "../render-tokenizer.ts";
import { renderProblems } from "../report-error.ts";

export const planCommand: Command = {
  name: "plan",
  summary: "Check a recipe and its models, and show what a merge would do.",
  description:
    "Reads RECIPE and the headers of its models and checks everything that can be known before a weight is read. " +
    "Shows which tensor is made how, the size of the output, and what a merge needs. Writes nothing.",
  arguments: [{ name: "RECIPE", doc: "A YAML file." }],
  options: [...PLAN_OPTIONS, "workers", "tileBytes", "store", "explain", "json"],
  examples: [
    ["plan recipes/glyphs-overrides.yml", "is the recipe right, and what would happen"],
    [
      "plan recipes/glyphs-overrides.yml --explain classifier.weight",
      "which line of the recipe says how this tensor is made",
    ],
    ["plan recipes/glyphs-slerp.yml --json > plan.json", "the plan that the engine would execute"],
  ],
  async run({ io, options, style, errorStyle }, recipe = "") {
    const hub = await hubOf({ io, options });
    const planned = await plan({
      recipe,
      ...planOptions(options),
      ...{ hub, signal: io.signal, explain: options.explain },
    });
    if (options.json === true) {
      io.stdout.write(`${printPlan(planned)}\n`);
      return 0;
    }
    const { workers, tileBytes, store } = options;
    const resources = await estimateResources(planned, { workers, tileBytes, hub, noStore: store === false });
    const tokens = renderTokenizer(planned, style);
    const details =
      options.explain === undefined
        ? [
            style.heading(`Plan of ${recipe}`),
            ...renderPlanSummary(planned, resources, style),
            "",
            ...tokens,
            ...(tokens.length > 0 ? [""] : []),
            ...renderPlanDetails(planned, style),
          ]
        : renderExplanations(planned, style, textWidth(io.stdout));
    io.stdout.write(`${details.join("\n")}\n`);
    if (planned.warnings.length > 0) {
      io.stderr.write(`\n${renderProblems(planned.warnings, errorStyle).join("\n")}\n`);
    }
    return 0;
  },
};

/** JSON with lists of numbers on one line each: shapes, and the runs of rows of a large vocabulary. */
function printPlan(planned: MergePlan): string {
  const text = JSON.stringify(planned, undefined, 2);
  // No line ends within a string.
  return text.replace(
    /\[\n\s*(-?\d[^[\]{}"]*?)\s*\n\s*\]/g,
    (_, numbers: string) => `[${numbers.replace(/\s+/g, " ")}]`,
  );
}
