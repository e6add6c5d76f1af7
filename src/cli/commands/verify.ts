import { CODES, EXIT_STATUS, verify } from "../../index.ts";
import type { Command } from "../command.ts";
import { hubOf } from "../hub-options.ts";
import { createProgress } from "../progress.ts";
import { renderVerification } from "../render-verification.ts";
import { renderProblems } from "../report-error.ts";

export const verifyCommand: Command = {
  name: "verify",
  summary: "Check that an output is what its merge wrote.",
  description:
    "Reads all files of OUT and holds their lengths and SHA-256 against OUT/stockpot.lock.json. Plans the recipe in OUT " +
    "again and holds every tensor of the weights against the plan. README.md may be edited freely. Run it in the folder " +
    "in which the merge ran; where the models are not at hand, only the planning is left out. What is wrong is listed on " +
    "standard error, file by file.",
  arguments: [{ name: "OUT", doc: "The output folder of a merge." }],
  options: ["hashInputs", "allowCode", "transformersCache", "quiet", "json"],
  examples: [
    ["verify merged", "did the output arrive whole, and does the recipe still give it"],
    ["verify merged --json > verified.json", "every file and its state, for a program"],
  ],
  async run({ io, options, style, errorStyle }, out = "") {
    const progress = createProgress(io, errorStyle, options.quiet);
    const started = performance.now();
    try {
      const { hashInputs, allowCode } = options;
      const report = await verify({
        out,
        ...{ hashInputs, allowCode, hub: await hubOf({ io, options }) },
        signal: io.signal,
        onProgress: (done, total) => progress.update(done, total),
      });
      progress.stop();
      const seconds = (performance.now() - started) / 1000;
      if (options.json === true) io.stdout.write(`${JSON.stringify({ ...report, seconds }, undefined, 2)}\n`);
      else if (options.quiet !== true)
        io.stdout.write(`${renderVerification(report, { out, seconds }, style).join("\n")}\n`);
      if (report.problems.length > 0)
        io.stderr.write(`${renderProblems(report.problems, errorStyle).join("\n")}\n`);
      const first = report.problems.find(({ severity }) => severity === "error");
      return first === undefined ? 0 : EXIT_STATUS[CODES[first.code].stage];
    } finally {
      progress.stop();
    }
  },
};
