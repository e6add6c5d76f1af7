import type { CachedRepository, CacheVerification } from "../index.ts";
import { formatBytes, plural } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Cell } from "./table.ts";

/** Models with size, revisions and incomplete downloads; with `files`, each revision's files too. */
export function renderCache(
  folder: string,
  repositories: readonly CachedRepository[],
  style: Style,
  files: boolean,
): string[] {
  if (repositories.length === 0) return [`There is no model in ${folder}`];
  const rows = repositories.flatMap((repository): Cell[][] => [
    [
      [repository.repository, style.name],
      formatBytes(repository.byteLength),
      [incompleteOf(repository), style.dim],
    ],
    ...repository.revisions.flatMap((revision): Cell[][] => [
      [
        [`  ${[revision.commit.slice(0, 12), ...revision.refs].join(" ")}`, style.dim],
        formatBytes(revision.byteLength),
        [plural(revision.files.length, "file"), style.dim],
      ],
      ...(files ? revision.files : []).map((file): Cell[] => [
        `    ${file.name}`,
        formatBytes(file.byteLength),
        file.broken === true ? "missing" : "",
      ]),
    ]),
  ]);
  const total = repositories.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const summary = `${plural(repositories.length, "model")}, ${formatBytes(total)} in ${folder}`;
  return [...renderTable(rows, "lrl"), "", summary];
}

function incompleteOf({ incomplete }: CachedRepository): string {
  const bytes = incomplete.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return bytes === 0 ? "" : `${formatBytes(bytes)} of incomplete downloads`;
}

/** What is wrong, and what to do about it; then what was found right. */
export function renderVerification(result: CacheVerification, style: Style): string[] {
  const { faults, withoutHash, blobCount, byteLength } = result;
  const lines = faults.map(({ repository, kind, blob, files }) => {
    const what = kind === "wrong" ? "has other bytes than its name says" : "is missing";
    const used = files.length === 0 ? "" : ` (${files.join(", ")})`;
    return `${style.error(repository)}: ${blob.slice(0, 12)}${used} ${what}`;
  });
  const names = [...new Set(faults.map(({ repository }) => repository))];
  const cures = names.map((name) => `  stockpot cache remove ${name} && stockpot pull ${name}`);
  const copies =
    withoutHash.length === 0 ? "" : `; ${plural(withoutHash.length, "file")} without a known hash`;
  const checked = `${plural(blobCount, "file")} (${formatBytes(byteLength)}) read${copies}`;
  if (faults.length === 0) return [`${style.good("All right")}: ${checked}`];
  return [...lines, `${plural(faults.length, "fault")}, ${checked}. To download anew:`, ...cures];
}
