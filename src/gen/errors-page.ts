import { CODES, EXIT_STATUS } from "../errors.ts";
import { DO_NOT_EDIT, table } from "./markdown.ts";
import type { Stage } from "../errors.ts";

const TITLES: Readonly<Record<Stage, string>> = {
  internal: "Defects",
  usage: "Command line and API",
  recipe: "Recipe",
  source: "Models",
  format: "Safetensors files",
  plan: "Plan",
  engine: "Running",
  sink: "Output",
  evaluate: "Evaluation",
  verify: "Verification",
  interrupted: "Interruption",
};

function section(stage: Stage): string {
  const codes = Object.entries(CODES).filter(([, entry]) => entry.stage === stage);
  const rows = codes.map(([code, { text }]) => [`\`${code}\``, text]);
  return `## ${TITLES[stage]}: exit status ${EXIT_STATUS[stage]}\n\n${table(["code", "meaning"], rows)}\n`;
}

/** docs/errors.md: every code with its sentence, under the exit status of its stage. */
export function errorsPage(): string {
  const intro =
    "Every failure has a code, and the stage that it belongs to fixes the exit status of the command line. Status 0 is\n" +
    "success. Problems of a recipe and of a plan are collected and shown together; each has its own code, and the status\n" +
    "is that of the first error. A code may also be a warning, which does not change the status.";
  const stages = Object.keys(EXIT_STATUS) as Stage[];
  return [DO_NOT_EDIT, "", "# Errors", "", intro, "", stages.map(section).join("\n")].join("\n");
}
