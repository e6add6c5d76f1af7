import { Composer, Lexer, Parser, stringify } from "yaml";
import { buildTree } from "./build-tree.ts";
import { MAX_DOCUMENTS, MAX_NESTING, MAX_RECIPE_BYTES, MAX_TOKENS } from "./limits.ts";
import { isMap, toPlain } from "./tree.ts";
import type { CST, Document } from "yaml";
import type { RecipeProblems } from "./problems.ts";
import type { MapNode } from "./tree.ts";

const REASONABLE = "Recipes are far smaller than this; move repetition into anchors, filters or overrides.";

/** Concrete syntax, bounded while it is read: what follows is recursive, and its cost grows with tokens and depth. */
function parseSyntax(text: string, problems: RecipeProblems): CST.Token[] {
  if (new TextEncoder().encode(text).length > MAX_RECIPE_BYTES) {
    const message = `The recipe is larger than ${MAX_RECIPE_BYTES} bytes.`;
    problems.fail("RECIPE_LIMIT", { offset: 0, end: 0 }, message, REASONABLE);
  }
  const parser = new Parser();
  const syntax: CST.Token[] = [];
  let tokens = 0;
  for (const lexeme of new Lexer().lex(text)) {
    syntax.push(...parser.next(lexeme));
    const at = { offset: parser.offset, end: parser.offset + 1 };
    if (parser.stack.length > MAX_NESTING) {
      const message = `Lists and mappings are nested more than ${MAX_NESTING} deep here.`;
      problems.fail("RECIPE_LIMIT", at, message, "The recipe language itself needs ten levels.");
    }
    if (++tokens > MAX_TOKENS) {
      problems.fail("RECIPE_LIMIT", at, `The recipe has more than ${MAX_TOKENS} YAML tokens.`, REASONABLE);
    }
  }
  syntax.push(...parser.end());
  return syntax;
}

/** The documents of the text, one after the other. */
function composeDocuments(text: string, problems: RecipeProblems): Document.Parsed[] {
  // Every scalar stays text ("failsafe"): scalars.ts reads it as PyYAML does. Duplicate keys are reported with both
  // places while the tree is built.
  const composer = new Composer({
    schema: "failsafe",
    version: "1.1",
    resolveKnownTags: false,
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const documents = [...composer.compose(parseSyntax(text, problems), true, text.length)];
  // One mistake makes the parser stumble over what follows: only the first is worth showing.
  const fault = documents.flatMap(({ errors }) => errors)[0];
  if (fault !== undefined) {
    const [offset, end] = fault.pos;
    const hint =
      fault.code === "TAB_AS_INDENT" ? "Indent with spaces." : "Check indentation, quotes and brackets.";
    problems.fail("RECIPE_SYNTAX", { offset, end }, `Not valid YAML: ${fault.message}.`, hint);
  }
  if (documents.length > MAX_DOCUMENTS) {
    const offset = documents[MAX_DOCUMENTS]?.range[0] ?? 0;
    const message = `The file holds more than ${MAX_DOCUMENTS} recipes.`;
    problems.fail("RECIPE_LIMIT", { offset, end: offset }, message, REASONABLE);
  }
  return documents;
}

/**
 * Reads YAML 1.1 text into a tree with positions for each document that is not empty; throws RecipeError if there is
 * nothing to go on with.
 */
export function readYaml(text: string, problems: RecipeProblems): MapNode[] {
  const roots = composeDocuments(text, problems).map(({ contents }) => buildTree(contents, problems));
  const filled = roots.filter((root) => root.kind !== "scalar" || root.value !== null);
  const hint = "List the models to merge under models:.";
  if (filled.length === 0) {
    problems.fail("RECIPE_MISSING_KEY", { offset: 0, end: 0 }, "The recipe is empty.", hint);
  }
  return filled.map((root) => {
    if (isMap(root)) return root;
    const message = "A recipe is a mapping of keys such as models and merge_method.";
    return problems.fail("RECIPE_WRONG_TYPE", root, message, hint);
  });
}

/** A recipe's tree as text that reads back the same. */
export function writeYaml(tree: MapNode): string {
  return stringify(toPlain(tree), { version: "1.1", aliasDuplicateObjects: false, lineWidth: 0 });
}
