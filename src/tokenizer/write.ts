import { PlanError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import type { LargeText } from "../sources/types.ts";
import { OPAQUE_FILES } from "../sources/tokenizer-names.ts";
import { namedFile } from "./files.ts";
import { wholeText } from "./json.ts";
import type { NamedText } from "./json.ts";
import { modelSection } from "./model-section.ts";
import type { ModelSection } from "./model-section.ts";
import { modelAt } from "./output-vocabulary.ts";
import type { OutputVocabulary } from "./output-vocabulary.ts";
import { countTokens } from "./token-count.ts";
import type { TokenCount } from "./token-count.ts";
import type { TokenizedModel } from "./types.ts";
import {
  addedTokensJson,
  mergesText,
  tokenizerConfig,
  tokenizerRoles,
  vocabJson,
  vocabText,
} from "./write-parts.ts";
import { tokenizerJson } from "./write-tokenizer-json.ts";

/** The output's tokenizer files. Those of `TOKENIZER_FILES` that are neither written nor copied must not be there. */
export interface WrittenTokenizer {
  /** Position of the model whose files are copied. */
  readonly donor: number;
  /** Names of the donor's files that stay as they are. */
  readonly copied: readonly string[];
  /** Texts by name. */
  readonly files: ReadonlyMap<string, string | LargeText>;
  /** Names of the donor's files that the new vocabulary makes wrong. */
  readonly omitted: readonly string[];
  /** New tokens that have rows, but that no text is encoded to. */
  readonly unreachable: TokenCount;
  readonly warnings: readonly Problem[];
}

/**
 * Makes the tokenizer files for an output vocabulary from the donor's: all are copied if nothing changes; otherwise
 * each is written with the new tokens, and files of formats that nothing here writes are left out. BPE gets the merges
 * of other models for their tokens, Unigram their scores. Throws PLAN_TOKENIZER if the donor's format cannot hold it.
 */
export function writeTokenizer(
  output: OutputVocabulary,
  models: readonly TokenizedModel[],
): WrittenTokenizer {
  const donor = modelAt(models, output.donor);
  checkIds(output);
  const names = [...donor.files.keys()];
  const files = new Map<string, string | LargeText>();
  const unchanged = { donor: output.donor, copied: names, files, omitted: [], unreachable: countTokens([]) };
  if (isUnchanged(output, donor)) return { ...unchanged, warnings: warningsOf(output, donor, [], []) };
  const section = modelSection(output, models, donor);
  const copied: string[] = [];
  const omitted: string[] = [];
  for (const name of names) {
    const file = namedFile(donor.files, name, donor.reference);
    const write = WRITERS.get(name);
    const text = file === undefined ? undefined : write?.(file, section, output);
    if (text !== undefined) files.set(name, text);
    else if (write !== undefined || (OPAQUE_FILES.includes(name) && changesModel(output))) omitted.push(name);
    else copied.push(name);
  }
  addMissingFile(files, donor, section);
  const { unreachable } = section;
  const warnings = warningsOf(output, donor, unreachable, omitted);
  return { donor: output.donor, copied, files, omitted, unreachable: countTokens(unreachable), warnings };
}

type Writer = (
  file: NamedText,
  section: ModelSection,
  output: OutputVocabulary,
) => string | LargeText | undefined;

const WRITERS: ReadonlyMap<string, Writer> = new Map<string, Writer>([
  ["tokenizer.json", tokenizerJson],
  ["tokenizer_config.json", tokenizerConfig],
  ["special_tokens_map.json", tokenizerRoles],
  ["added_tokens.json", (_, section) => addedTokensJson(section)],
  ["vocab.json", (_, section) => vocabJson(section)],
  ["merges.txt", (file, section) => mergesText(file, section)],
  ["vocab.txt", (_, section) => vocabText(section)],
]);

/** A tokenizer of several files may have had no file for added tokens so far. */
function addMissingFile(
  files: Map<string, string | LargeText>,
  { vocabulary }: TokenizedModel,
  section: ModelSection,
): void {
  if (vocabulary.file === "tokenizer.json" || files.has("added_tokens.json")) return;
  const listed = wholeText(files.get("tokenizer_config.json") ?? "").includes('"added_tokens_decoder"');
  if (!listed && section.added.some(({ outside }) => outside)) {
    files.set("added_tokens.json", addedTokensJson(section));
  }
}

/** True if the donor's own files say exactly what the output needs. */
function isUnchanged({ ids, added }: OutputVocabulary, { vocabulary }: TokenizedModel): boolean {
  if (ids.size !== vocabulary.ids.size || added.size !== vocabulary.added.size) return false;
  return [...added.values()].every((token) => vocabulary.added.get(token.content) === token);
}

function changesModel({ brought, removed }: OutputVocabulary): boolean {
  return brought.size > 0 || removed.length > 0;
}

/** Every token must have a row: a model that is asked for another one crashes. */
function checkIds({ ids, rows }: OutputVocabulary): void {
  for (const [token, id] of ids) {
    if (id < rows) continue;
    const message = `The token ${JSON.stringify(token)} has the id ${id}, but there are ${rows} rows`;
    throw new PlanError("PLAN_TOKENIZER", message);
  }
}

function warningsOf(
  output: OutputVocabulary,
  donor: TokenizedModel,
  unreachable: readonly string[],
  omitted: readonly string[],
): Problem[] {
  const warn = (tokens: readonly string[], what: string, hint: string): Problem[] => {
    const { count, examples } = countTokens(tokens.map((token) => JSON.stringify(token)));
    if (count === 0) return [];
    const message = `${what} (${count}): ${examples.join(", ")}${count > examples.length ? ", ..." : ""}`;
    return [{ code: "PLAN_TOKENIZER", severity: "warning", message, hint }];
  };
  return [
    ...warn(
      output.removed,
      `Tokens of ${donor.reference} are left out, as it has no rows for them`,
      "Name them under tokenizer.tokens to give them rows.",
    ),
    ...warn(
      output.conflicts,
      "Added tokens are defined in several ways, and the first definition is kept",
      "Compare their flags (lstrip, rstrip, single_word, normalized, special) if texts are cut differently.",
    ),
    ...warn(
      unreachable,
      "New tokens have rows, but no text is encoded to them, as the merges for them are lacking or come too late",
      "They can still be decoded. Leave them out with tokenizer: {source: base}.",
    ),
    ...warn(
      omitted,
      "Tokenizer files are left out, as they cannot hold the new tokens",
      "Use tokenizer.json, which has them.",
    ),
  ];
}
