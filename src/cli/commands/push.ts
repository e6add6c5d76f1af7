import { push } from "../../index.ts";
import type { PushProgress, PushReport } from "../../index.ts";
import type { Command, Context } from "../command.ts";
import { hubOf } from "../hub-options.ts";
import { createProgress } from "../progress.ts";
import type { ProgressDisplay } from "../progress.ts";
import { formatBytes, plural } from "../quantities.ts";

export const pushCommand: Command = {
  name: "push",
  summary: "Send a merged model to the Hugging Face Hub.",
  description:
    "Verifies the model in OUT by its lock file (without one, as far as that goes without reading the weights) and sends its files to the repository REPO of the Hub as one commit; the repository is made " +
    "if it is not there. Large files that the Hub has already are not sent again, so a push that broke off goes on where " +
    "it stopped. Needs an access token that may write, in HF_TOKEN or where `hf auth login` puts it.",
  arguments: [
    { name: "OUT", doc: "The folder of a merged model." },
    { name: "REPO", doc: "The repository: owner/name." },
  ],
  options: ["private", "branch", "pr", "quiet", "json"],
  examples: [
    ["push merged me/my-merge --private", "a new repository that nobody else sees"],
    ["push merged me/my-merge --branch v2", "on a branch, which is made if need be"],
    ["push merged other/model --pr", "as a proposal to the owners of a repository"],
  ],
  async run(context, folder = "", repository = "") {
    const { io, options, style } = context;
    const displays = new PhaseDisplays(context);
    const settings = await hubOf(context);
    const report = await push({
      ...{ folder, repository, settings, signal: io.signal },
      ...{ private: options.private, branch: options.branch, pullRequest: options.pr },
      onProgress: (progress) => displays.update(progress),
    }).finally(() => displays.stop());
    if (options.json === true) io.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    else if (options.quiet !== true) {
      const lines = [`${style.good("Pushed")} ${describe(report)}`, style.name(report.url)];
      io.stdout.write(`${lines.join("\n")}\n`);
    }
    if (!report.verified && options.quiet !== true) io.stderr.write(UNVERIFIED);
    return 0;
  },
};

/** "4 files (2.90 MB) to me/my-merge as commit 1a2b3c4; 400 kB were there already" */
function describe({ fileCount, totalBytes, repository, commit, sentBytes, largeBytes }: PushReport): string {
  const thereBytes = largeBytes - sentBytes;
  const there = thereBytes > 0 ? `; ${formatBytes(thereBytes)} were there already` : "";
  return `${plural(fileCount, "file")} (${formatBytes(totalBytes)}) to ${repository} as commit ${commit.slice(0, 7)}${there}`;
}

const UNVERIFIED =
  "hashes could not be checked, for there is no stockpot.lock.json; headers, sizes, index, JSON files and token ids were\n";

const PHASES = { verify: "verifying", hash: "computing hashes", upload: "sending" } as const;

/** One display after the other: first the hashes, which tell what the Hub has, then what is sent. */
class PhaseDisplays {
  readonly #context: Context;
  #phase: PushProgress["phase"] | undefined;
  #display: ProgressDisplay | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  update({ phase, doneBytes, totalBytes }: PushProgress): void {
    const { io, options, errorStyle } = this.#context;
    if (this.#phase !== phase) {
      this.stop();
      this.#phase = phase;
      if (options.quiet !== true && io.stderr.isTTY === true) io.stderr.write(`${PHASES[phase]}\n`);
      this.#display = createProgress(io, errorStyle, options.quiet);
    }
    this.#display?.update(doneBytes, totalBytes);
  }

  stop(): void {
    this.#display?.stop();
  }
}
