import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isMergeError } from "../../src/errors.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { HubInputs } from "../../src/hub/hub-inputs.ts";
import { merge } from "../../src/index.ts";
import type { MergeOptions, MergeReport } from "../../src/index.ts";
import { runCli } from "../cli/captured-io.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";
import type { Fault } from "./server/faults.ts";
import { sha256 } from "./server/content.ts";
import { startHub } from "./server/server.ts";
import type { TestHub } from "./server/server.ts";

const WEIGHTS = "model.safetensors";
const RECIPE = `merge_method: model_stock
base_model: org/base
models: [{model: org/ft1}, {model: org/ft2}]
`;

describe("Merging without storing the models", () => {
  const temporary = useTemporaryFolder();
  let hub: TestHub;
  let expected: Buffer;
  /** Of the weights of all three. */
  let weightBytes = 0;
  let count = 0;

  before(async () => {
    hub = await startHub();
    await writeTinyFamily(temporary("models"), { fineTunes: 2, layers: 6 });
    for (const name of ["base", "ft1", "ft2"]) {
      const folder = temporary("models", name);
      const files = readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))] as const);
      hub.commit(`org/${name}`, Object.fromEntries(files));
      weightBytes += readFileSync(join(folder, WEIGHTS)).length;
    }
    const text = RECIPE.replaceAll("org/", "");
    await merge({ recipe: { text }, cwd: temporary("models"), out: temporary("expected") });
    expected = await readFile(temporary("expected", WEIGHTS));
  });
  afterEach(() => hub.reset());
  after(() => hub.close());

  async function stream(
    options: Partial<MergeOptions> = {},
  ): Promise<{ report: MergeReport; out: string; cache: string }> {
    const name = String((count += 1));
    const [out, cache] = [temporary("out", name), temporary("cache", name)];
    const limits = { firstPauseMs: 1, longestPauseMs: 50, stallMs: 300, attempts: 3 };
    const settings = { endpoint: hub.url, cacheFolder: cache, offline: false, limits };
    const report = await merge({
      recipe: { text: RECIPE },
      out,
      hub: settings,
      noStore: true,
      workers: 2,
      ...options,
    });
    return { report, out, cache };
  }

  /** All weights in a cache, whatever they are called there. */
  const storedBytes = (cache: string) =>
    readdirSync(cache, { recursive: true, encoding: "utf8" })
      .filter((name) => /[/\\][0-9a-f]{64}/.test(name))
      .reduce((sum, name) => sum + readFileSync(join(cache, name)).length, 0);

  it("gives the same bytes as from disk, moves each byte once, verifies it, and keeps none", async () => {
    const { report, out, cache } = await stream();
    assert.equal(Buffer.compare(await readFile(join(out, WEIGHTS)), expected), 0);
    assert.equal(report.run.unverifiedFiles, 0);
    // Planning reads headers, of small models with some of what follows; hashing reads them once more.
    const most = weightBytes + 3 * 2 * 16_384;
    assert.ok(hub.traffic.sentBytes(WEIGHTS) <= most, `${hub.traffic.sentBytes(WEIGHTS)} > ${most}`);
    assert.equal(storedBytes(cache), 0);
    assert.deepEqual(
      readdirSync(out).filter((name) => name.startsWith(".")),
      [],
    );
    const lock = JSON.parse(await readFile(join(out, "stockpot.lock.json"), "utf8")) as {
      inputs: { revision: string; files: { name: string; sha256: string }[] }[];
    };
    const base = hub.repository("org/base");
    assert.equal(lock.inputs[0]?.revision, base.resolve("main"));
    const stored = base.snapshot(base.resolve("main") ?? "").get(WEIGHTS)?.content;
    assert.equal(lock.inputs[0]?.files.find(({ name }) => name === WEIGHTS)?.sha256, stored?.sha256);
  });

  it("streams into a folder what others take, and computes inside them what is made of models on disk", async () => {
    const mean = (name: string, ...models: string[]) =>
      `name: ${name}\nmerge_method: linear\nmodels: [${models.map((model) => `{model: ${model}}`).join(", ")}]\nparameters: {weight: 1}\n---\n`;
    const text = `${mean("far", "org/ft1", "org/ft2")}${mean("near", "ft1", "base")}${RECIPE.replace("org/ft1}", "far}, {model: near}")}`;
    const cwd = temporary("models");
    const { report, out } = await stream({ recipe: { text }, cwd });
    const places = report.intermediates?.map(({ name, computed }) => [name, computed]);
    assert.deepEqual(places, [
      ["far", "folder"],
      ["near", "inside"],
    ]);
    const fromDisk = { recipe: { text: text.replaceAll("org/", "") }, cwd, out: temporary("several") };
    const { intermediates } = await merge(fromDisk);
    assert.deepEqual(
      intermediates?.map(({ computed }) => computed),
      ["inside", "inside"],
    );
    assert.equal(
      Buffer.compare(await readFile(join(out, WEIGHTS)), await readFile(temporary("several", WEIGHTS))),
      0,
    );
  });

  it("says in the plan what that costs, and at the end what it did", async () => {
    const recipe = temporary("recipe.yml");
    await writeFile(recipe, RECIPE);
    const environment = { HF_ENDPOINT: hub.url, HF_HOME: temporary("home") };
    const { status, stdout, stderr } = await runCli(["merge", recipe, temporary("cli"), "--no-store"], {
      environment,
    });
    assert.equal(status, 0, stderr);
    assert.match(
      stdout,
      /streams +[\d.]+ [kM]B with this merge and with each one after it, [\d.]+ [kM]B of memory at a time/,
    );
    assert.match(
      stdout,
      /^Streamed [\d.]+ [kM]B from the Hub, every file verified by its hash; nothing of it was kept$/m,
    );
  });

  const passing: readonly (readonly [string, Fault])[] = [
    ["a busy server", { kind: "status", status: 429, retryAfter: "0" }],
    ["a server error", { kind: "status", status: 503 }],
    ["a short answer", { kind: "short", missing: 1000 }],
    ["a broken connection", { kind: "drop", after: 1500 }],
    ["a stalled connection", { kind: "stall", after: 1500 }],
    ["an expired address", { kind: "expired" }],
    ["a whole file in place of a range", { kind: "whole" }],
    ["another range than was asked for", { kind: "shifted", by: 3 }],
    ["a compressed range", { kind: "gzip" }],
  ];
  for (const [what, fault] of passing) {
    it(`goes on after ${what}`, async () => {
      hub.misbehave({ at: "cdn", file: WEIGHTS, requests: [4, 6], fault });
      const { out, report } = await stream();
      assert.equal(Buffer.compare(await readFile(join(out, WEIGHTS)), expected), 0);
      assert.equal(report.run.unverifiedFiles, 0);
    });
  }

  const final: readonly (readonly [string, Fault, ErrorCode])[] = [
    ["a byte that is wrong", { kind: "corrupt", at: 20_000 }, "HUB_CHECKSUM"],
    ["a file that has changed", { kind: "changed", bytes: Buffer.alloc(50_000) }, "HUB_CHANGED"],
    ["a server that does not come back", { kind: "status", status: 503 }, "HUB_UNREACHABLE"],
    ["a server that knows no ranges", { kind: "whole" }, "HUB_ANSWER"],
  ];
  for (const [what, fault, code] of final) {
    it(`fails because of ${what}, and leaves nothing`, async () => {
      // The first three are for the headers.
      const requests = Array.from({ length: 100 }, (_, k) => k + 4);
      hub.misbehave({ at: "cdn", file: WEIGHTS, requests, fault });
      await assert.rejects(stream(), (error) => {
        assert.ok(isMergeError(error, code), String(error));
        assert.doesNotMatch(
          `${error.message} ${error.hint ?? ""}`,
          /goes on from there, and so does the same merge/,
        );
        return true;
      });
      assert.equal(existsSync(temporary("out", String(count))), false);
    });
  }

  it("brings a long tensor over several connections, each byte to its place, and once though some break", async () => {
    const bytes = randomBytes(80_000_000);
    const commit = hub.commit("org/long", { [WEIGHTS]: bytes });
    const file = {
      name: WEIGHTS,
      byteLength: bytes.length,
      hash: sha256(bytes),
      algorithm: "sha256" as const,
    };
    const origin = { repository: "org/long", revision: "main", commit, files: [file], missing: [WEIGHTS] };
    const settings = {
      endpoint: hub.url,
      cacheFolder: temporary("long"),
      offline: false,
      limits: { firstPauseMs: 1 },
    };
    const inputs = new HubInputs(settings, [
      { files: [{ name: "other" }] },
      { hub: origin, files: [{ name: WEIGHTS }] },
    ]);
    assert.deepEqual(
      [inputs.isRemote({ model: 0, file: 0 }), inputs.isRemote({ model: 1, file: 0 })],
      [false, true],
    );
    hub.misbehave({ at: "cdn", file: WEIGHTS, requests: [2], fault: { kind: "drop", after: 5_000_000 } });
    const [begin, end] = [1000, bytes.length - 1000];
    const got = Buffer.alloc(end - begin);
    let received = 0;
    await inputs.fetch({ model: 1, file: 0, begin, end }, (start) => {
      let at = start;
      const came = (length: number) => {
        at += length;
        received += length;
      };
      return { space: () => got.subarray(at, at + 1_000_000), came };
    });
    assert.equal(Buffer.compare(got, bytes.subarray(begin, end)), 0);
    assert.equal(received, end - begin);
    assert.equal(hub.traffic.sentBytes(WEIGHTS), end - begin);
    assert.ok(hub.traffic.count("cdn", WEIGHTS) > 2);
  });

  it("stops when it is told to", async () => {
    hub.misbehave({
      at: "cdn",
      file: WEIGHTS,
      requests: [5, 6, 7, 8, 9],
      fault: { kind: "stall", after: 10 },
    });
    const controller = new AbortController();
    const merging = stream({ signal: controller.signal });
    setTimeout(() => controller.abort(), 150);
    await assert.rejects(merging, (error) => isMergeError(error, "INTERRUPTED"));
  });
});
