import type { Problem } from "../errors.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { OPAQUE_FILES } from "../sources/tokenizer-names.ts";
import type { PlanContext } from "./context.ts";
import { DONOR } from "./models.ts";

/** Files of which one is enough to know a model's tokens. */
const READ_FILES = ["tokenizer.json", "vocab.json", "vocab.txt"];

/**
 * Warns of models whose tokenizers are only there in a format that is not read, and plainly are not the donor's: rows are
 * then merged by position, and nothing tells whether they mean the same tokens.
 */
export function unreadTokenizers({ table, vocabularies }: PlanContext): Problem[] {
  if (vocabularies.merged !== undefined) return [];
  const donor = table.at(DONOR);
  const own = unreadFile(donor);
  if (own === undefined) return [];
  return table.headers.flatMap((model): Problem[] => {
    const other = unreadFile(model);
    if (other === undefined || (other.name === own.name && other.byteLength === own.byteLength)) return [];
    const message =
      `${other.name} of ${model.reference} has ${other.byteLength} bytes, ` +
      `${own.name === other.name ? "that" : own.name} of ${donor.reference} ${own.byteLength}: ` +
      "the vocabularies are not the same, and their rows are merged by position";
    const hint =
      "To match rows by token, give both models a tokenizer.json: AutoTokenizer.from_pretrained(FOLDER)" +
      ".save_pretrained(FOLDER) in transformers writes it.";
    return [{ code: "PLAN_VOCABULARY", severity: "warning", message, hint }];
  });
}

function unreadFile({ sideFiles }: ModelHeaders): ModelHeaders["sideFiles"][number] | undefined {
  if (sideFiles.some(({ name }) => READ_FILES.includes(name))) return undefined;
  return sideFiles.find(({ name }) => OPAQUE_FILES.includes(name));
}
