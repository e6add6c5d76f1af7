import { UsageError } from "../errors.ts";
import { whyOutside } from "../safetensors/file-name.ts";

/** What the Hub calls the branch that nobody names. */
export const DEFAULT_REVISION = "main";
/** Longest name, in characters; the Hub's own limit. */
const MAX_NAME_LENGTH = 96;
const MAX_REVISION_LENGTH = 255;
/** Names that Windows keeps for devices, whatever their extension. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;
/** Bytes of one part of a path that every file system takes. */
const MAX_PART_BYTES = 255;

/** A model of the Hub as a command or a recipe names it. */
export interface RepositoryReference {
  /** "org/name" */
  readonly repository: string;
  /** A branch, a tag, a commit or "refs/pr/1". */
  readonly revision: string;
}

/** True for "org/name" by the Hub's rules for names. */
export function isRepositoryName(text: string): boolean {
  return (
    text.length <= MAX_NAME_LENGTH &&
    /^[A-Za-z0-9_][\w.-]*\/[A-Za-z0-9_][\w.-]*$/.test(text) &&
    !/--|\.\.|[.-]\/|[.-]$|\.git$/.test(text)
  );
}

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** Reads "org/name" or "org/name@revision". Throws a UsageError. */
export function parseRepository(text: string): RepositoryReference {
  const [repository = "", revision = DEFAULT_REVISION, ...rest] = text.split("@");
  const fault = isRepositoryName(repository) && rest.length === 0 ? whyNoRevision(revision) : "is no name";
  if (fault === undefined) return { repository, revision };
  throw new UsageError("USAGE", `"${text}" does not name a model of the Hub`, {
    hint: "Write org/name, or org/name@revision with a branch, a tag or a commit.",
  });
}

/** Why a revision cannot be one: it becomes part of URLs and of paths in the cache. */
export function whyNoRevision(revision: string): string | undefined {
  if (revision.length > MAX_REVISION_LENGTH) return "is too long";
  return whyUnsafe(revision);
}

/** "org/name", or "org/name@revision" if that is not the usual one. */
export function repositoryText({ repository, revision }: RepositoryReference): string {
  return revision === DEFAULT_REVISION ? repository : `${repository}@${revision}`;
}

/** Reason not to use a repository's file name as a path below a folder, on any operating system. */
export function whyUnsafe(name: string): string | undefined {
  const outside = whyOutside(name);
  if (outside !== undefined) return outside;
  for (const part of name.split("/")) {
    if (RESERVED.test(part)) return "is reserved for a device on Windows";
    if (/[. ]$/.test(part)) return "ends in a dot or a space";
    if (Buffer.byteLength(part) > MAX_PART_BYTES) return "is longer than file systems allow";
  }
  return undefined;
}
