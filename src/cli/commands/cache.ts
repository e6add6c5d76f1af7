import {
  CODES,
  EXIT_STATUS,
  findCached,
  planRemoval,
  removeCached,
  scanCache,
  UsageError,
  verifyCached,
} from "../../index.ts";
import type { CachedRepository, CacheVerification, Removal } from "../../index.ts";
import type { Command, Context } from "../command.ts";
import { hubOf } from "../hub-options.ts";
import { createProgress } from "../progress.ts";
import { formatBytes, plural } from "../quantities.ts";
import { renderCache, renderVerification } from "../render-cache.ts";

const ACTIONS = ["list", "remove", "verify"];

export const cacheCommand: Command = {
  name: "cache",
  summary: "Show, check and clear the models downloaded from the Hub.",
  description:
    "Works on the cache that Stockpot shares with Python's tools (HF_HUB_CACHE, or hub in HF_HOME). `list` shows each model " +
    "with its size, revisions and what broken-off downloads left; `verify` reads every file again and compares its hash; " +
    "`remove` deletes a model, or one revision and what no other revision needs. Python's tools see the same.",
  arguments: [
    { name: "ACTION", doc: "list, remove or verify." },
    {
      name: "[REPO]",
      doc: "A model, org/name or org/name@revision; list and verify take all if it is left out.",
    },
  ],
  options: ["yes", "quiet", "json"],
  examples: [
    ["cache list", "what is there, and how large it is"],
    ["cache verify org/model", "are all bytes those that the Hub has"],
    ["cache remove org/model --yes", "make room, without being asked"],
  ],
  async run(context, action = "", name) {
    if (!ACTIONS.includes(action)) {
      const hint = `Use one of ${ACTIONS.join(", ")}. "stockpot cache --help" explains.`;
      throw new UsageError("USAGE", `"${action}" is no action of the cache`, { hint });
    }
    const { cacheFolder } = await hubOf(context);
    const repositories = await scanCache(cacheFolder);
    if (action === "list") return list(context, cacheFolder, repositories, name);
    if (action === "verify") return await verify(context, repositories, name);
    return await remove(context, repositories, name);
  },
};

function list(
  context: Context,
  folder: string,
  all: readonly CachedRepository[],
  name: string | undefined,
): number {
  const { io, options, style } = context;
  const repositories = name === undefined ? all : [findCached(all, name).repository];
  const text =
    options.json === true
      ? JSON.stringify({ folder, repositories }, undefined, 2)
      : renderCache(folder, repositories, style, name !== undefined).join("\n");
  io.stdout.write(`${text}\n`);
  return 0;
}

async function verify(
  context: Context,
  all: readonly CachedRepository[],
  name: string | undefined,
): Promise<number> {
  const { io, options, style, errorStyle } = context;
  const models = name === undefined ? all.map((repository) => ({ repository })) : [findCached(all, name)];
  const progress = createProgress(io, errorStyle, options.quiet);
  let result: CacheVerification;
  try {
    const onProgress = ({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number }) =>
      progress.update(doneBytes, totalBytes);
    result = await verifyCached(models, { signal: io.signal, onProgress });
  } finally {
    progress.stop();
  }
  if (options.json === true) io.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  else if (options.quiet !== true || result.faults.length > 0)
    io.stdout.write(`${renderVerification(result, style).join("\n")}\n`);
  return result.faults.length === 0 ? 0 : EXIT_STATUS[CODES.HUB_CHECKSUM.stage];
}

async function remove(
  context: Context,
  all: readonly CachedRepository[],
  name: string | undefined,
): Promise<number> {
  const { io, options, style } = context;
  if (name === undefined) {
    throw new UsageError("USAGE", "It is not said what to remove from the cache", {
      hint: 'Name a model: stockpot cache remove org/name. "stockpot cache list" shows what is there.',
    });
  }
  const removal = planRemoval(findCached(all, name));
  if (options.yes !== true) {
    const answer = await io.ask(`Remove ${describe(removal)}? [y/N] `);
    if (answer === undefined) {
      const hint = "There is no terminal to ask on: add --yes to remove it.";
      throw new UsageError("USAGE", `It is not confirmed that ${describe(removal)} may be removed`, { hint });
    }
    if (!/^y(?:es)?$/i.test(answer.trim())) {
      io.stderr.write("nothing was removed\n");
      return 0;
    }
  }
  await removeCached(removal);
  if (options.quiet !== true) io.stdout.write(`${style.good("Removed")} ${describe(removal)}\n`);
  return 0;
}

/** "org/name (2 revisions, 1.10 GB)" */
function describe({ model: { repository, revision }, byteLength }: Removal): string {
  const what =
    revision === undefined
      ? plural(repository.revisions.length, "revision")
      : `revision ${revision.commit.slice(0, 7)}`;
  return `${repository.repository} (${what}, ${formatBytes(byteLength)})`;
}
