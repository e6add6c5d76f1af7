import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SinkError } from "../../index.ts";
import type { Command } from "../command.ts";

/** mergekit's programs whose command lines `stockpot merge` takes as they are. */
const NAMES = ["mergekit-yaml", "mergekit-multi", "mergekit-pytorch"];
/** In every launcher, by which an earlier one is told from another program's file. */
const MARK = "launcher written by stockpot alias";

export const aliasCommand: Command = {
  name: "alias",
  summary: "Write launchers under mergekit's names into a folder.",
  description:
    `Writes ${NAMES.join(", ")} into DIR, each as a shell script and as a .cmd file for Windows. They run ` +
    "stockpot merge with whatever they are given, so that scripts written for mergekit need no change. To undo it, " +
    "remove the files.",
  arguments: [{ name: "DIR", doc: "A folder, best one on the PATH; made if need be." }],
  options: ["force"],
  optionDocs: { force: "Replace files of these names that are none of stockpot's launchers." },
  examples: [["alias ~/.local/bin", "from now on, mergekit-yaml is stockpot merge"]],
  async run({ io, options }, folder = "") {
    const main = io.programPath;
    const files = NAMES.flatMap((name) => [
      { path: join(folder, name), text: shellScript(main) },
      { path: join(folder, `${name}.cmd`), text: commandScript(main) },
    ]);
    if (options.force !== true) for (const { path } of files) await refuseForeign(path);
    for (const { path, text } of files) {
      await writing(path, async () => {
        await mkdir(folder, { recursive: true });
        await writeFile(path, text);
        await chmod(path, 0o755);
      });
      io.stdout.write(`${path}\n`);
    }
    return 0;
  },
};

const shellScript = (main: string) =>
  `#!/bin/sh\n# ${MARK}\nexec node '${main.replaceAll("'", `'\\''`)}' merge "$@"\n`;

const commandScript = (main: string) =>
  `@echo off\r\nrem ${MARK}\r\nnode "${main.replaceAll("%", "%%")}" merge %*\r\n`;

async function refuseForeign(path: string): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => MARK);
  if (text.includes(MARK)) return;
  throw new SinkError("SINK_EXISTS", `${path} is there, and is not one of stockpot's launchers`, {
    where: path,
    hint: "Choose another folder, or pass --force to replace it.",
  });
}

async function writing(path: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SinkError("SINK_UNWRITABLE", `Cannot write ${path}: ${reason}`, { where: path, cause });
  }
}
