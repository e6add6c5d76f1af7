import assert from "node:assert/strict";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import type { ErrorCode } from "../../src/errors.ts";
import { isMergeError } from "../../src/errors.ts";
import { merge, plan } from "../../src/index.ts";
import type { MergeOptions } from "../../src/index.ts";
import type { LockFile } from "../../src/lock/lock-file.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeTinyFamily } from "../fixtures/tiny-models.ts";
import { useHub } from "./use-hub.ts";

const RECIPE = "merge_method: linear\nmodels: [{model: org/ft1}, {model: local}]\nparameters: {weight: 1}\n";

describe("A merge held to a lock file", () => {
  const temporary = useTemporaryFolder();
  const used = useHub();
  let commit = "";
  let lock: LockFile;
  let options: MergeOptions;

  const filesOf = async (name: string) => ({
    "config.json": await readFile(temporary(name, "config.json")),
    "model.safetensors": await readFile(temporary(name, "model.safetensors")),
  });
  const run = async (more: Partial<MergeOptions> = {}) =>
    await merge({ ...options, out: temporary("again"), force: true, locked: temporary("out"), ...more });
  const refused = async (more: Partial<MergeOptions>, code: ErrorCode, said: RegExp) =>
    await assert.rejects(run(more), (error) => {
      assert.ok(isMergeError(error, code), String(error));
      assert.match(`${error.message} ${error.hint ?? ""}`, said);
      return true;
    });

  before(async () => {
    await writeTinyFamily(temporary());
    await cp(temporary("ft2"), temporary("local"), { recursive: true });
  });
  beforeEach(async () => {
    await rm(temporary("out"), { recursive: true, force: true });
    await cp(temporary("ft2"), temporary("local"), { recursive: true });
    commit = used.hub.commit("org/ft1", await filesOf("ft1"));
    const hub = await used.settings();
    options = { recipe: { text: RECIPE }, cwd: temporary(), out: temporary("out"), hub };
    await merge(options);
    lock = JSON.parse(await readFile(temporary("out", "stockpot.lock.json"), "utf8")) as LockFile;
    used.hub.reset();
  });

  it("reads the locked commit, though the branch has moved, and gives the same files", async () => {
    const now = used.hub.commit("org/ft1", await filesOf("ft3"));
    assert.notEqual(now, commit);
    await run();
    assert.deepEqual(JSON.parse(await readFile(temporary("again", "stockpot.lock.json"), "utf8")), lock);
    const free = await merge({ ...options, out: temporary("free"), force: true });
    assert.notDeepEqual(
      await readFile(temporary("free", "model.safetensors")),
      await readFile(temporary("again", "model.safetensors")),
    );
    assert.deepEqual(free.warnings, []);
  });

  it("reads it without the cache and without storing too", async () => {
    used.hub.commit("org/ft1", await filesOf("ft3"));
    await run({ hub: await used.settings(), noStore: true, locked: temporary("out", "stockpot.lock.json") });
    assert.deepEqual(JSON.parse(await readFile(temporary("again", "stockpot.lock.json"), "utf8")), lock);
  });

  it("refuses another file of a local model, another recipe, other options and other models", async () => {
    await cp(temporary("ft3", "model.safetensors"), temporary("local", "model.safetensors"));
    await refused({}, "VERIFY_INPUT", /model\.safetensors of local is not what.*leave out --locked/s);
    await assert.rejects(plan({ ...options, locked: temporary("out") }), (error) =>
      isMergeError(error, "VERIFY_INPUT"),
    );
    await cp(temporary("ft2"), temporary("local"), { recursive: true });
    await refused({ recipe: { text: RECIPE.replace("weight: 1", "weight: 2") } }, "VERIFY_PLAN", /recipe/);
    await refused({ dtype: "float16" }, "VERIFY_PLAN", /options/);
    const path = temporary("out", "stockpot.lock.json");
    await writeFile(path, JSON.stringify({ ...lock, inputs: lock.inputs.slice(0, 1) }));
    await refused({}, "VERIFY_INPUT", /local is not among the inputs/);
    await writeFile(
      path,
      JSON.stringify({ ...lock, inputs: [...lock.inputs, { ...lock.inputs[0], reference: "more" }] }),
    );
    await refused({}, "VERIFY_INPUT", /more is among the inputs of the merge, and is none now/);
    await rm(path);
    await refused({}, "VERIFY_NO_LOCK", /stockpot\.lock\.json/);
  });

  it("refuses a commit whose files are not those that were locked", async () => {
    const [input] = lock.inputs;
    const files = input?.files.map((file) =>
      file.name === "model.safetensors" ? { ...file, sha256: "0".repeat(64) } : file,
    );
    const inputs = [{ ...input, files }, ...lock.inputs.slice(1)];
    await writeFile(temporary("out", "stockpot.lock.json"), JSON.stringify({ ...lock, inputs }));
    await refused({}, "VERIFY_INPUT", /model\.safetensors of org\/ft1/);
  });

  it("tells of a branch that moves between plan and merge, and merges what was planned", async () => {
    let now = "";
    const ft3 = await filesOf("ft3");
    const report = await merge({
      ...options,
      ...{ out: temporary("moved"), force: true, hub: await used.settings() },
      onPlan: () => void (now = used.hub.commit("org/ft1", ft3)),
    });
    assert.equal(report.warnings.length, 1);
    assert.match(
      report.warnings[0]?.message ?? "",
      new RegExp(`^main of org/ft1 has moved to commit ${now}; the merge read ${commit}$`),
    );
    assert.deepEqual(
      await readFile(temporary("moved", "model.safetensors")),
      await readFile(temporary("out", "model.safetensors")),
    );
  });
});
