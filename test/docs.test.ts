import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { parse as parseYaml } from "yaml";
import { hubSettings, plan } from "../src/index.ts";
import { runCli } from "./cli/captured-io.ts";
import { startDocumentedHub } from "./hub/documented.ts";
import { useTemporaryFolder } from "./fixtures/temporary-folder.ts";

/** Have tests of their own, in folders with other files. */
const TESTED_APART = [join("docs", "api.md"), join("docs", "write-a-method.md")];
const PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "demo/glyphs/README.md"].concat(
  readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
);

interface Block {
  readonly page: string;
  readonly line: number;
  readonly text: string;
}

function blocksOf(page: string, language: string): Block[] {
  const text = readFileSync(page, "utf8");
  const fences = text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"));
  return [...fences].map((match) => ({
    page,
    line: text.slice(0, match.index).split("\n").length,
    text: match[1] ?? "",
  }));
}

const blocksIn = (language: string) => PAGES.flatMap((page) => blocksOf(page, language));
const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };

describe("The documentation", () => {
  const inFolder = useTemporaryFolder();

  it("links only to files that are there", () => {
    const dead = PAGES.flatMap((page) => {
      const links = readFileSync(page, "utf8").matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g);
      return [...links]
        .map(([, target = ""]) => join(dirname(page), target))
        .filter((target) => !existsSync(target))
        .map((target) => `${page}: ${target}`);
    });
    assert.deepEqual(dead, []);
  });

  for (const { page, line, text } of blocksIn("yaml").filter((block) => !TESTED_APART.includes(block.page))) {
    it(`shows a recipe that can be planned in ${page}:${line}`, async () => {
      const file = join(inFolder(), "recipe.yml");
      if (page === HUB_PAGE) await planFromHub(text, file, inFolder("hub"));
      else await plan({ recipe: { text, file } });
    });
  }

  for (const { page, line, text } of blocksIn("sh").filter((block) => !TESTED_APART.includes(block.page))) {
    for (const command of text.split("\n").filter((each) => each !== "" && !each.startsWith("#"))) {
      it(`shows a command that works in ${page}:${line}: ${command}`, async () => {
        await runCommand(command, inFolder);
      });
    }
  }

  for (const { page, line, text } of blocksIn("js").filter((block) => !TESTED_APART.includes(block.page))) {
    it(`shows a program that works in ${page}:${line}`, async () => {
      const file = inFolder("program.mjs");
      const index = pathToFileURL("dist/src/index.js").href;
      await writeFile(
        file,
        text.replace('"stockpot"', JSON.stringify(index)).replace('"merged"', JSON.stringify(inFolder("js"))),
      );
      await promisify(execFile)(process.execPath, [file]);
    });
  }

  it("shows in the README the recipe of the demo", () => {
    const [recipe] = blocksOf("README.md", "yaml");
    assert.deepEqual(
      parseYaml(recipe?.text ?? ""),
      parseYaml(readFileSync("recipes/glyphs-model-stock.yml", "utf8")),
    );
  });

  it("shows in the README what the demo's command prints, figures of the machine aside", async () => {
    const [output] = blocksOf("README.md", "text");
    const out = inFolder("demo-out");
    const args = ["merge", "recipes/glyphs-model-stock.yml", out, "--force"];
    const { stdout } = await runCli(args);
    assert.equal(withoutMachine(output?.text ?? ""), withoutMachine(stdout.replaceAll(out, "demo-out")));
  });
});

/** Times, rates, memory and free space differ between machines, and with their width the spaces around them. */
function withoutMachine(text: string): string {
  return text
    .replaceAll(/\d[\d.]* (?:s|ms|min|[kMGT]?B\/s)\b/g, "N")
    .replaceAll(/\d[\d.]* [kMGT]B (of memory|free|peak)/g, "N $1")
    .replaceAll(/ +/g, " ");
}

/** These talk to the Hub: here, to one on this machine. */
const HUB_VERBS = ["pull", "push", "cache"];
const HUB_PAGE = join("docs", "hub.md");

/** Plans a recipe whose models are all on the Hub. */
async function planFromHub(text: string, file: string, home: string): Promise<void> {
  const names = [...text.matchAll(/(?:model|base_model): (\S+\/\S+)/g)].map(([, name = ""]) => name);
  const hub = await startDocumentedHub(home);
  try {
    const { environment } = await hub.prepare(names);
    await plan({ recipe: { text, file }, hub: await hubSettings(environment) });
  } finally {
    await hub.close();
  }
}

async function runHubCommand(args: readonly string[], home: string): Promise<void> {
  const hub = await startDocumentedHub(home);
  try {
    const { args: local, environment } = await hub.prepare(args);
    const { status, stderr } = await runCli(local, { environment });
    assert.equal(status, 0, stderr);
  } finally {
    await hub.close();
  }
}

/** Runs a command of the docs; what it writes goes into the temporary folder instead. */
async function runCommand(command: string, inFolder: (...parts: string[]) => string): Promise<void> {
  const [program, ...args] = command
    .replace(/ > \S+$/, "")
    .replace(/^npx /, "")
    .split(" ")
    .map((word) => word.replace(/^'(.*)'$/, "$1"));
  if (program === "npm") {
    const [verb = "", name = ""] = args;
    const known = verb === "run" ? Object.keys(scripts) : ["test", "install"];
    assert.ok(known.includes(verb === "run" ? name : verb), `${command} is not a script of package.json`);
    return;
  }
  assert.equal(program, "stockpot", `${command} is not run by any test`);
  const [verb, recipe = "", out = "", ...flags] = args;
  // Examples are independent of each other: each starts without an output.
  const writes = verb === "merge" || verb === "compare";
  if (writes) await rm(inFolder(out), { recursive: true, force: true });
  if (HUB_VERBS.includes(verb ?? "") || (verb === "inspect" && !existsSync(recipe))) {
    await runHubCommand(args, inFolder("hub"));
    return;
  }
  if (verb === "verify")
    await runCli(["merge", "recipes/glyphs-model-stock.yml", inFolder(recipe), "--force"]);
  const local = writes
    ? [verb ?? "", recipe, inFolder(out), ...flags]
    : verb === "alias"
      ? [verb, inFolder("bin")]
      : verb === "verify"
        ? [verb, inFolder(recipe), ...args.slice(2)]
        : args;
  const { status, stderr } = await runCli(local, { environment: { PATH: process.env["PATH"] } });
  assert.equal(status, 0, stderr);
}
