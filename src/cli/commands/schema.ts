import { recipeSchema } from "../../index.ts";
import type { Command } from "../command.ts";

export const schemaCommand: Command = {
  name: "schema",
  summary: "Print the JSON schema of recipes.",
  description:
    "Prints the JSON schema that recipes are checked with. An editor that knows it completes keys and explains them.",
  arguments: [],
  options: [],
  examples: [["schema > recipe.schema.json", "keep the schema beside your recipes"]],
  run({ io }) {
    io.stdout.write(`${JSON.stringify(recipeSchema(), undefined, 2)}\n`);
    return 0;
  },
};
