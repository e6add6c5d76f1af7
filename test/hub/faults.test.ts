import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryFolder, snapshotPath } from "../../src/hub/cache-layout.ts";
import { openRepository } from "../../src/hub/client.ts";
import type { HubSettings } from "../../src/hub/environment.ts";
import { fetchFiles } from "../../src/hub/fetch-files.ts";
import { TRANSFER_LIMITS } from "../../src/hub/limits.ts";
import { HubTransport } from "../../src/hub/transport.ts";
import type { Fault, FaultRule } from "./server/faults.ts";
import { FAST, useHub } from "./use-hub.ts";

const CHUNK = TRANSFER_LIMITS.chunkBytes / 2;
const FILE = "model.safetensors";
const SMALL = "config.json";
const REPOSITORY = { repository: "org/model", revision: "main" };
const weights = randomBytes(2.5 * CHUNK);

describe("A download from a Hub that misbehaves", () => {
  const used = useHub();

  before(() => used.hub.commit("org/model", { [FILE]: weights, [SMALL]: '{"a": 1}\n' }));
  afterEach(() => used.hub.reset());

  async function download(settings: HubSettings): Promise<void> {
    const transport = new HubTransport({ ...settings, limits: { chunkBytes: CHUNK, ...settings.limits } });
    const repository = await openRepository(transport, REPOSITORY);
    await fetchFiles(transport, [{ repository, files: repository.files }]);
  }

  async function assertComplete({ cacheFolder }: HubSettings): Promise<void> {
    const folder = repositoryFolder(cacheFolder, "org/model");
    const commit = used.hub.repository("org/model").resolve("main") ?? "";
    assert.equal(Buffer.compare(await readFile(snapshotPath(folder, commit, FILE)), weights), 0);
    assert.equal(await readFile(snapshotPath(folder, commit, SMALL), "utf8"), '{"a": 1}\n');
    const blobs = await readdir(join(folder, "blobs"));
    assert.equal(blobs.length, 2, `nothing is left over: ${blobs.join(", ")}`);
  }

  // What gzip adds to a chunk, and the texts of errors, come on top.
  const most = (file: string) => (file === FILE ? weights.length + TRANSFER_LIMITS.chunkBytes : 18) + 2000;

  const cases: [string, Omit<FaultRule, "fault">, Fault][] = [
    [
      "asks for patience with 429",
      { at: "resolve", requests: [1] },
      { kind: "status", status: 429, retryAfter: "0" },
    ],
    ["fails with 503", { at: "cdn", requests: [1, 2, 3] }, { kind: "status", status: 503 }],
    ["fails with 500 while it lists", { at: "tree", requests: [1] }, { kind: "status", status: 500 }],
    ["sends the whole file for the first range", { at: "cdn", requests: [1] }, { kind: "whole" }],
    ["sends the whole file for a later range", { at: "cdn", requests: [2] }, { kind: "whole" }],
    ["knows no ranges at all", { at: "cdn" }, { kind: "whole" }],
    ["sends less than was asked for", { at: "cdn", requests: [1, 2] }, { kind: "short", missing: 1000 }],
    ["cuts the connection", { at: "cdn", requests: [1, 2, 3] }, { kind: "drop", after: 1_000_000 }],
    ["cuts the connection at once", { at: "cdn", requests: [2] }, { kind: "drop", after: 0 }],
    ["lets the connection hang", { at: "cdn", requests: [1] }, { kind: "stall", after: 1_000_000 }],
    ["lets its signed addresses expire", { at: "cdn", requests: [2] }, { kind: "expired" }],
    ["compresses a range", { at: "cdn", requests: [1] }, { kind: "gzip" }],
    ["sends another range", { at: "cdn", requests: [1] }, { kind: "shifted", by: 5 }],
    ["sends an endless header", { at: "cdn", requests: [1] }, { kind: "huge HTTP header", bytes: 100_000 }],
    [
      "cuts the connection in a small file",
      { at: "resolve", file: SMALL, requests: [2] },
      { kind: "drop", after: 3 },
    ],
    ["compresses a small file", { at: "resolve", file: SMALL, requests: [2] }, { kind: "gzip" }],
  ];
  for (const [title, rule, fault] of cases) {
    it(`comes to its end when the Hub ${title}`, async () => {
      used.hub.misbehave({ ...rule, fault });
      const settings = await used.settings();
      await download(settings);
      await assertComplete(settings);
      for (const file of [FILE, SMALL]) {
        assert.ok(
          used.hub.traffic.sentBytes(file) <= most(file),
          `${file}: ${used.hub.traffic.sentBytes(file)} bytes`,
        );
      }
    });
  }

  const failures: [string, Omit<FaultRule, "fault">, Fault, string][] = [
    ["sends a wrong byte", { at: "cdn" }, { kind: "corrupt", at: CHUNK + 7 }, "HUB_CHECKSUM"],
    [
      "sends a wrong byte of a small file",
      { at: "resolve", file: SMALL },
      { kind: "corrupt", at: 2 },
      "HUB_CHECKSUM",
    ],
    [
      "changes the file between two ranges",
      { at: "cdn", requests: [2] },
      { kind: "changed", bytes: randomBytes(weights.length) },
      "HUB_CHANGED",
    ],
    ["makes the file shorter", { at: "cdn" }, { kind: "changed", bytes: randomBytes(100) }, "HUB_CHANGED"],
    ["always fails", { at: "cdn" }, { kind: "status", status: 502 }, "HUB_UNREACHABLE"],
    ["always compresses", { at: "cdn" }, { kind: "gzip" }, "HUB_ANSWER"],
    ["lists the same page for ever", { at: "tree" }, { kind: "loop" }, "HUB_ANSWER"],
    [
      "refuses what it lists",
      { at: "resolve", file: FILE },
      { kind: "status", status: 404, code: "EntryNotFound" },
      "HUB_CHANGED",
    ],
  ];
  for (const [title, rule, fault, code] of failures) {
    it(`ends with ${code} when the Hub ${title}, and a second run brings what is missing`, async () => {
      used.hub.misbehave({ ...rule, fault });
      const settings = await used.settings();
      await assert.rejects(
        download(settings),
        (error: Error & { code?: string; where?: string; hint?: string }) => {
          assert.equal(error.code, code);
          assert.match(error.where ?? "", /^org\/model/);
          assert.ok((error.hint ?? "").length > 20);
          assert.doesNotMatch(`${error.message} ${error.hint ?? ""}`, /Signature/);
          return true;
        },
      );
      assert.ok(used.hub.traffic.sentBytes() <= most(FILE));
      used.hub.reset();
      await download(settings);
      await assertComplete(settings);
    });
  }

  it("opens no more connections than allowed", async () => {
    await download(await used.settings({ limits: { ...FAST, connections: 3, chunkBytes: 2 ** 20 } }));
    assert.ok(used.hub.traffic.mostConnections <= 3 + 3, String(used.hub.traffic.mostConnections));
  });

  it("shows its token to the Hub alone", async () => {
    const { AccessToken } = await import("../../src/hub/token.ts");
    await download(await used.settings({ token: new AccessToken("hf_reader", "HF_TOKEN") }));
    assert.deepEqual([...used.hub.traffic.authorizedHosts], [new URL(used.hub.url).host]);
  });

  it("asks a gated model's reader to accept its licence", async () => {
    used.hub.commit("org/gated", { [SMALL]: "{}" }, { gated: true });
    const settings = await used.settings();
    const transport = new HubTransport(settings);
    const repository = await openRepository(transport, { repository: "org/gated", revision: "main" });
    await assert.rejects(fetchFiles(transport, [{ repository, files: repository.files }]), {
      code: "HUB_ACCESS",
      where: "org/gated: config.json",
      hint: `Sign in and accept the licence at ${used.hub.url}/org/gated, then put an access token from ${used.hub.url}/settings/tokens into HF_TOKEN.`,
    });
  });
});
