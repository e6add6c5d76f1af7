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
  const [pieces = 0, rows = Infinity] = [vocabularies.piecesOf(DONOR), vocabularies.rows[DONOR]];
  const long = pieces > rows ? [tooLong(donor.reference, own.name, pieces, rows)] : [];
  const others = table.headers.flatMap((model): Problem[] => {
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
  return [...long, ...others];
}

function tooLong(reference: string, name: string, pieces: number, rows: number): Problem {
  const message = `${name} of ${reference} has ${pieces} tokens, and its embeddings ${rows} rows: the output cannot read text that holds the last of them`;
  const hint = "Check that the tokenizer is the one that belongs to the weights.";
  return { code: "PLAN_VOCABULARY", severity: "warning", message, hint };
}

/** The file of a model's tokenizer, if it has none that is read. */
export function unreadFile({ sideFiles }: ModelHeaders): ModelHeaders["sideFiles"][number] | undefined {
  if (sideFiles.some(({ name }) => READ_FILES.includes(name))) return undefined;
  return sideFiles.find(({ name }) => OPAQUE_FILES.includes(name));
}
