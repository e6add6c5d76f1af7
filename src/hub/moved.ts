import { isMergeError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import type { HubOrigin } from "../sources/types.ts";
import { commitOf } from "./client.ts";
import type { HubSettings } from "./environment.ts";
import { isCommit } from "./repository.ts";
import { HubTransport } from "./transport.ts";

/** Warnings about branches and tags that no longer stand for the commits that were read; asks each once, if it can. */
export async function warnOfMoved(
  settings: HubSettings,
  origins: readonly Pick<HubOrigin, "repository" | "revision" | "commit">[],
  signal?: AbortSignal,
): Promise<Problem[]> {
  if (settings.offline) return [];
  const transport = new HubTransport({ ...settings, limits: { ...settings.limits, attempts: 1 } });
  const warnings: Problem[] = [];
  for (const origin of origins.filter(({ revision }) => !isCommit(revision))) {
    try {
      const commit = await commitOf(transport, origin, signal);
      if (commit !== origin.commit) warnings.push(moved(origin, commit));
    } catch (error) {
      // What was read is as good as before; only the news is missing.
      if (!isMergeError(error) || error.code === "INTERRUPTED") throw error;
    }
  }
  return warnings;
}

function moved(
  { repository, revision, commit }: Pick<HubOrigin, "repository" | "revision" | "commit">,
  now: string,
): Problem {
  return {
    code: "HUB_CHANGED",
    severity: "warning",
    message: `${revision} of ${repository} has moved to commit ${now}; the merge read ${commit}`,
    hint: "Merge again to follow it; the lock file has the commit that was read.",
  };
}
