import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runPlan } from "../../src/engine/run.ts";
import { DigestThreads } from "../../src/engine/stream/digest-threads.ts";
import { Extents } from "../../src/engine/stream/extents.ts";
import { Spool } from "../../src/engine/stream/spool.ts";
import { FileStore } from "../../src/engine/stream/spool-store.ts";
import type { Block } from "../../src/engine/stream/blocks.ts";
import type { StoredRange } from "../../src/engine/stream/ranges.ts";
import type { RemoteInputs } from "../../src/engine/stream/remote-inputs.ts";
import type { StreamOptions } from "../../src/engine/stream/streamed-inputs.ts";
import { merge, plan as planOf } from "../../src/index.ts";
import type { MergePlan } from "../../src/index.ts";
import { makeRandom } from "../fixtures/random.ts";
import { writeSafetensors } from "../fixtures/write-safetensors.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

type Sizes = Pick<StreamOptions, "leastSpoolBytes" | "memoryBytes" | "blockBytes">;

/** Of models that do not fit a small spool. */
const LAYERS = 12;

/** Files of a plan as if they were far away: bytes come late, in small pieces, and every range is noted. */
function farAway(plan: MergePlan): { plan: MergePlan; remote: RemoteInputs; fetched: StoredRange[] } {
  const fetched: StoredRange[] = [];
  const paths = plan.models.map(({ files }) => files.map(({ path }) => path));
  const listed = paths.map((each) => each.map(listing));
  const models = plan.models.map((model) => ({
    ...model,
    files: model.files.map((file) => ({ ...file, path: "/nowhere" })),
  }));
  const remote: RemoteInputs = {
    isRemote: () => true,
    listed: ({ model, file }) => listed[model]?.[file],
    wrong: ({ model }, digest) => new Error(`model ${model} came as ${digest}`),
    async fetch(range, target) {
      fetched.push(range);
      const bytes = (await readFile(paths[range.model]?.[range.file] ?? "")).subarray(range.begin, range.end);
      await sleep((range.begin * 7919) % 5);
      const taker = target(0);
      for (let at = 0; at < bytes.length;) {
        const part = bytes.subarray(at, at + Math.min(50_000, taker.space().length));
        taker.space().set(part);
        taker.came(part.length);
        at += part.length;
        await sleep(0);
      }
    },
  };
  return { plan: { ...plan, models }, remote, fetched };
}

function listing(path: string) {
  const bytes = readFileSync(path);
  const hash = createHash("sha256").update(bytes).digest("hex");
  return { byteLength: bytes.length, hash, algorithm: "sha256" as const };
}

/** The tensors' bytes of a shard. */
const dataOf = async (path: string, headerByteLength: number) =>
  (await readFile(path)).subarray(headerByteLength);

describe("Inputs that are streamed", () => {
  const temporary = useTemporaryFolder();
  /** One for each way to go about it: by tensor, row and group, with one pass and several, with layers taken twice. */
  const recipes = ["model-stock", "nuslerp", "metagpt", "ties", "overrides", "slices", "passthrough"].map(
    (name) => `glyphs-${name}.yml`,
  );

  /** Merges from disk and from far away, and compares the bytes of all tensors. */
  async function compare(recipe: string, sizes: Sizes = {}) {
    const folder = `${basename(recipe)}-${Object.values(sizes).join("-")}`;
    const [expected, out] = [temporary(folder, "expected"), temporary(folder, "streamed")];
    const path = resolve("recipes", recipe);
    await merge({ recipe: path, out: expected });
    const { plan, remote, fetched } = farAway(await planOf({ recipe: path }));
    await mkdir(out);
    const shardPaths = plan.output.shards.map((shard) => join(out, shard.name));
    for (const [k, shard] of shardPaths.entries()) {
      const file = await open(shard, "w");
      await file.truncate(plan.output.shards[k]?.byteLength);
      await file.close();
    }
    const streamed = { remote, spoolPath: temporary(folder, "spool"), ...sizes };
    const report = await runPlan(plan, { shardPaths, workers: 2, streamed });
    for (const { name, headerByteLength } of plan.output.shards) {
      const data = await dataOf(join(out, name), headerByteLength);
      assert.equal(Buffer.compare(data, await dataOf(join(expected, name), headerByteLength)), 0);
    }
    assert.equal(existsSync(streamed.spoolPath), false);
    assert.equal(
      report.movedBytes,
      fetched.filter(({ begin }) => begin > 0).reduce((sum, { begin, end }) => sum + end - begin, 0),
    );
    return { plan, fetched, report };
  }

  /** Two models of layers whose order in the files is not that of the output; gives the path of a recipe for them. */
  async function writeLayers(folder: string): Promise<string> {
    const length = 600_000;
    const names = Array.from({ length: LAYERS }, (_, k) => `layer.${k}.weight`);
    for (const [k, model] of ["a", "b"].entries()) {
      const tensors = names.map((name, n) => {
        const values = new Float32Array(length).fill(n + k);
        return [name, { dtype: "BF16", shape: [length], values }] as const;
      });
      await mkdir(temporary(folder, model), { recursive: true });
      await writeFile(temporary(folder, model, "config.json"), "{}");
      await writeSafetensors(temporary(folder, model, "model.safetensors"), Object.fromEntries(tensors));
    }
    const recipe = temporary(folder, "recipe.yml");
    await writeFile(
      recipe,
      "merge_method: linear\nmodels: [{model: ./a}, {model: ./b}]\nparameters: {weight: 0.5}\n",
    );
    return recipe;
  }

  for (const [k, recipe] of recipes.entries()) {
    const memoryBytes = k % 2 === 0 ? 0 : 2 ** 28;
    const place = memoryBytes === 0 ? "a file" : "memory";
    it(`give by way of ${place} the same bytes as files on disk, and each byte is fetched once: ${recipe}`, async () => {
      const { fetched } = await compare(recipe, { memoryBytes });
      const ordered = fetched.toSorted((a, b) => a.model - b.model || a.file - b.file || a.begin - b.begin);
      for (const [k, range] of ordered.entries()) {
        const before = ordered[k - 1];
        const sameFile = before?.model === range.model && before.file === range.file;
        assert.ok(!sameFile || before.end <= range.begin, "a byte was fetched twice");
      }
    });
  }

  it("are fetched once in each pass if a group of tensors does not fit the spool", async () => {
    const { plan, fetched } = await compare("glyphs-metagpt.yml", { leastSpoolBytes: 1, blockBytes: 1 });
    const counts = new Map<string, number>();
    for (const { model, begin } of fetched)
      counts.set(`${model} ${begin}`, (counts.get(`${model} ${begin}`) ?? 0) + 1);
    assert.equal(Math.max(...counts.values()), plan.passes.length);
  });

  it("are verified by their hash as they pass, if all of a file is needed", async () => {
    const { report, plan } = await compare("glyphs-linear.yml");
    assert.equal(report.unverifiedFiles, 0);
    assert.ok(plan.models.length > 1);
    // Layers of models that are needed in part.
    assert.ok((await compare("glyphs-slices.yml", { blockBytes: 2 })).report.unverifiedFiles > 0);
  });

  it("are read and verified in the order of their files where that of the output is another", async () => {
    const recipe = await writeLayers("order");
    const { report, plan, fetched } = await compare(recipe, { leastSpoolBytes: 1, blockBytes: 1 });
    const places = plan.tensors
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ inputs }) => inputs[0]?.offset ?? 0);
    assert.notDeepEqual(
      places,
      places.toSorted((a, b) => a - b),
    );
    const begins = fetched.filter(({ model, begin }) => model === 0 && begin > 0).map(({ begin }) => begin);
    assert.deepEqual(
      begins,
      begins.toSorted((a, b) => a - b),
    );
    assert.equal(begins.length, LAYERS);
    assert.equal(report.unverifiedFiles, 0);
  });

  it("are refused if a byte is not what was listed, once all have come", async () => {
    const { plan, remote } = farAway(await planOf({ recipe: "recipes/glyphs-model-stock.yml" }));
    const fetch: RemoteInputs["fetch"] = async (range, target) =>
      await remote.fetch(range, (at) => {
        const taker = target(at);
        let isFirst = range.model === 2 && range.begin > 0;
        const spoil = (length: number) => {
          const space = taker.space();
          if (isFirst) space[0] = (space[0] ?? 0) ^ 1;
          isFirst = false;
          taker.came(length);
        };
        return { space: () => taker.space(), came: spoil };
      });
    const shard = temporary("wrong");
    await (await open(shard, "w")).close();
    const streamed = { remote: { ...remote, fetch }, spoolPath: temporary("wrong-spool") };
    await assert.rejects(
      runPlan(plan, { shardPaths: [shard], workers: 2, streamed }),
      /^Error: model 2 came as /,
    );
  });

  it("come to an end with the error of a header that could not be fetched for the hash, however little fits the spool", async () => {
    const { plan, remote } = farAway(await planOf({ recipe: await writeLayers("headless") }));
    const fetch: RemoteInputs["fetch"] = async (range, target) => {
      if (range.begin === 0) throw new Error("the line is cut");
      await remote.fetch(range, target);
    };
    await (await open(temporary("headless-out"), "w")).close();
    const sizes = { leastSpoolBytes: 1, blockBytes: 1 };
    const streamed = { remote: { ...remote, fetch }, spoolPath: temporary("headless-spool"), ...sizes };
    const run = runPlan(plan, { shardPaths: [temporary("headless-out")], workers: 2, streamed });
    await assert.rejects(run, /the line is cut/);
  });

  it("are not waited for by a thread that could not start, and start none once all are closed", async () => {
    const spool = { name: "spool", path: temporary("no-spool"), byteLength: 0, modifiedMs: 0 };
    const threads = new DigestThreads({ ...spool, spool: "file" });
    for (let round = 0; round < 2; round++)
      await assert.rejects(threads.addRange("a", 0, 10), { code: "ENGINE_WORKER" });
    await threads.close();
    // Such a thread would keep the process alive.
    await assert.rejects(threads.addRange("b", 0, 10), /it is closed/);
  });

  it("write nothing more once their spool is closed", async () => {
    const store = new FileStore(temporary("closed"));
    const target = store.target(0);
    target.came(target.space().length);
    await store.close();
    assert.throws(() => target.came(target.space().length), { code: "INTERNAL" });
    assert.equal(existsSync(temporary("closed")), false);
  });

  it("come to an end with the error of the one that could not be fetched", async () => {
    const { plan, remote } = farAway(await planOf({ recipe: "recipes/glyphs-model-stock.yml" }));
    const fetch: RemoteInputs["fetch"] = async (range, target) => {
      if (range.model === 1) throw new Error("the line is cut");
      await remote.fetch(range, target);
    };
    const shardPaths = [temporary("failed")];
    await (await open(temporary("failed"), "w")).close();
    const spoolPath = temporary("failed-spool");
    const run = runPlan(plan, {
      shardPaths,
      workers: 2,
      streamed: { remote: { ...remote, fetch }, spoolPath },
    });
    await assert.rejects(run, /the line is cut/);
    assert.equal(existsSync(spoolPath), false);
  });
});

describe("The spool", () => {
  const block = (begin: number, end: number, tasks: number): Block => ({
    model: 0,
    file: 0,
    begin,
    end,
    tasks,
  });

  it("never holds more than its length, keeps what is in use apart, and serves everyone in the end", async () => {
    const random = makeRandom(7);
    const blocks = Array.from({ length: 40 }, (_, k) =>
      block(k * 100, k * 100 + 10 + Math.floor(random() * 60), 3),
    );
    const uses = blocks
      .flatMap((each) => [each, each, each])
      .map((each) => [each, blocks[Math.floor(random() * 40)] ?? each]);
    const held = new Map<Block, number>();
    let fetches = 0;
    const spool = new Spool(200, {
      async fetch() {
        fetches += 1;
        await sleep(random() * 3);
      },
    });
    const order = uses
      .map((pair) => ({ pair: [...new Set(pair)], at: random() }))
      .sort((a, b) => a.at - b.at);
    await Promise.all(
      order.map(({ pair }) =>
        spool.using(pair, false, async () => {
          for (const each of pair) held.set(each, (held.get(each) ?? 0) + 1);
          const places = [...held.keys()].map(
            (each) => [spool.offsetOf(each) ?? NaN, each.end - each.begin] as const,
          );
          for (const [k, [offset, length]] of places.sort((a, b) => a[0] - b[0]).entries()) {
            const next = places[k + 1]?.[0] ?? spool.byteLength;
            assert.ok(offset + length <= next, "two blocks share a byte, or one ends beyond the spool");
          }
          await sleep(random() * 2);
          for (const each of pair) {
            const left = (held.get(each) ?? 0) - 1;
            if (left === 0) held.delete(each);
            else held.set(each, left);
          }
        }),
      ),
    );
    assert.ok(fetches >= 40);
    // Blocks of up to a third of the spool may lie so that the free space between them is of no use.
    assert.ok(spool.byteLength <= 2 * 200, `${spool.byteLength}`);
  });

  it("waits for blocks on their way before others make room", async () => {
    const events: string[] = [];
    const [a, b] = [block(0, 60, 1), block(60, 120, 1)];
    const spool = new Spool(100, {
      async fetch(each) {
        await sleep(5);
        events.push(`came ${each.begin}`);
      },
      keep: () => new Promise((resolve) => setTimeout(resolve, 5)),
      makeRoom: () => Boolean(events.push("room")),
    });
    const use = async (each: Block) => await spool.using([each], true, () => Promise.resolve());
    await Promise.all([use(a), use(b)]);
    // Asked once, by whoever wants the room, for a block that has come and is kept.
    assert.deepEqual(events, ["came 0", "room", "came 60"]);
    assert.equal(spool.byteLength, 100);
  });

  it("lets a block go after its last task, and fetches it once", async () => {
    const fetched: Block[] = [];
    const spool = new Spool(100, { fetch: (each) => Promise.resolve(void fetched.push(each)) });
    const [a, b] = [block(0, 60, 2), block(60, 120, 1)];
    await spool.using([a], true, () => spool.using([a], false, () => Promise.resolve()));
    assert.equal(spool.offsetOf(a), 0);
    await spool.using([a], true, () => Promise.resolve());
    assert.equal(spool.offsetOf(a), undefined);
    await spool.using([b], true, () => Promise.resolve(assert.equal(spool.offsetOf(b), 0)));
    assert.deepEqual(fetched, [a, b]);
  });

  it("joins free space of neighbours", () => {
    const extents = new Extents(100);
    assert.deepEqual([extents.allocate(30), extents.allocate(30), extents.allocate(40)], [0, 30, 60]);
    assert.equal(extents.allocate(1), undefined);
    extents.free(0, 30);
    extents.free(60, 40);
    assert.equal(extents.allocate(50), undefined);
    extents.free(30, 30);
    assert.equal(extents.allocate(100), 0);
    extents.grow(10);
    assert.equal(extents.allocate(10), 100);
  });
});
