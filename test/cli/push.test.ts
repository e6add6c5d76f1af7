import assert from "node:assert/strict";
import { cp, open, readFile, rename, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { bytesOf } from "../hub/server/content.ts";
import { startHub, WRITE_TOKEN } from "../hub/server/server.ts";
import type { TestHub } from "../hub/server/server.ts";
import { bpeFiles } from "../merge/token-merges.ts";
import { HEAD, writeTokenModel } from "../merge/token-models.ts";
import { runCli } from "./captured-io.ts";

describe("stockpot push", () => {
  const temporary = useTemporaryFolder();
  let hub: TestHub;
  let environment: Record<string, string>;
  const out = () => temporary("out");
  const push = (...args: string[]) => runCli(["push", out(), ...args], { environment });

  before(async () => {
    hub = await startHub();
    environment = { HF_ENDPOINT: hub.url, HF_HOME: temporary("home"), HF_TOKEN: WRITE_TOKEN };
  });
  beforeEach(async () => {
    await rm(out(), { recursive: true, force: true });
    await cp("demo/glyphs/base", out(), { recursive: true });
    await writeFile(temporary("out", ".hidden"), "");
  });
  afterEach(() => hub.reset());
  after(() => hub.close());

  const pushed = (repository: string, branch = "main") =>
    hub.repository(repository).snapshot(hub.repository(repository).resolve(branch) ?? "");

  it("sends the model, with a card if it has none, and says where it is", async () => {
    await rm(temporary("out", "README.md"), { force: true });
    const { status, stdout, stderr } = await push("tester/glyphs", "--private");
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Pushed \d+ files \(.*\) to tester\/glyphs as commit [0-9a-f]{7}\n/);
    assert.ok(stdout.endsWith(`${hub.url}/tester/glyphs\n`));
    assert.equal(hub.repository("tester/glyphs").private, true);
    const files = pushed("tester/glyphs");
    assert.ok(!files.has(".hidden"));
    const weights = files.get("model.safetensors")?.content ?? assert.fail();
    assert.deepEqual(await bytesOf(weights), await readFile("demo/glyphs/base/model.safetensors"));
    const card = (await bytesOf(files.get("README.md")?.content ?? assert.fail())).toString();
    assert.match(card, /^---\nlibrary_name: transformers\n/);
  });

  it("says what was there already, in JSON as well", async () => {
    await push("tester/again");
    const { stdout } = await push("tester/again", "--branch", "v2");
    assert.match(stdout, /; \d+ kB were there already\n/);
    const { stdout: json } = await push("tester/again", "--pr", "--json");
    const report = JSON.parse(json) as Record<string, unknown>;
    assert.equal(report["sentBytes"], 0);
    assert.equal(report["url"], `${hub.url}/tester/again/discussions/1`);
  });

  it("refuses a folder that is damaged, and one from which a link leads out, and asks the Hub nothing", async () => {
    await truncate(temporary("out", "model.safetensors"), 1000);
    const damaged = await push("tester/damaged");
    assert.equal(damaged.status, 5, damaged.stderr);
    assert.match(damaged.stderr, /FORMAT_.*Nothing was pushed/s);
    await cp("demo/glyphs/base/model.safetensors", temporary("out", "model.safetensors"));
    await writeFile(temporary("secret"), "secret");
    await symlink(temporary("secret"), temporary("out", "notes.txt"));
    const linked = await push("tester/damaged");
    assert.match(linked.stderr, /HUB_PUSH.*notes\.txt is a link that leads out/s);
    assert.deepEqual(hub.traffic.requests, []);
  });

  it("verifies the output of a merge first, and refuses one that was changed since", async () => {
    const merged = temporary("merged");
    await runCli(["merge", "recipes/glyphs-linear.yml", merged, "--quiet"]);
    const run = () => runCli(["push", merged, "tester/merged"], { environment });
    const { status, stderr } = await run();
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /could not be checked/);
    assert.ok(pushed("tester/merged").has("stockpot.lock.json"));
    // Python writes numbers that JSON has not.
    await writeFile(temporary("out", "trainer_state.json"), '{"loss": NaN, "best_metric": -Infinity}');
    assert.match(
      (await push("tester/unlocked")).stderr,
      /hashes could not be checked, for there is no stockpot.lock.json/,
    );
    hub.reset();
    const file = await open(join(merged, "model.safetensors"), "r+");
    await file.write(Buffer.from([1, 2, 3, 4]), 0, 4, 20_000);
    await file.close();
    const changed = await run();
    assert.equal(changed.status, 10);
    assert.match(
      changed.stderr,
      /VERIFY_DIGEST.*Nothing was pushed.*model\.safetensors has another content/s,
    );
    assert.deepEqual(hub.traffic.requests, []);
  });

  describe("refuses without a lock file what can be seen without hashes:", () => {
    const cases: Readonly<Record<string, [said: RegExp, spoil: (folder: string) => Promise<void>]>> = {
      "a shard that the index names and that is missing": [
        /FORMAT_INDEX_SHARD.*shard model-00002-of-00002\.safetensors/s,
        async (folder) => {
          await rename(join(folder, "model.safetensors"), join(folder, "model-00001-of-00002.safetensors"));
          const shards = {
            [HEAD]: "model-00001-of-00002.safetensors",
            x: "model-00002-of-00002.safetensors",
          };
          const index = JSON.stringify({ metadata: {}, weight_map: shards });
          await writeFile(join(folder, "model.safetensors.index.json"), index);
        },
      ],
      "weights that are cut short by one byte": [
        /FORMAT_TRUNCATED/,
        async (folder) => {
          const path = join(folder, "model.safetensors");
          await truncate(path, (await stat(path)).size - 1);
        },
      ],
      "a config that is no JSON": [
        /SOURCE_CONFIG.*config\.json/s,
        async (folder) => await writeFile(join(folder, "config.json"), "{"),
      ],
      "another file that is no JSON": [
        /SOURCE_CONFIG.*generation_config\.json is not valid JSON/s,
        async (folder) => await writeFile(join(folder, "generation_config.json"), '{"a": 1'),
      ],
      "a token that has no row": [
        /FORMAT_TOKENIZER.*a token beyond the 4 rows of its embeddings \("<e>"\)/s,
        async (folder) => await writeFile(join(folder, "added_tokens.json"), '{"<e>": 4}'),
      ],
    };
    for (const [what, [said, spoil]] of Object.entries(cases)) {
      it(what, async () => {
        const name = what.replace(/\W/g, "");
        await writeTokenModel(temporary(), name, { files: bpeFiles("a b c d") });
        const run = () => runCli(["push", temporary(name), "tester/spoilt"], { environment });
        assert.equal((await run()).status, 0);
        hub.reset();
        await spoil(temporary(name));
        const { status, stderr } = await run();
        assert.equal(status, said.source.startsWith("SOURCE") ? 4 : 5, stderr);
        assert.match(stderr, said);
        assert.match(stderr, /Nothing was pushed/);
        assert.deepEqual(hub.traffic.requests, []);
      });
    }
  });

  it("explains names that are none, and tokens that are missing", async () => {
    assert.match((await push("glyphs")).stderr, /owner\/name/);
    const without = { ...environment, HF_TOKEN: "" };
    const { status, stderr } = await runCli(["push", out(), "tester/x"], { environment: without });
    assert.equal(status, 4);
    assert.match(stderr, /HUB_ACCESS.*needs an access token.*settings\/tokens.*HF_TOKEN/s);
  });
});
