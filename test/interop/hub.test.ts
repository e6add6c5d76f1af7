import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { lstat, mkdtemp, readFile, rm, symlink, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { hubSettings, pull } from "../../src/index.ts";
import type { HubSettings } from "../../src/index.ts";
import { glyphsFiles } from "../hub/glyphs.ts";
import { startHub } from "../hub/server/server.ts";
import type { TestHub } from "../hub/server/server.ts";

/** Runs Python with the cache and the Hub of a test; what it prints is JSON. */
async function python(program: string, { endpoint, cacheFolder }: HubSettings): Promise<unknown> {
  const environment = {
    HF_ENDPOINT: endpoint,
    HF_HUB_CACHE: cacheFolder,
    HF_HUB_DISABLE_XET: "1",
    HF_HOME: cacheFolder,
  };
  const { stdout } = await promisify(execFile)(process.env["PYTHON"] ?? "python3", ["-B", "-c", program], {
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

const SNAPSHOT = "import json; from huggingface_hub import snapshot_download, scan_cache_dir\n";

describe("The cache that is shared with Python's huggingface_hub", () => {
  let hub: TestHub;
  let settings: HubSettings;
  const files = glyphsFiles("base");

  before(async () => {
    hub = await startHub();
    hub.commit("glyphs/base", files);
    hub.commit("glyphs/tagged", files, { branch: "v1" });
  });
  after(() => hub.close());
  beforeEach(async () => {
    const cacheFolder = await mkdtemp(join(tmpdir(), "stockpot-interop-"));
    settings = await hubSettings({ HF_ENDPOINT: hub.url, HF_HUB_CACHE: cacheFolder, HF_HOME: cacheFolder });
  });
  afterEach(() => rm(settings.cacheFolder, { recursive: true, force: true }));

  it("gives Python what Stockpot pulled, without a network", async () => {
    for (const [model, revision] of [
      ["glyphs/base", "main"],
      ["glyphs/tagged", "v1"],
    ] as const) {
      const report = await pull({ model: `${model}@${revision}`, settings });
      const call = `snapshot_download("${model}", revision="${revision}", local_files_only=True)`;
      const folder = await python(`${SNAPSHOT}print(json.dumps(${call}))`, {
        ...settings,
        endpoint: "http://127.0.0.1:9",
      });
      assert.equal(folder, report.folder);
    }
    const scan = `${SNAPSHOT}i = scan_cache_dir()\nprint(json.dumps([[r.repo_id, r.nb_files] for r in i.repos] + [str(w) for w in i.warnings]))`;
    const repositories = (await python(scan, settings)) as [string, number][];
    const count = Object.keys(files).length;
    assert.deepEqual(repositories.sort(), [
      ["glyphs/base", count],
      ["glyphs/tagged", count],
    ]);
  });

  it("has nothing left to download for Python", async () => {
    await pull({ model: "glyphs/base", settings });
    hub.reset();
    await python(`${SNAPSHOT}print(json.dumps(snapshot_download("glyphs/base")))`, settings);
    assert.equal(hub.traffic.count("cdn"), 0);
  });

  it("gives Stockpot what Python downloaded", async () => {
    await python(`${SNAPSHOT}print(json.dumps(snapshot_download("glyphs/base")))`, settings);
    hub.reset();
    const report = await pull({ model: "glyphs/base", settings });
    assert.equal(report.downloadedBytes, 0);
    assert.equal(hub.traffic.count("cdn"), 0);
  });

  it("is read by Python where files are copies instead of links", async () => {
    settings = { ...settings, symlinks: false };
    const { folder } = await pull({ model: "glyphs/base", settings });
    for (const name of Object.keys(files)) assert.ok((await lstat(join(folder, name))).isFile(), name);
    hub.reset();
    const again = await pull({ model: "glyphs/base", settings });
    assert.equal(again.downloadedBytes, 0);
    const call = 'snapshot_download("glyphs/base", local_files_only=True)';
    assert.equal(await python(`${SNAPSHOT}print(json.dumps(${call}))`, settings), folder);
  });

  it("is repaired where a link leads nowhere", async () => {
    const { folder } = await pull({ model: "glyphs/base", settings });
    await unlink(join(folder, "config.json"));
    await symlink("../../blobs/none", join(folder, "config.json"));
    await pull({ model: "glyphs/base", settings });
    assert.equal(
      Buffer.compare(await readFile(join(folder, "config.json")), files["config.json"] ?? Buffer.alloc(0)),
      0,
    );
  });
});
