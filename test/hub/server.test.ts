import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { commit, createRepo, downloadFile, listFiles, modelInfo, whoAmI } from "@huggingface/hub";
import type { ListFileEntry } from "@huggingface/hub";
import type { Fault } from "./server/faults.ts";
import { READ_TOKEN, startHub, WRITE_TOKEN } from "./server/server.ts";
import type { TestHub } from "./server/server.ts";

const weights = randomBytes(3_000_000);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("The Hub on this machine", () => {
  let hub: TestHub;
  const repo = "org/model";
  const url = (path: string) => `${hub.url}/${repo}/resolve/main/${path}`;

  before(async () => {
    hub = await startHub({ pageSize: 2, partBytes: 1_000_000 });
    const files = { "config.json": "{}\n", "model.safetensors": weights, "a/b.txt": "b", "a/c.txt": "c" };
    hub.commit(repo, files);
    hub.commit("org/gated", files, { gated: true });
    hub.commit("org/private", files, { private: true });
  });
  afterEach(() => hub.reset());
  after(() => hub.close());

  it("is a Hub to @huggingface/hub: info, pages of a listing, files", async () => {
    const { sha } = await modelInfo({ name: repo, hubUrl: hub.url, additionalFields: ["sha"] });
    assert.equal(sha, hub.repository(repo).resolve("main"));
    const entries: ListFileEntry[] = [];
    for await (const entry of listFiles({ repo, hubUrl: hub.url, recursive: true })) entries.push(entry);
    assert.equal(hub.traffic.count("tree"), 3);
    const files = entries.filter(({ type }) => type === "file").sort((a, b) => a.path.localeCompare(b.path));
    assert.deepEqual(
      files.map(({ path, size }) => [path, size]),
      [
        ["a/b.txt", 1],
        ["a/c.txt", 1],
        ["config.json", 3],
        ["model.safetensors", 3_000_000],
      ],
    );
    assert.equal(files[3]?.lfs?.oid, sha256(weights));
    // git hash-object of "{}\n"
    assert.equal(files[2]?.oid, "0967ef424bce6791893e9a57bb952f80fd536e93");

    for (const [path, bytes] of [
      ["model.safetensors", weights],
      ["a/c.txt", Buffer.from("c")],
    ] as const) {
      const file = await downloadFile({ repo, path, hubUrl: hub.url, xet: false });
      assert.equal(Buffer.compare(Buffer.from((await file?.arrayBuffer()) ?? new ArrayBuffer(0)), bytes), 0);
    }
  });

  it("shows a token only to the Hub, and says who must do what", async () => {
    const file = await downloadFile({
      repo,
      path: "model.safetensors",
      hubUrl: hub.url,
      accessToken: READ_TOKEN,
      xet: false,
    });
    assert.equal((await file?.arrayBuffer())?.byteLength, weights.length);
    assert.deepEqual([...hub.traffic.authorizedHosts], [new URL(hub.url).host]);
    const get = async (path: string, token?: string) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const { status, headers: got } = await fetch(`${hub.url}/${path}`, { headers });
      return [status, got.get("x-error-code")];
    };
    assert.deepEqual(await get("org/gated/resolve/main/config.json"), [401, "GatedRepo"]);
    assert.deepEqual(await get("org/gated/resolve/main/config.json", READ_TOKEN), [403, "GatedRepo"]);
    hub.setToken("hf_accepted", { accepted: ["org/gated"] });
    assert.deepEqual(await get("org/gated/resolve/main/config.json", "hf_accepted"), [200, null]);
    assert.deepEqual(await get("api/models/org/private"), [401, "RepoNotFound"]);
    assert.deepEqual(await get("api/models/org/none", READ_TOKEN), [404, "RepoNotFound"]);
    assert.deepEqual(await get("org/model/resolve/main/none"), [404, "EntryNotFound"]);
    assert.deepEqual(await get("org/model/resolve/none/config.json"), [404, "RevisionNotFound"]);
    assert.deepEqual(await get("api/models/org/model", "hf_unknown"), [401, null]);
    assert.equal(
      (await whoAmI({ hubUrl: hub.url, accessToken: WRITE_TOKEN })).auth.accessToken?.role,
      "write",
    );
  });

  it("tells a file's hash, size and commit before its bytes, and sends ranges", async () => {
    const head = await fetch(url("model.safetensors"), { method: "HEAD", redirect: "manual" });
    assert.equal(head.status, 302);
    assert.equal(head.headers.get("x-linked-etag"), `"${sha256(weights)}"`);
    assert.equal(head.headers.get("x-linked-size"), "3000000");
    assert.equal(head.headers.get("x-repo-commit"), hub.repository(repo).resolve("main"));
    const range = await fetch(url("model.safetensors"), { headers: { range: "bytes=10-19" } });
    assert.equal(range.headers.get("content-range"), "bytes 10-19/3000000");
    assert.deepEqual(Buffer.from(await range.arrayBuffer()), weights.subarray(10, 20));
    assert.equal(hub.traffic.sentBytes("model.safetensors"), 10);
    assert.equal(
      (await fetch(url("model.safetensors"), { headers: { range: "bytes=3000000-" } })).status,
      416,
    );
  });

  it("takes a commit with objects in one piece and in parts, and sends nothing twice", async () => {
    const credentials = { accessToken: WRITE_TOKEN, hubUrl: hub.url };
    await createRepo({ repo: "tester/new", ...credentials });
    const small = randomBytes(1000);
    const operations = [
      { operation: "addOrUpdate" as const, path: "README.md", content: new Blob(["# New"]) },
      { operation: "addOrUpdate" as const, path: "a.safetensors", content: new Blob([small]) },
      {
        operation: "addOrUpdate" as const,
        path: "b.safetensors",
        content: new Blob([randomBytes(2_500_000)]),
      },
    ];
    const push = { repo: "tester/new", title: "Add", operations, useXet: false, ...credentials };
    const { commit: made } = (await commit(push)) ?? assert.fail();
    const snapshot = hub.repository("tester/new").snapshot(made.oid);
    assert.deepEqual([...snapshot.keys()].sort(), ["README.md", "a.safetensors", "b.safetensors"]);
    assert.equal(snapshot.get("a.safetensors")?.content.sha256, sha256(small));
    assert.equal(hub.traffic.count("upload"), 1 + 3);
    const again = await commit({ ...push, isPullRequest: true });
    assert.equal(hub.traffic.count("upload"), 4);
    assert.equal(again?.pullRequestUrl, `${hub.url}/tester/new/discussions/1`);
    assert.equal(hub.repository("tester/new").resolve("main"), made.oid);
  });

  describe("told to misbehave", () => {
    const outcome = async (fault: Fault, at: "cdn" | "resolve" = "cdn") => {
      hub.misbehave({ at, file: "model.safetensors", requests: [2], fault });
      const ask = async () => {
        const signal = AbortSignal.timeout(500);
        const answer = await fetch(url("model.safetensors"), { headers: { range: "bytes=100-199" }, signal });
        const body = await answer.arrayBuffer().catch(() => undefined);
        return { status: answer.status, headers: answer.headers, body: body && Buffer.from(body) };
      };
      assert.deepEqual((await ask()).body, weights.subarray(100, 200), "the first request is answered well");
      return ask();
    };

    it("answers 429 and 503, with Retry-After", async () => {
      const { status, headers } = await outcome({ kind: "status", status: 429, retryAfter: "7" }, "resolve");
      assert.deepEqual([status, headers.get("retry-after")], [429, "7"]);
    });
    it("sends the whole file for a range", async () => {
      const { status, body } = await outcome({ kind: "whole" });
      assert.deepEqual([status, body?.length], [200, weights.length]);
    });
    it("sends less than was asked for", async () => {
      assert.equal((await outcome({ kind: "short", missing: 30 })).body?.length, 70);
    });
    it("cuts the connection, or lets it hang", async () => {
      assert.equal((await outcome({ kind: "drop", after: 50 })).body, undefined);
      hub.reset();
      assert.equal((await outcome({ kind: "stall", after: 50 })).body, undefined);
      assert.equal(hub.traffic.sentBytes("model.safetensors"), 150);
    });
    it("sends wrong bytes, or those of another file", async () => {
      const wrong = (await outcome({ kind: "corrupt", at: 150 })).body;
      assert.deepEqual([...(wrong ?? [])].filter((byte, k) => byte !== weights[100 + k]).length, 1);
      hub.reset();
      const bytes = randomBytes(200);
      const changed = await outcome({ kind: "changed", bytes });
      assert.deepEqual(changed.body, bytes.subarray(100));
      assert.equal(changed.headers.get("etag"), `"${sha256(bytes)}"`);
    });
    it("refuses an address as expired, and every address signed before", async () => {
      assert.equal((await outcome({ kind: "expired" })).status, 403);
      const { headers } = await fetch(url("model.safetensors"), { redirect: "manual" });
      const location = headers.get("location") ?? "";
      assert.equal((await fetch(location, { headers: { range: "bytes=0-0" } })).status, 206);
      hub.state.expireUrls();
      assert.equal((await fetch(location, { headers: { range: "bytes=0-0" } })).status, 403);
    });
    it("compresses or shifts a range", async () => {
      assert.equal((await outcome({ kind: "gzip" })).headers.get("content-encoding"), "gzip");
      hub.reset();
      assert.equal(
        (await outcome({ kind: "shifted", by: 5 })).headers.get("content-range"),
        "bytes 105-199/3000000",
      );
    });
    it("sends a header larger than clients take", async () => {
      await assert.rejects(outcome({ kind: "huge HTTP header", bytes: 100_000 }));
    });
    it("lists the same page for ever", async () => {
      hub.misbehave({ at: "tree", fault: { kind: "loop" } });
      let rows = 0;
      for await (const { path } of listFiles({ repo, hubUrl: hub.url, recursive: true })) {
        if (path !== "" && (rows += 1) === 20) break;
      }
      assert.equal(rows, 20);
    });
  });
});
