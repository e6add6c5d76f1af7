import assert from "node:assert/strict";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { plan, pull } from "../../src/index.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { glyphsFiles } from "./glyphs.ts";
import type { Content } from "./server/content.ts";
import { useHub } from "./use-hub.ts";

describe("A repository that means harm", () => {
  const used = useHub();
  const inFolder = useTemporaryFolder();
  const files = glyphsFiles("base");

  const planned = async (model: string) =>
    await plan({
      recipe: { text: `merge_method: passthrough\nmodels: [{model: ${model}}]\n` },
      hub: await used.settings(),
    });

  beforeEach(() => used.hub.reset());

  it("writes no file outside its own folder of the cache, whatever it calls it", async () => {
    const names = [
      "../up.json",
      "a/../../../up.json",
      "/abs.json",
      "C:/drive.json",
      "nul.json",
      "a\\..\\up.json",
      "x\u0000.json",
    ];
    used.hub.commit("bad/names", { ...files, ...Object.fromEntries(names.map((name) => [name, "{}"])) });
    const { cacheFolder: around } = await used.settings();
    const settings = await used.settings({ cacheFolder: join(around, "a", "cache") });
    const { files: pulled } = await pull({ model: "bad/names", settings });
    assert.deepEqual(pulled.map(({ name }) => name).sort(), Object.keys(files).sort());
    for (const name of names) {
      await assert.rejects(pull({ model: "bad/names", settings, include: [name.replaceAll("\\", "?")] }), {
        code: "HUB_FILE_NAME",
      });
    }
    const all = await readdir(around, { recursive: true });
    assert.deepEqual(
      all.filter((name) => /(?:up|abs|drive|nul)\.json$/.test(name)),
      [],
    );
  });

  it("is refused when its index names a shard elsewhere", async () => {
    const index = JSON.stringify({ weight_map: { w: "../../../etc/passwd" } });
    used.hub.commit("bad/index", { "config.json": "{}", "model.safetensors.index.json": index });
    await assert.rejects(pull({ model: "bad/index", settings: await used.settings() }), {
      code: "FORMAT_INDEX_PATH",
    });
  });

  it("gets no memory for a header of more than 100 MB, nor for one longer than its file", async () => {
    for (const [headerBytes, fileBytes] of [
      [200_000_000n, 300_000_000],
      [1n << 62n, 300_000_000],
      [90_000_000n, 1_000_000],
    ] as const) {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(headerBytes);
      const weights: Content = {
        size: fileBytes,
        sha256: "ab".repeat(32),
        gitOid: "cd".repeat(20),
        // eslint-disable-next-line @typescript-eslint/require-await -- the same face as bytes that come late
        async *read(from, to) {
          const piece = Buffer.alloc(to - from, "{");
          length.copy(piece, 0, Math.min(from, 8), Math.min(to, 8));
          yield piece;
        },
      };
      used.hub.commit("good/base", files);
      used.hub.commit("bad/header", { "config.json": "{}", "model.safetensors": weights });
      used.hub.commit("bad/adapter", {
        "adapter_config.json": '{"peft_type": "LORA", "r": 4}',
        "adapter_model.safetensors": weights,
      });
      for (const step of [
        async () => await pull({ model: "bad/header", settings: await used.settings() }),
        async () => await planned("bad/header"),
        async () => await planned("good/base+bad/adapter"),
      ]) {
        used.hub.reset();
        await assert.rejects(step(), { code: "FORMAT_HEADER_LENGTH" });
        const hostile = used.hub.traffic.requests.filter(({ url }) => url.includes("bad/"));
        assert.ok(hostile.length > 0);
        for (const name of ["adapter_model.safetensors", "model.safetensors"])
          assert.ok(used.hub.traffic.sentBytes(name) <= 2 * 16_384);
      }
    }
  });

  it("is refused where a header's length is not that of its JSON", async () => {
    const json = JSON.stringify({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4] } });
    for (const by of [-5, 4]) {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(json.length + by));
      const weights = Buffer.concat([length, Buffer.from(json), Buffer.alloc(4)]);
      used.hub.commit("bad/lie", { "config.json": "{}", "model.safetensors": weights });
      await assert.rejects(planned("bad/lie"), { code: "FORMAT_HEADER_JSON" });
      await assert.rejects(pull({ model: "bad/lie", settings: await used.settings() }), {
        code: "FORMAT_HEADER_JSON",
      });
    }
  });

  it("is not helped by links that someone put into the cache", async () => {
    used.hub.commit("good/model", files);
    for (const place of ["blobs", "snapshots"]) {
      const settings = await used.settings();
      const outside = inFolder(`outside-${place}`);
      await mkdir(outside);
      await mkdir(join(settings.cacheFolder, "models--good--model"));
      await symlink(outside, join(settings.cacheFolder, "models--good--model", place));
      await assert.rejects(pull({ model: "good/model", settings }), { code: "HUB_CACHE" });
      assert.deepEqual(await readdir(outside), []);
    }
    const settings = await used.settings();
    const victim = inFolder("victim");
    await writeFile(victim, "kept");
    await pull({ model: "good/model", settings });
    const blobs = join(settings.cacheFolder, "models--good--model", "blobs");
    used.hub.commit("good/model", { "new.json": "{ }" });
    // git hash-object of "{ }"
    await symlink(victim, join(blobs, "6f31cf5a2e622e523ae008338072897b8e56c993.stockpot.incomplete"));
    await assert.rejects(pull({ model: "good/model", settings }), { code: "HUB_CACHE" });
    assert.equal(await readFile(victim, "utf8"), "kept");
  });

  it("cannot announce sizes or hashes that are none", async () => {
    const wrong: Content[] = [
      { size: 2 ** 60, sha256: "ab".repeat(32), gitOid: "cd".repeat(20), read: () => emptyPieces() },
      { size: 100, sha256: "../../../../x", gitOid: "cd".repeat(20), read: () => emptyPieces() },
    ];
    for (const [k, weights] of wrong.entries()) {
      used.hub.commit(`bad/size-${k}`, { "config.json": "{}", "model.safetensors": weights });
      await assert.rejects(pull({ model: `bad/size-${k}`, settings: await used.settings() }), {
        code: "HUB_ANSWER",
        message: /no valid size and hash for "model\.safetensors"/,
      });
    }
  });
});

// eslint-disable-next-line @typescript-eslint/require-await -- the same face as bytes that come late
async function* emptyPieces(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(0);
}
