import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMergeError } from "../../src/errors.ts";
import type { MergeError } from "../../src/errors.ts";
import { openModel } from "../../src/sources/open.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { FILE_ATTACKS } from "./files.ts";
import { FOLDER_ATTACKS, weights } from "./folders.ts";

/** No attack may make the process grow by more, whatever sizes it claims; the largest attack has 7 MB itself. */
const MAX_GROWTH_BYTES = 96 * 2 ** 20;

async function refusal(path: string): Promise<MergeError> {
  const before = process.resourceUsage().maxRSS;
  try {
    await openModel({ path }, { searchFrom: [] });
  } catch (error) {
    assert.ok(isMergeError(error), String(error));
    const growth = (process.resourceUsage().maxRSS - before) * 1024;
    assert.ok(growth < MAX_GROWTH_BYTES, `memory grew by ${growth} bytes`);
    return error;
  }
  return assert.fail("the attack was not noticed");
}

describe("attacks", () => {
  const inFolder = useTemporaryFolder();
  let count = 0;

  async function write(files: Readonly<Record<string, string | Uint8Array | null>>): Promise<string> {
    const folder = inFolder(String(count++));
    await mkdir(folder);
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      await mkdir(content === null ? path : dirname(path), { recursive: true });
      if (content !== null) await writeFile(path, content);
    }
    return folder;
  }

  describe("in a safetensors file", () => {
    for (const { title, bytes, code, tensor } of FILE_ATTACKS) {
      it(`${code}: ${title}`, async () => {
        const folder = await write({ "model.safetensors": bytes });
        const error = await refusal(folder);
        assert.equal(error.code, code, error.message);
        assert.equal(error.exitStatus, 5);
        assert.equal(error.where, join(folder, "model.safetensors"));
        assert.ok(error.message.startsWith(`${join(folder, "model.safetensors")}: `), error.message);
        if (tensor !== undefined) assert.ok(error.message.includes(`tensor "${tensor}"`), error.message);
        assert.ok(error.message.length < 1000);
      });
    }
  });

  describe("in a model folder", () => {
    for (const { title, files, code, names } of FOLDER_ATTACKS) {
      it(`${code}: ${title}`, async () => {
        const folder = await write(files);
        const error = await refusal(folder);
        assert.equal(error.code, code, error.message);
        const text = `${error.message} ${error.hint ?? ""}`;
        assert.ok(text.includes(folder), text);
        for (const name of names) assert.ok(text.includes(name), `${text} lacks ${name}`);
      });
    }

    it("SOURCE_UNREADABLE: a pipe in the place of a shard, which would never end", async function () {
      if (process.platform === "win32") this.skip();
      const folder = await write({ "config.json": "{}" });
      execFileSync("mkfifo", [join(folder, "model.safetensors")]);
      assert.equal((await refusal(folder)).code, "SOURCE_UNREADABLE");
    });

    it("SOURCE_NO_WEIGHTS: a file in another format", async () => {
      const folder = await write({ "model.gguf": "x" });
      const error = await refusal(join(folder, "model.gguf"));
      assert.equal(error.code, "SOURCE_NO_WEIGHTS");
      assert.match(error.hint ?? "", /convert/);
    });
  });

  describe("in a reference", () => {
    const missing = async (path: string, searchFrom: string[]) => {
      const error = await openModel({ path }, { searchFrom }).catch((reason: unknown) => reason);
      assert.ok(isMergeError(error, "SOURCE_NOT_FOUND"), String(error));
      assert.equal(error.exitStatus, 4);
      return error;
    };

    it("SOURCE_NOT_FOUND: a misspelt folder gets the nearest name, and all places that were tried", async () => {
      const folder = await write({
        "models/base/model.safetensors": weights("a"),
        "models/ft1/x": "",
        "recipes/x": "",
      });
      const searchFrom = [join(folder, "recipes"), folder];
      const error = await missing("models/bsae", searchFrom);
      assert.ok(error.message.includes(join(folder, "recipes", "models", "bsae")), error.message);
      assert.ok(error.message.includes(join(folder, "models", "bsae")), error.message);
      assert.ok(error.hint?.startsWith(`Did you mean "${join("models", "base")}"?`), error.hint);
      assert.ok(
        (await missing("modles/base", searchFrom)).hint?.startsWith(
          `Did you mean "${join("models", "base")}"?`,
        ),
      );
      const absolute = await missing(join(folder, "models", "ft2"), searchFrom);
      assert.equal(absolute.hint, `Did you mean "${join(folder, "models", "ft1")}"?`);
    });

    it("SOURCE_NOT_FOUND: a Hub id says that no Hub was named", async () => {
      const error = await missing("mistralai/Mistral-7B-v0.1", [inFolder()]);
      assert.match(error.hint ?? "", /the option hub says where they are/);
    });

    for (const path of ["", "a\0b", "../".repeat(2000), "x".repeat(70000), "~nobody/models"]) {
      it(`SOURCE_NOT_FOUND or no weights, without a crash: ${JSON.stringify(path.slice(0, 20))}`, async () => {
        const folder = await write({ empty: null });
        const error = await openModel({ path }, { searchFrom: [join(folder, "empty")] }).catch(
          (reason: unknown) => reason,
        );
        assert.ok(isMergeError(error, "SOURCE_NOT_FOUND", "SOURCE_NO_WEIGHTS"), String(error));
      });
    }
  });
});
