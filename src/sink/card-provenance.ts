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

function rowsOf({ reference, revision, files }: LockedInput): string[] {
  const weights = files.filter(({ name }) => WEIGHTS.test(name));
  const model = [cell(reference), revision === undefined ? "" : codeSpan(revision)];
  if (weights.length > FILES_SHOWN) return [row([...model, `${weights.length} files`, ""])];
  return weights.map(({ name, sha256 }) =>
    row([...model, cell(name), sha256 === undefined ? "" : codeSpan(sha256)]),
  );
}

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const cell = (text: string) => codeSpan(text).replaceAll("|", "\\|");
