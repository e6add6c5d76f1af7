import { SourceError } from "../../errors.ts";
import { didYouMean } from "../../nearest.ts";
import type { CachedRepository, CachedRevision } from "./scan.ts";

/** Shortest beginning of a commit that may stand for it, as in git. */
const MIN_COMMIT_DIGITS = 7;

export interface CachedModel {
  readonly repository: CachedRepository;
  /** Absent: all of them. */
  readonly revision?: CachedRevision;
}

/**
 * Finds "org/name" or "org/name@revision" in a cache; the revision is a branch, a tag, a commit or its beginning. Throws a
 * SourceError with the nearest name.
 */
export function findCached(repositories: readonly CachedRepository[], text: string): CachedModel {
  const [name = "", asked] = text.split("@");
  const repository = repositories.find((each) => each.repository === name);
  if (repository === undefined) {
    const names = repositories.map((each) => each.repository);
    throw notCached(
      `${name} is not in the cache`,
      `${didYouMean(name, names)} "stockpot cache list" shows what is.`.trim(),
    );
  }
  if (asked === undefined) return { repository };
  const fits = ({ commit, refs }: CachedRevision) =>
    refs.includes(asked) || (asked.length >= MIN_COMMIT_DIGITS && commit.startsWith(asked));
  const [revision, ...others] = repository.revisions.filter(fits);
  if (revision !== undefined && others.length === 0) return { repository, revision };
  const known = repository.revisions.map(({ commit, refs }) => [commit.slice(0, 12), ...refs].join(" "));
  const what = revision === undefined ? "has no" : "has several of a";
  throw notCached(`The cache ${what} revision ${asked} of ${name}`, `It has: ${known.join(", ")}.`);
}

const notCached = (message: string, hint: string) => new SourceError("HUB_NOT_FOUND", message, { hint });
