import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { runCli } from "../cli/captured-io.ts";
import type { FinishedRun } from "../cli/captured-io.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { glyphsFiles } from "./glyphs.ts";
import { READ_TOKEN } from "./server/server.ts";
import { useHub } from "./use-hub.ts";

const RECIPE = `merge_method: linear
models:
  - {model: glyphs/one, parameters: {weight: 0.25}}
  - {model: glyphs/two@v1, parameters: {weight: 0.75}}
`;
const LOCAL = RECIPE.replace("glyphs/one", resolveModel("ft1")).replace("glyphs/two@v1", resolveModel("ft2"));

function resolveModel(name: string): string {
  return join(process.cwd(), "demo", "glyphs", name);
}

describe("Models of the Hub in recipes", () => {
  const inFolder = useTemporaryFolder();
  const used = useHub();
  let environment: Record<string, string> = {};

  before(() => {
    used.hub.commit("glyphs/one", {
      ...glyphsFiles("ft1"),
      "consolidated.00.pth": "x",
      "pytorch_model.bin": "y",
    });
    used.hub.commit("glyphs/two", glyphsFiles("ft2"), { branch: "v1" });
    used.hub.commit("glyphs/gated", glyphsFiles("base"), { gated: true });
  });
  beforeEach(async () => {
    used.hub.reset();
    const { cacheFolder } = await used.settings();
    environment = { HF_ENDPOINT: used.hub.url, HF_HUB_CACHE: cacheFolder, HF_HOME: inFolder("home") };
    await writeFile(inFolder("recipe.yml"), RECIPE);
  });

  const run = async (...words: string[]): Promise<FinishedRun> => await runCli(words, { environment });

  it("are merged as local folders are, bit for bit, and then from the cache", async () => {
    await writeFile(inFolder("local.yml"), LOCAL);
    assert.equal((await run("merge", inFolder("local.yml"), inFolder("local"))).status, 0);
    const first = await run("merge", inFolder("recipe.yml"), inFolder("remote"));
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /glyphs\/one +\S+ kB +\S+ kB to download/);
    const bytes = async (out: string) => await readFile(inFolder(out, "model.safetensors"));
    assert.equal(Buffer.compare(await bytes("local"), await bytes("remote")), 0);
    assert.deepEqual(
      (await readdir(inFolder("remote"))).filter((name) => name.endsWith(".pth") || name.endsWith(".bin")),
      [],
    );
    used.hub.traffic.reset();
    const second = await run("merge", inFolder("recipe.yml"), inFolder("again"));
    assert.match(second.stdout, /nothing, all is in the cache/);
    assert.equal(used.hub.traffic.sentBytes("model.safetensors"), 0);
    assert.equal((await run("merge", inFolder("recipe.yml"), inFolder("offline"), "--offline")).status, 0);
    assert.equal(Buffer.compare(await bytes("local"), await bytes("offline")), 0);
  });

  it("are planned from config and headers, and nothing is kept as a whole but small files", async () => {
    const { status, stdout, stderr } = await run("plan", inFolder("recipe.yml"));
    assert.equal(status, 0, stderr);
    assert.match(stdout, /download +1\.68 MB, .* free on the cache's disk/);
    const size = glyphsFiles("ft1")["model.safetensors"]?.length ?? 0;
    assert.ok(used.hub.traffic.sentBytes("model.safetensors") <= 2 * 16_384 && size > 100_000);
    const blobs = await readdir(join(environment["HF_HUB_CACHE"] ?? "", "models--glyphs--one", "blobs"));
    assert.ok(!blobs.some((name) => name.length === 64), blobs.join());
  });

  it("leave no trace in the cache's references until they are whole", async () => {
    await run("plan", inFolder("recipe.yml"));
    const offline = await run("plan", inFolder("recipe.yml"), "--offline");
    assert.equal(offline.status, 4);
    assert.match(offline.stderr, /HUB_OFFLINE {2}glyphs\/one is not in the cache/);
    assert.match(offline.stderr, /Run "stockpot pull glyphs\/one" where there is a network/);
    assert.match(offline.stderr, /stockpot pull glyphs\/two@v1/);
  });

  it("give way to a folder of the same name", async () => {
    await mkdir(inFolder("glyphs", "one"), { recursive: true });
    for (const [name, bytes] of Object.entries(glyphsFiles("ft3")))
      await writeFile(inFolder("glyphs", "one", name), bytes);
    const { stdout } = await run("plan", inFolder("recipe.yml"), "--json");
    const { models } = JSON.parse(stdout) as { models: { location: string; hub?: object }[] };
    await rm(inFolder("glyphs"), { recursive: true });
    assert.equal(models[0]?.location, inFolder("glyphs", "one"));
    assert.equal(models[0].hub, undefined);
    assert.deepEqual(Object.keys(models[1]?.hub ?? {}), [
      "repository",
      "revision",
      "commit",
      "byteLength",
      "cachedBytes",
    ]);
  });

  it("are looked for in both places, with the nearest local name and how private ones are reached", async () => {
    await mkdir(inFolder("models", "finetune"), { recursive: true });
    await writeFile(
      inFolder("typo.yml"),
      "merge_method: linear\nmodels: [{model: models/finetnue, parameters: {weight: 1}}]\n",
    );
    const { status, stderr } = await run("plan", inFolder("typo.yml"));
    assert.equal(status, 4);
    assert.match(
      stderr,
      /SOURCE_NOT_FOUND {2}Model "models\/finetnue" was not found; tried .*, models\/finetnue at 127\.0\.0\.1/,
    );
    assert.match(stderr, /Did you mean "models\/finetune"\?/);
    assert.match(stderr, /If it is private, put an access token from .*\/settings\/tokens into HF_TOKEN/);
  });

  it("name the licence to accept, the variable for the token, and a revision that is not there", async () => {
    const planOf = async (model: string) => {
      await writeFile(
        inFolder("one.yml"),
        `merge_method: linear\nmodels: [{model: ${model}, parameters: {weight: 1}}]\n`,
      );
      return (await run("plan", inFolder("one.yml"))).stderr;
    };
    assert.match(
      await planOf("glyphs/gated"),
      /HUB_ACCESS.*gated[\s\S]*accept the licence at http.*\/glyphs\/gated.*HF_TOKEN/,
    );
    environment = { ...environment, HF_TOKEN: READ_TOKEN };
    assert.match(
      await planOf("glyphs/gated"),
      /Accept the licence at .*the owner of the token from HF_TOKEN/,
    );
    assert.match(
      await planOf("glyphs/one@v9"),
      /HUB_REVISION {2}glyphs\/one has no branch, tag or commit "v9"/,
    );
    environment = { ...environment, HF_TOKEN: "hf_wrong" };
    assert.match(
      await planOf("glyphs/one"),
      /HUB_ACCESS {2}The Hub does not accept the access token from HF_TOKEN/,
    );
  });

  it("come from the cache, with a warning, when the Hub cannot be reached", async () => {
    assert.equal((await run("pull", "glyphs/one")).status, 0);
    assert.equal((await run("pull", "glyphs/two@v1")).status, 0);
    environment = { ...environment, HF_ENDPOINT: "http://127.0.0.1:9" };
    const { status, stderr } = await run("plan", inFolder("recipe.yml"));
    assert.equal(status, 0);
    assert.match(
      stderr,
      /HUB_UNREACHABLE {2}glyphs\/one is taken from the cache, at commit [0-9a-f]{40}: .*refused/,
    );
  });

  it("are refused for an output that cannot be, before anything is downloaded", async () => {
    await mkdir(inFolder("full"), { recursive: true });
    await writeFile(inFolder("full", "file"), "x");
    const { stderr } = await run("merge", inFolder("recipe.yml"), inFolder("full"));
    assert.match(stderr, /SINK_EXISTS/);
    assert.ok(used.hub.traffic.sentBytes("model.safetensors") <= 2 * 16_384);
  });

  it("may be PyTorch checkpoints, whose tensors are found by ranges too", async () => {
    const fixtures = join("test", "pytorch", "fixtures");
    used.hub.commit("torch/plain", {
      "config.json": "{}",
      "pytorch_model.bin": readFileSync(join(fixtures, "plain.bin")),
    });
    const tensors = async (model: string) => {
      const { stdout, stderr } = await run("inspect", model, "--json");
      const inspected = JSON.parse(stdout) as { tensors?: { name: string; byteLength: number }[] };
      return inspected.tensors?.map(({ name, byteLength }) => [name, byteLength]) ?? stderr;
    };
    assert.deepEqual(await tensors("torch/plain"), await tensors(join(fixtures, "plain.bin")));
  });

  it("are inspected without being downloaded", async () => {
    const { status, stdout } = await run("inspect", "glyphs/two@v1", "--json");
    assert.equal(status, 0);
    const local = await run("inspect", "demo/glyphs/ft2", "--json");
    const tensors = (text: string) => (JSON.parse(text) as { tensors: object[] }).tensors;
    assert.deepEqual(tensors(stdout), tensors(local.stdout));
    assert.ok(used.hub.traffic.sentBytes("model.safetensors") <= 16_384);
  });

  describe("are pulled", () => {
    it("with what a merge needs, and no other format", async () => {
      const { stdout } = await run("pull", "glyphs/one", "--json");
      const { files, folder, commit } = JSON.parse(stdout) as {
        files: { name: string }[];
        folder: string;
        commit: string;
      };
      assert.deepEqual(files.map(({ name }) => name).sort(), Object.keys(glyphsFiles("ft1")).sort());
      for (const [name, bytes] of Object.entries(glyphsFiles("ft1")))
        assert.equal(Buffer.compare(readFileSync(join(folder, name)), bytes), 0, name);
      assert.equal(readFileSync(join(folder, "..", "..", "refs", "main"), "utf8"), commit);
    });

    it("by patterns, alone or without", async () => {
      const names = async (...flags: string[]) => {
        const { stdout } = await run("pull", "glyphs/one", "--json", ...flags);
        return (JSON.parse(stdout) as { files: { name: string }[] }).files.map(({ name }) => name).sort();
      };
      assert.deepEqual(await names("--include", "*.bin", "--include", "consol*"), [
        "consolidated.00.pth",
        "pytorch_model.bin",
      ]);
      assert.ok(!(await names("--exclude", "*.safetensors")).includes("model.safetensors"));
      const { status, stderr } = await run("pull", "glyphs/one", "--include", "*.gguf");
      assert.equal(status, 4);
      assert.match(stderr, /HUB_NO_FILES[\s\S]*There are .*config\.json/);
    });

    it("with each file named as it comes, if that is asked for", async () => {
      const { stdout, stderr } = await run("pull", "glyphs/one", "--verbose");
      assert.match(stderr, /^model\.safetensors {2}835 kB$/m);
      assert.match(stdout, /^Pulled glyphs\/one at commit [0-9a-f]{7}: \d+ files, 838 kB\n/);
    });
  });

  it("leave the token in no output, no error and no file", async () => {
    const token = "hf_secretsecret";
    used.hub.setToken(token, { accepted: [] });
    environment = { ...environment, HF_TOKEN: token };
    const runs = [
      await run("merge", inFolder("recipe.yml"), inFolder("with-token"), "--json"),
      await run("pull", "glyphs/gated", "--debug"),
      await run("pull", "glyphs/none", "--debug"),
      await run("pull", "glyphs/one@none", "--json", "--debug"),
    ];
    assert.doesNotMatch(inspect(runs, { depth: 9, maxStringLength: Infinity }), /secretsecret/);
    for (const folder of [inFolder("with-token"), environment["HF_HUB_CACHE"] ?? ""]) {
      for (const name of await readdir(folder, { recursive: true })) {
        const text = await readFile(join(folder, name), "latin1").catch(() => "");
        assert.ok(!text.includes("secretsecret"), name);
      }
    }
    assert.ok(existsSync(inFolder("with-token", "README.md")));
    assert.deepEqual([...used.hub.traffic.authorizedHosts], [new URL(used.hub.url).host]);
  });
});
