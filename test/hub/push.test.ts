import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ErrorCode } from "../../src/errors.ts";
import { isMergeError } from "../../src/errors.ts";
import { FileBlob } from "../../src/hub/push/file-blob.ts";
import { pushFiles } from "../../src/hub/push/push.ts";
import type { PushFilesOptions } from "../../src/hub/push/push.ts";
import type { PushProgress } from "../../src/hub/push/types.ts";
import { AccessToken } from "../../src/hub/token.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { bytesOf } from "./server/content.ts";
import { READ_TOKEN, startHub, WRITE_TOKEN } from "./server/server.ts";
import type { TestHub } from "./server/server.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("Pushing files to the Hub", () => {
  const temporary = useTemporaryFolder();
  const large = { "a.safetensors": randomBytes(2_500_000), "b.safetensors": randomBytes(400_000) };
  const small = { "README.md": Buffer.from("# A model\n"), "config.json": Buffer.from("{}") };
  const all = { ...large, ...small };
  let hub: TestHub;
  let count = 0;

  before(async () => {
    hub = await startHub({ partBytes: 1_000_000 });
    await mkdir(temporary("out"));
    for (const [name, bytes] of Object.entries(all)) await writeFile(temporary("out", name), bytes);
  });
  afterEach(() => hub.reset());
  after(() => hub.close());

  function optionsFor(repository: string, token: string | undefined = WRITE_TOKEN): PushFilesOptions {
    return {
      repository,
      title: "Add a model",
      files: Object.entries(all).map(([name, { byteLength }]) => {
        return { name, content: { path: temporary("out", name), byteLength } };
      }),
      settings: {
        endpoint: hub.url,
        cacheFolder: temporary("cache"),
        offline: false,
        token: token === "" ? undefined : new AccessToken(token, "HF_TOKEN"),
        limits: { firstPauseMs: 1, stallMs: 300, attempts: 3 },
      },
    };
  }
  const newName = () => `tester/model-${(count += 1)}`;

  async function assertPushed(repository: string, revision = "main") {
    const snapshot = hub.repository(repository).snapshot(hub.repository(repository).resolve(revision) ?? "");
    assert.deepEqual([...snapshot.keys()].sort(), Object.keys(all).sort());
    for (const [name, bytes] of Object.entries(all)) {
      const stored = snapshot.get(name) ?? assert.fail(name);
      assert.equal(Buffer.compare(await bytesOf(stored.content), bytes), 0, name);
    }
  }

  async function assertFails(options: PushFilesOptions, code: ErrorCode, said: RegExp) {
    await assert.rejects(pushFiles(options), (error) => {
      assert.ok(isMergeError(error, code), String(error));
      assert.match(`${error.message} ${error.hint ?? ""}`, said);
      for (const token of [WRITE_TOKEN, READ_TOKEN, "hf_wrong"]) assert.ok(!error.message.includes(token));
      return true;
    });
  }

  it("makes the repository, sends every file in one commit, and reports how far it is", async () => {
    const repository = newName();
    const seen: PushProgress[] = [];
    const report = await pushFiles({
      ...optionsFor(repository),
      private: true,
      onProgress: (p) => seen.push(p),
    });
    await assertPushed(repository);
    assert.equal(hub.repository(repository).private, true);
    assert.deepEqual(report, {
      ...{ repository, created: true, url: `${hub.url}/${repository}`, fileCount: 4 },
      ...{
        commit: hub.repository(repository).resolve("main"),
        totalBytes: 2_900_012,
        largeBytes: 2_900_000,
        sentBytes: 2_900_000,
      },
    });
    for (const phase of ["hash", "upload"] as const) {
      const done = seen.filter((each) => each.phase === phase).map(({ doneBytes }) => doneBytes);
      assert.deepEqual(
        done,
        [...done].sort((a, b) => a - b),
        `${phase} never goes back`,
      );
      assert.ok((done.at(-1) ?? 0) >= 2_900_000);
    }
    assert.deepEqual([...hub.traffic.authorizedHosts], [new URL(hub.url).host]);
  });

  it("does not send again what has arrived before it was interrupted", async () => {
    const repository = newName();
    for (const bytes of Object.values(large)) hub.state.objects.delete(sha256(bytes));
    const [first] = Object.values(large).map(sha256);
    hub.misbehave({ at: "upload", file: first ?? "", fault: { kind: "status", status: 503 } });
    await assertFails(optionsFor(repository), "HUB_UNREACHABLE", /503.*Push again/s);
    hub.reset();
    const { sentBytes } = await pushFiles(optionsFor(repository));
    assert.equal(sentBytes, large["a.safetensors"].length);
    assert.equal(hub.traffic.receivedBytes(sha256(large["b.safetensors"])), 0);
    await assertPushed(repository);
  });

  it("goes on after busy servers and broken parts, and counts each byte once", async () => {
    const repository = newName();
    for (const bytes of Object.values(large)) hub.state.objects.delete(sha256(bytes));
    hub.misbehave({ at: "upload", requests: [2], fault: { kind: "status", status: 500 } });
    hub.misbehave({ at: "batch", requests: [1], fault: { kind: "status", status: 429, retryAfter: "0" } });
    hub.misbehave({ at: "commit", requests: [1], fault: { kind: "status", status: 503 } });
    const { sentBytes } = await pushFiles(optionsFor(repository));
    assert.equal(sentBytes, 2_900_000);
    await assertPushed(repository);
  });

  it("pushes to a branch, which it makes, or as a pull request", async () => {
    const repository = newName();
    await pushFiles({ ...optionsFor(repository), branch: "merged" });
    await assertPushed(repository, "merged");
    await pushFiles({ ...optionsFor(repository), branch: "merged" });
    assert.equal(
      hub.repository(repository).snapshot(hub.repository(repository).resolve("main") ?? "").size,
      0,
    );
    const { url } = await pushFiles({ ...optionsFor(repository), pullRequest: true });
    assert.equal(url, `${hub.url}/${repository}/discussions/1`);
    await assertPushed(repository, "refs/pr/1");
  });

  it("says what to do about a token that is missing, wrong or may only read", async () => {
    const repository = newName();
    const where = new RegExp(`${hub.url}/settings/tokens.*HF_TOKEN`);
    await assertFails(optionsFor(repository, ""), "HUB_ACCESS", where);
    await assertFails(optionsFor(repository, "hf_wrong"), "HUB_ACCESS", where);
    await assertFails(optionsFor(repository, READ_TOKEN), "HUB_ACCESS", where);
    assert.equal(hub.state.repositories.has(repository), false);
    hub.misbehave({ at: "api", method: "POST", requests: [1], fault: { kind: "status", status: 403 } });
    await assertFails(optionsFor(repository), "HUB_ACCESS", /may not write to tester.*--pr/s);
  });

  it("refuses what would not do what was asked for", async () => {
    const repository = newName();
    await pushFiles(optionsFor(repository));
    await assertFails({ ...optionsFor(repository), private: true }, "HUB_PUSH", /public/);
    await assertFails(
      { ...optionsFor("tester/none"), pullRequest: true },
      "HUB_NOT_FOUND",
      /no tester\/none/,
    );
    const { settings } = optionsFor(repository);
    await assertFails(
      { ...optionsFor(repository), settings: { ...settings, offline: true } },
      "HUB_OFFLINE",
      /--offline/,
    );
  });

  it("notices a file that became shorter, and commits nothing", async () => {
    const repository = newName();
    const path = temporary("short.safetensors");
    await writeFile(path, randomBytes(2_000_000));
    const options = optionsFor(repository);
    const files = [{ name: "a.safetensors", content: { path, byteLength: 2_000_000 } }];
    const onProgress = ({ phase }: PushProgress) => void (phase === "hash" && truncate(path, 10));
    await assert.rejects(pushFiles({ ...options, files, onProgress }), (error) =>
      isMergeError(error, "SOURCE_CHANGED"),
    );
    assert.equal(
      hub.repository(repository).snapshot(hub.repository(repository).resolve("main") ?? "").size,
      0,
    );
  });

  it("stops when it is told to", async () => {
    const controller = new AbortController();
    hub.misbehave({ at: "batch", fault: { kind: "status", status: 503, retryAfter: "100" } });
    const pushing = pushFiles({ ...optionsFor(newName()), signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await assert.rejects(pushing, (error) => isMergeError(error, "INTERRUPTED"));
  });
});

describe("A file as a Blob", () => {
  const temporary = useTemporaryFolder();

  it("has the right length and the right bytes beyond 4 GiB", async () => {
    const path = join(temporary(), "sparse");
    const length = 5 * 2 ** 30 + 7;
    const file = await open(path, "w");
    await file.truncate(length);
    const marks = [2 ** 32 - 3, 2 ** 32 + 5, length - 4];
    for (const [k, position] of marks.entries())
      await file.write(Buffer.from([k + 1, 9, 9, 9]), 0, 4, position);
    await file.close();
    assert.equal((await stat(path)).size, length);
    const blob = new FileBlob(path, 0, length);
    assert.equal(blob.size, length);
    for (const [k, position] of marks.entries()) {
      assert.deepEqual(
        [...new Uint8Array(await blob.slice(position, position + 4).arrayBuffer())],
        [k + 1, 9, 9, 9],
      );
    }
    const part = blob.slice(2 ** 32, 2 ** 32 + 2 ** 22);
    assert.equal(part.size, 2 ** 22);
    assert.deepEqual([...new Uint8Array(await part.slice(4, 7).arrayBuffer())], [0, 2, 9]);
    assert.equal(blob.slice(length - 4).size, 4);
    assert.equal(blob.slice(-4).size, 4);
    assert.equal(blob.slice(10, 5).size, 0);
    await rm(path);
  });

  it("streams, counts what was read, and agrees with a Blob in memory", async () => {
    const bytes = randomBytes(3_000_000);
    const path = join(temporary(), "plain");
    await writeFile(path, bytes);
    let read = 0;
    const blob = new FileBlob(path, 0, bytes.length).watched((length) => (read += length));
    const reference = new Blob([bytes]);
    for (const [begin, end] of [
      [0, 10],
      [5, 2_999_999],
      [-7, -2],
      [100, undefined],
      [0, 9_999_999],
    ] as const) {
      const part = Buffer.from(await new Response(blob.slice(begin, end)).arrayBuffer());
      const expected = Buffer.from(await reference.slice(begin, end).arrayBuffer());
      assert.equal(Buffer.compare(part, expected), 0);
    }
    assert.equal(read, 10 + 2_999_994 + 5 + 2_999_900 + 3_000_000);
  });
});
