import { CODES, EXIT_STATUS, inspectModel, modelHub } from "../../index.ts";
import type { Command } from "../command.ts";
import { hubOf } from "../hub-options.ts";
import { renderModel } from "../render-model.ts";
import { renderProblems } from "../report-error.ts";

export const inspectCommand: Command = {
  name: "inspect",
  summary: "Describe a model's files and find damage in them.",
  description:
    "Shows what a model's files hold: architecture, parameters, dtypes, shapes, shards, metadata, whether weights are " +
    "tied. Reads headers only, so it is quick for any size. All damage that headers can show is listed on standard error.",
  arguments: [
    {
      name: "MODEL",
      doc: "A folder with safetensors files, one such file, or a model of the Hub: org/name, org/name@revision.",
    },
  ],
  options: ["offline", "json"],
  examples: [
    ["inspect demo/glyphs/base", "what is in it, and is it whole"],
    ["inspect demo/glyphs/base --json > tensors.json", "every tensor, for a program"],
  ],
  async run({ io, options, style, errorStyle }, path) {
    const model = await inspectModel(path, {
      searchFrom: ["."],
      hub: modelHub(await hubOf({ io, options }), io.signal),
    });
    const text =
      options.json === true ? JSON.stringify(model, undefined, 2) : renderModel(model, style).join("\n");
    io.stdout.write(`${text}\n`);
    if (model.problems.length > 0)
      io.stderr.write(`${renderProblems(model.problems, errorStyle).join("\n")}\n`);
    const damage = model.problems.find(({ severity }) => severity === "error");
    return damage === undefined ? 0 : EXIT_STATUS[CODES[damage.code].stage];
  },
};
