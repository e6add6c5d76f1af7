import { createHash } from "node:crypto";
import { LOCK_NAME } from "../lock/lock-file.ts";
import type { LockedInput } from "../lock/lock-file.ts";
import { codeSpan } from "./markdown.ts";

/** Weight files listed for one model; the lock file has all. */
const FILES_SHOWN = 4;
const WEIGHTS = /^[^/]+\.(?:safetensors|bin|pth?|ckpt)$/;

/** What the output was made from, by digests; the lock file beside it has all of them. */
export function renderProvenance(recipeText: string, inputs: readonly LockedInput[] | undefined): string[] {
  if (inputs === undefined) return [];
  const recipe = createHash("sha256").update(recipeText).digest("hex");
  const head = ["| model | commit | weights | SHA-256 |", "| --- | --- | --- | --- |"];
  return [
    "## Provenance",
    `The recipe has the SHA-256 ${codeSpan(recipe)}. ${codeSpan(LOCK_NAME)} holds the digests of all files that were read ` +
      `and written; ${codeSpan("stockpot verify")} compares them.`,
    [...head, ...inputs.flatMap(rowsOf)].join("\n"),
  ];
}

function rowsOf({ reference, revision, adapter, files }: LockedInput): string[] {
  const all = files.filter(({ name }) => WEIGHTS.test(name));
  // The last is the adapter's, which has a commit of its own.
  const weights = adapter === undefined ? all : all.slice(0, -1);
  const last = adapter === undefined ? [] : all.slice(-1);
  const code = (text: string | undefined) => (text === undefined ? "" : codeSpan(text));
  const rowOf = (commit: string | undefined, name: string, sha256: string | undefined) =>
    row([cell(reference), code(commit), name, code(sha256)]);
  const own =
    weights.length > FILES_SHOWN
      ? [rowOf(revision, `${weights.length} files`, undefined)]
      : weights.map(({ name, sha256 }) => rowOf(revision, cell(name), sha256));
  return [...own, ...last.map(({ name, sha256 }) => rowOf(adapter?.revision, cell(name), sha256))];
}

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const cell = (text: string) => codeSpan(text).replaceAll("|", "\\|");
