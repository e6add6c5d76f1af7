import { join } from "node:path";
import { problemOf } from "../errors.ts";
import type { Problem } from "../errors.ts";
import { READ_FILES, readModelTexts } from "../merge/tokenizers.ts";
import { vocabularyRows } from "../plan/token-rows.ts";
import { plainJson } from "../sources/config.ts";
import { readText } from "../sources/file.ts";
import { readModel } from "../sources/read-model.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { tokensWithoutRow } from "../tokenizer/tokens-from.ts";
import { fault } from "./problems.ts";

/** The largest JSON files of models are tokenizers, of up to 35 MB. */
const MAX_JSON_BYTES = 2 ** 27;

/**
 * What can be told of a model's folder without a lock file: the index, every shard and its length, the rules of headers,
 * config.json and all other JSON, and that each token has a row. Not that the bytes are those that were written.
 */
export async function checkUnlocked(folder: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  const location = { path: folder, kind: "folder" } as const;
  const model = await readModel(folder, location, (error) => problems.push(problemOf(error)));
  const broken = await brokenJson(model);
  return [...problems, ...broken, ...(broken.length === 0 ? await rowlessTokens(model) : [])];
}

async function brokenJson({ location, sideFiles }: ModelHeaders): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { name, byteLength } of sideFiles) {
    if (!name.endsWith(".json") || byteLength > MAX_JSON_BYTES) continue;
    const path = join(location, name);
    const text = await readText(path, MAX_JSON_BYTES);
    try {
      JSON.parse(plainJson(text));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push(
        fault("SOURCE_CONFIG", `${path} is not valid JSON: ${reason}`, "Fetch or write it again."),
      );
    }
  }
  return problems;
}

async function rowlessTokens(model: ModelHeaders): Promise<Problem[]> {
  const rows = vocabularyRows(model);
  const texts = await readModelTexts([model], READ_FILES);
  const files = texts.get(model.reference)?.tokenizer;
  if (rows === undefined || files === undefined) return [];
  const { count, examples } = tokensWithoutRow(files, model.reference, rows);
  if (count === 0) return [];
  const shown = examples.map((token) => JSON.stringify(token)).join(", ");
  const tokens = count === 1 ? "a token" : `${count} tokens`;
  const message = `its tokenizer has ${tokens} beyond the ${rows} rows of its embeddings (${shown}${count > examples.length ? ", ..." : ""})`;
  return [fault("FORMAT_TOKENIZER", message, "Take the tokenizer that belongs to the weights.")];
}
