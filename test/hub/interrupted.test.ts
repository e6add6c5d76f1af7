import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { repositoryFolder, snapshotPath } from "../../src/hub/cache-layout.ts";
import { openRepository } from "../../src/hub/client.ts";
import type { Repository } from "../../src/hub/client.ts";
import type { HubSettings } from "../../src/hub/environment.ts";
import { fetchFiles } from "../../src/hub/fetch-files.ts";
import { HubTransport } from "../../src/hub/transport.ts";
import { contentOf } from "./server/content.ts";
import type { Content } from "./server/content.ts";
import { FAST, useHub } from "./use-hub.ts";

const KILLS = 20;
/** What the server hands to a socket at once is lost when its reader is killed: little, as on a real line. */
const PIECE_BYTES = 8192;
const CHILD = join("dist", "test", "hub", "fetch-child.js");

const first = randomBytes(18_000_000);
const second = randomBytes(6_000_000);
const FILES = { "model-1.safetensors": first, "model-2.safetensors": second };

/** The same bytes in small pieces. */
function inPieces(bytes: Uint8Array): Content {
  return {
    ...contentOf(bytes),
    // eslint-disable-next-line @typescript-eslint/require-await -- the same face as bytes that come late
    async *read(begin, end) {
      for (let at = begin; at < end; at += PIECE_BYTES)
        yield bytes.subarray(at, Math.min(end, at + PIECE_BYTES));
    },
  };
}

describe("A download that does not come to its end", () => {
  const used = useHub({ bytesPerSecond: 400_000 });
  const limits = { ...FAST, chunkBytes: 262_144, connections: 2, staleLockMs: 100 };

  before(() =>
    used.hub.commit("org/model", {
      "model-1.safetensors": inPieces(first),
      "model-2.safetensors": inPieces(second),
      "config.json": "{}",
    }),
  );
  beforeEach(() => used.hub.reset());

  async function listed(settings: HubSettings): Promise<Repository> {
    return await openRepository(new HubTransport(settings), { repository: "org/model", revision: "main" });
  }

  function start(settings: HubSettings, repository: Repository): ChildProcess {
    const given = JSON.stringify({ settings, repository });
    return spawn(process.execPath, [CHILD, given], { stdio: ["ignore", "inherit", "inherit"] });
  }

  async function assertComplete({ cacheFolder }: HubSettings, { commit }: Repository): Promise<void> {
    const folder = repositoryFolder(cacheFolder, "org/model");
    for (const [name, bytes] of Object.entries(FILES))
      assert.equal(Buffer.compare(await readFile(snapshotPath(folder, commit, name)), bytes), 0, name);
    const left = (await readdir(cacheFolder, { recursive: true })).filter((name) =>
      /stockpot|\.tmp$/.test(name),
    );
    assert.deepEqual(left, []);
  }

  it(`goes on after each of ${KILLS} kills where it was, and moves at most 5 % more than the files have`, async () => {
    const settings = await used.settings({ limits });
    const repository = await listed(settings);
    let kills = 0;
    for (let round = 0; round < KILLS; round++) {
      const before = used.hub.traffic.count("cdn");
      const child = start(settings, repository);
      const ended = once(child, "exit");
      while (used.hub.traffic.count("cdn") === before && child.exitCode === null) await sleep(2);
      await sleep(Math.random() * 200);
      if (child.kill("SIGKILL")) kills++;
      await ended;
    }
    assert.equal(kills, KILLS, "each was killed at work");
    used.hub.state.bytesPerSecond = undefined;
    await fetchFiles(new HubTransport(settings), [{ repository, files: repository.files }]);
    await assertComplete(settings, repository);
    const moved =
      used.hub.traffic.sentBytes("model-1.safetensors") + used.hub.traffic.sentBytes("model-2.safetensors");
    assert.ok(moved <= 1.05 * (first.length + second.length), `${moved} bytes were moved`);
  });

  it("is shared by two processes, which move each byte once", async () => {
    used.hub.state.bytesPerSecond = 20_000_000;
    const settings = await used.settings({ limits: { ...limits, staleLockMs: 5000 } });
    const repository = await listed(settings);
    const children = [start(settings, repository), start(settings, repository)];
    const codes = await Promise.all(children.map(async (child) => (await once(child, "exit")) as [number]));
    assert.deepEqual(
      codes.map(([code]) => code),
      [0, 0],
    );
    await assertComplete(settings, repository);
    for (const [name, bytes] of Object.entries(FILES))
      assert.equal(used.hub.traffic.sentBytes(name), bytes.length, name);
  });

  it("ends well where another process took over while it was halted", async () => {
    used.hub.state.bytesPerSecond = 20_000_000;
    const settings = await used.settings({ limits });
    const repository = await listed(settings);
    const halted = start(settings, repository);
    const ended = once(halted, "exit");
    while (used.hub.traffic.sentBytes("model-1.safetensors") < first.length / 4) await sleep(2);
    halted.kill("SIGSTOP");
    await once(start(settings, repository), "exit");
    await assertComplete(settings, repository);
    halted.kill("SIGCONT");
    assert.deepEqual(await ended, [0, null]);
    await assertComplete(settings, repository);
  });

  it("starts anew where what an earlier run left does not fit", async () => {
    const settings = await used.settings({ limits });
    const repository = await listed(settings);
    used.hub.misbehave({ at: "cdn", fault: { kind: "drop", after: 100_000 } });
    used.hub.state.bytesPerSecond = undefined;
    await assert.rejects(
      fetchFiles(new HubTransport({ ...settings, limits: { ...limits, attempts: 1 } }), [
        { repository, files: repository.files },
      ]),
      { code: "HUB_UNREACHABLE" },
    );
    used.hub.reset();
    const other = { ...settings, limits: { ...limits, chunkBytes: 100_000 } };
    await fetchFiles(new HubTransport(other), [{ repository, files: repository.files }]);
    await assertComplete(settings, repository);
  });
});
