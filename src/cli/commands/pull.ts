import { pull } from "../../index.ts";
import type { PullReport } from "../../index.ts";
import type { Command } from "../command.ts";
import { hubOf } from "../hub-options.ts";
import { createProgress } from "../progress.ts";
import { formatBytes, plural } from "../quantities.ts";

export const pullCommand: Command = {
  name: "pull",
  summary: "Bring a model from the Hugging Face Hub into the cache.",
  description:
    "Downloads what a merge of MODEL needs: its weights in one format, config, tokenizer and other small files. Headers " +
    "are checked first, so a model that cannot be merged is refused before gigabytes move. A download that broke off goes " +
    "on where it stopped; each file is verified by its hash before it is used. The cache is that of Python's tools, which " +
    "find the model there too. A merge pulls by itself what it needs.",
  arguments: [{ name: "MODEL", doc: "org/name, or org/name@revision with a branch, a tag or a commit." }],
  options: ["include", "exclude", "verbose", "quiet", "json"],
  examples: [
    ["pull org/model", "all that a merge needs"],
    ["pull org/model@v1.0", "at a tag"],
    ["pull org/model --include '*.json' --include 'tokenizer*'", "some files only"],
  ],
  async run({ io, options, style, errorStyle }, model = "") {
    const isVerbose = options.verbose === true && options.quiet !== true;
    // Lines of their own would break the bar.
    const progress = createProgress(io, errorStyle, options.quiet === true || isVerbose);
    const report = await pull({
      model,
      settings: await hubOf({ io, options }),
      ...{ include: options.include, exclude: options.exclude, signal: io.signal },
      onProgress: ({ doneBytes, totalBytes }) => progress.update(doneBytes, totalBytes),
      onWait: ({ name }) => {
        if (options.quiet !== true) io.stderr.write(`waiting for ${name}, which another process downloads\n`);
      },
      ...(isVerbose && {
        onFile: ({ name, byteLength }) => io.stderr.write(`${name}  ${formatBytes(byteLength)}\n`),
      }),
    }).finally(() => progress.stop());
    if (options.json === true) io.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    else if (options.quiet !== true) {
      io.stdout.write(`${style.good("Pulled")} ${describe(report)}\n${style.name(report.folder)}\n`);
    }
    return 0;
  },
};

/** "org/name at commit 1a2b3c4: 7 files, 2.90 GB; 2.10 GB were in the cache" */
function describe({ repository, commit, files, byteLength, downloadedBytes }: PullReport): string {
  const cachedBytes = byteLength - downloadedBytes;
  const cached =
    downloadedBytes === 0
      ? "; all was in the cache"
      : cachedBytes > 0
        ? `; ${formatBytes(cachedBytes)} were in the cache`
        : "";
  return `${repository} at commit ${commit.slice(0, 7)}: ${plural(files.length, "file")}, ${formatBytes(byteLength)}${cached}`;
}
