import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { hubSettings, push, scanCache, verifyCached } from "../../src/index.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { startHub, WRITE_TOKEN } from "../hub/server/server.ts";
import type { TestHub } from "../hub/server/server.ts";

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

describe("Python's huggingface_hub and the Hub that the tests run against", () => {
  const temporary = useTemporaryFolder();
  const weights = randomBytes(3_000_000);
  let hub: TestHub;

  async function python(check: string, folder: string): Promise<unknown> {
    const command = process.env.PYTHON ?? "python3";
    const env = {
      ...process.env,
      HF_ENDPOINT: hub.url,
      HF_HOME: temporary("home"),
      HF_HUB_DISABLE_PROGRESS_BARS: "1",
      HF_HUB_DISABLE_XET: "1",
    };
    const { stdout } = await promisify(execFile)(
      command,
      ["-B", "test/interop/hub_checks.py", check, folder],
      { env },
    );
    return JSON.parse(stdout);
  }

  before(async () => {
    hub = await startHub({ pageSize: 2, partBytes: 1_000_000 });
  });
  afterEach(() => hub.reset());
  after(() => hub.close());

  it("lists, downloads, and is refused, as on the real one", async () => {
    const files = { "config.json": "{}", "model.safetensors": weights, "a/b.txt": "b" };
    const sha = hub.commit("org/model", files);
    hub.commit("org/gated", files, { gated: true });
    assert.deepEqual(await python("download", temporary("cache")), {
      sha,
      sizes: { "a/b.txt": 1, "config.json": 2, "model.safetensors": weights.length },
      lfs: { "model.safetensors": sha256(weights) },
      digests: Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, sha256(bytes)])),
      refused: [true, true, true],
    });
    const [model, ...others] = await scanCache(temporary("cache"));
    assert.deepEqual(others, []);
    assert.deepEqual(
      model?.revisions.map(({ commit, refs, files: found }) => [commit, refs, found.map(({ name }) => name)]),
      [[sha, ["main"], Object.keys(files).sort()]],
    );
    const { blobCount, faults } = await verifyCached([{ repository: model ?? assert.fail() }]);
    assert.deepEqual([blobCount, faults], [3, []]);
  });

  it("uploads small files, objects in parts, and a pull request", async () => {
    const folder = temporary("upload");
    await mkdir(folder);
    await writeFile(`${folder}/config.json`, "{}");
    await writeFile(`${folder}/model.safetensors`, weights);
    const { oid, pull_request } = (await python("upload", folder)) as { oid: string; pull_request: string };
    const snapshot = hub.repository("tester/python").snapshot(oid);
    assert.equal(snapshot.get("model.safetensors")?.content.sha256, sha256(weights));
    assert.equal(snapshot.get("config.json")?.content.sha256, sha256("{}"));
    assert.match(pull_request, /\/tester\/python\/discussions\/1$/);
  });

  it("downloads what Stockpot pushed", async () => {
    const settings = await hubSettings({
      HF_ENDPOINT: hub.url,
      HF_HOME: temporary("home"),
      HF_TOKEN: WRITE_TOKEN,
    });
    await push({ folder: "demo/glyphs/base", repository: "tester/pushed", settings });
    const found = (await python("fetch", temporary("fetched"))) as Record<string, string>;
    const names = readdirSync("demo/glyphs/base");
    assert.deepEqual(Object.keys(found).sort(), [...new Set([...names, "README.md"])].sort());
    for (const name of names)
      assert.equal(found[name], sha256(readFileSync(`demo/glyphs/base/${name}`)), name);
  });
});
