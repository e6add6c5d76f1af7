import assert from "node:assert/strict";
import { cp, open, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { bytesOf } from "../hub/server/content.ts";
import { startHub, WRITE_TOKEN } from "../hub/server/server.ts";
import type { TestHub } from "../hub/server/server.ts";
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
    assert.doesNotMatch(stderr, /not verified/);
    assert.ok(pushed("tester/merged").has("stockpot.lock.json"));
    assert.match((await push("tester/unlocked")).stderr, /not verified, for there is no stockpot.lock.json/);
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

  it("explains names that are none, and tokens that are missing", async () => {
    assert.match((await push("glyphs")).stderr, /owner\/name/);
    const without = { ...environment, HF_TOKEN: "" };
    const { status, stderr } = await runCli(["push", out(), "tester/x"], { environment: without });
    assert.equal(status, 4);
    assert.match(stderr, /HUB_ACCESS.*needs an access token.*settings\/tokens.*HF_TOKEN/s);
  });
});
