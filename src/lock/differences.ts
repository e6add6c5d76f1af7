import type { LockedFile, LockedInput } from "./lock-file.ts";

/** How inputs differ from those of a lock file, a sentence each; an input that is no longer used is no difference. */
export function inputDifferences(before: readonly LockedInput[], now: readonly LockedInput[]): string[] {
  return now.flatMap((input) => {
    const locked = before.find(({ reference }) => reference === input.reference);
    if (locked === undefined) return [`${input.reference} is not among the inputs of the merge`];
    const moved = [
      ...commitDiffers(input.reference, locked.revision, input.revision),
      ...commitDiffers(input.adapter?.reference ?? "", locked.adapter?.revision, input.adapter?.revision),
    ];
    if (moved.length > 0) return moved;
    return filesThatDiffer(locked.files, input.files).map(
      (name) => `${name} of ${input.reference} is not what the merge read`,
    );
  });
}

function commitDiffers(reference: string, before: string | undefined, now: string | undefined): string[] {
  if (before === undefined || now === undefined || before === now) return [];
  return [`${reference} is at commit ${now} now; the merge read ${before}`];
}

function filesThatDiffer(before: readonly LockedFile[], now: readonly LockedFile[]): string[] {
  const names = new Set([...before, ...now].map(({ name }) => name));
  const find = (files: readonly LockedFile[], name: string) => files.find((file) => file.name === name);
  return [...names].filter((name) => !isSame(find(before, name), find(now, name)));
}

/** Equal as far as both sides know: a digest that only one has says nothing. */
function isSame(a: LockedFile | undefined, b: LockedFile | undefined): boolean {
  if (a?.byteLength === undefined || a.byteLength !== b?.byteLength) return false;
  const keys = ["sha256", "headerSha256", "oid"] as const;
  return keys.every((key) => a[key] === undefined || b[key] === undefined || a[key] === b[key]);
}
