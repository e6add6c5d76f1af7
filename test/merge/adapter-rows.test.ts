import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { verify } from "../../src/index.ts";
import type { LockFile } from "../../src/index.ts";
import { fixtureTensor, writeAdapter } from "../fixtures/adapters.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import type { FixtureTensor, FixtureTensors } from "../fixtures/write-safetensors.ts";
import { bpeFiles, linearOf, useTokenMerges } from "./token-merges.ts";
import { HEAD, OVER_VOCABULARY, WIDTH, writeTokenModel } from "./token-models.ts";
import type { TokenModel } from "./token-models.ts";

const RANK = 4;
const SCALE = 6 / RANK;
const P = "base_model.model.";
const [EMBEDDING] = OVER_VOCABULARY;
const TOKENS = "a b c d e f g";
const OTHERS = "g x c y b z";
const ROWS = TOKENS.split(" ").length;

const at = ({ values, shape }: FixtureTensor, row: number, column: number) =>
  values[row * (shape[1] ?? 1) + column] ?? NaN;

/** W + scale * sum over k of left(row, k) * right(k, column), in float64. */
function adapted(
  weight: FixtureTensor,
  left: (row: number, k: number) => number,
  right: (k: number, column: number) => number,
): FixtureTensor {
  const values = Float64Array.from(weight.values, (value, i) => {
    const [row, column] = [Math.floor(i / WIDTH), i % WIDTH];
    let sum = 0;
    for (let k = 0; k < RANK; k++) sum += left(row, k) * right(k, column);
    return value + SCALE * sum;
  });
  return { dtype: "F64", shape: weight.shape, values };
}

const EMBEDDING_A = fixtureTensor("embedding A", [RANK, ROWS], "BF16");
const EMBEDDING_B = fixtureTensor("embedding B", [WIDTH, RANK], "F32");
const HEAD_A = fixtureTensor("head A", [RANK, WIDTH], "F32");
const HEAD_B = fixtureTensor("head B", [ROWS, RANK], "BF16");
const ADAPTER: FixtureTensors = {
  [`${P}model.embed_tokens.lora_embedding_A`]: EMBEDDING_A,
  [`${P}model.embed_tokens.lora_embedding_B`]: EMBEDDING_B,
  [`${P}lm_head.lora_A.weight`]: HEAD_A,
  [`${P}lm_head.lora_B.weight`]: HEAD_B,
};

/** The tensors over the vocabulary of the model that PEFT would have merged, in float64. */
function mergedByPeft({ tensors }: TokenModel, adapter: FixtureTensors = ADAPTER): TokenModel["tensors"] {
  const embedding =
    adapter[`${P}model.embed_tokens.base_layer.weight`] ?? tensors[EMBEDDING] ?? assert.fail();
  return {
    ...tensors,
    [EMBEDDING]: adapted(
      embedding,
      (row, k) => at(EMBEDDING_A, k, row),
      (k, column) => at(EMBEDDING_B, column, k),
    ),
    [HEAD]: adapted(
      tensors[HEAD] ?? assert.fail(),
      (row, k) => at(HEAD_B, row, k),
      (k, column) => at(HEAD_A, k, column),
    ),
  };
}

describe("A model with an adapter, whose rows are matched by token", () => {
  const { folder, run } = useTokenMerges();

  /** Merges the adapted model with others, and the model that PEFT would have made in its place; gives both results. */
  async function both(name: string, dtype: "F32" | "BF16", options: string, adapter = ADAPTER) {
    const model = await writeTokenModel(folder(), `${name}-model`, { files: bpeFiles(TOKENS), dtype });
    const other = await writeTokenModel(folder(), `${name}-other`, { files: bpeFiles(OTHERS), dtype });
    const third = await writeTokenModel(folder(), `${name}-third`, { files: bpeFiles("z y b q"), dtype });
    writeAdapter(folder(`${name}-adapter`), {}, adapter);
    const tensors = mergedByPeft(model, adapter);
    await writeTokenModel(folder(), `${name}-peft`, { files: bpeFiles(TOKENS), tensors });
    const names = (first: string) => [{ name: first }, other, third];
    const withAdapter = names(`${name}-model+./${name}-adapter`);
    const asked = `dtype: float32\n${options}`;
    const got = await run(linearOf(withAdapter, asked));
    const tiled = await run(linearOf(withAdapter, asked), { workers: 2, tileBytes: 1 });
    const wanted = await run(linearOf(names(`${name}-peft`), asked));
    return { got, tiled, wanted, model };
  }

  function assertNear(got: ReturnType<typeof readWeights>, wanted: ReturnType<typeof readWeights>): void {
    for (const name of OVER_VOCABULARY) {
      const [a, b] = [got.get(name), wanted.get(name)];
      assert.ok(a !== undefined && b !== undefined);
      assert.deepEqual(a.shape, b.shape);
      for (let i = 0; i < b.values.length; i++) {
        const [value = NaN, expected = NaN] = [a.values[i], b.values[i]];
        assert.ok(
          Math.abs(value - expected) <= 2 ** -21 * (1 + Math.abs(expected)),
          `${name}[${i}]: ${value}`,
        );
      }
    }
  }

  for (const dtype of ["F32", "BF16"] as const) {
    it(`is, in a union of ${dtype} models, the model that PEFT would have merged`, async () => {
      const { got, tiled, wanted, model } = await both(dtype, dtype, "tokenizer_source: union\n");
      assertNear(readWeights(got.out), readWeights(wanted.out));
      for (const [name, { bytes }] of readWeights(got.out))
        assert.deepEqual(readWeights(tiled.out).get(name)?.bytes, bytes, name);
      // The adapter is no trifle: without it rows differ by much.
      const plain = model.tensors[EMBEDDING]?.values ?? assert.fail();
      const moved = mergedByPeft(model)[EMBEDDING]?.values ?? assert.fail();
      assert.ok(Array.from(plain).every((value, i) => Math.abs(value - (moved[i] ?? NaN)) > 1e-4));
    });
  }

  it("gives its rows to tokens that the recipe takes from it, to means of models, and to padding", async () => {
    const tokens =
      "tokenizer: {source: union, pad_to_multiple_of: 16, tokens: {x: {source: " +
      "{kind: model_token, model: ./taken-model+./taken-adapter, token: d}, force: true}}}\n";
    const peft = tokens.replace("./taken-model+./taken-adapter", "./taken-peft");
    const model = await writeTokenModel(folder(), "taken-model", { files: bpeFiles(TOKENS) });
    const other = await writeTokenModel(folder(), "taken-other", { files: bpeFiles(OTHERS) });
    writeAdapter(folder("taken-adapter"), {}, ADAPTER);
    await writeTokenModel(folder(), "taken-peft", { files: bpeFiles(TOKENS), tensors: mergedByPeft(model) });
    const third = await writeTokenModel(folder(), "taken-third", { files: bpeFiles("b c k"), dtype: "F64" });
    for (const dtype of ["float32", "float64"]) {
      const asked = `dtype: ${dtype}\n`;
      const got = await run(
        linearOf([{ name: "taken-model+./taken-adapter" }, other, third], asked + tokens),
      );
      const wanted = await run(linearOf([{ name: "taken-peft" }, other, third], asked + peft));
      assert.equal(readWeights(got.out).get(HEAD)?.shape[0], 16);
      assertNear(readWeights(got.out), readWeights(wanted.out));
    }
  });

  it("gives each row of a head the length that DoRA learnt for its token", async () => {
    const magnitude = fixtureTensor("lengths", [ROWS], "F32");
    const model = await writeTokenModel(folder(), "dora-model", { files: bpeFiles(TOKENS) });
    const other = await writeTokenModel(folder(), "dora-other", { files: bpeFiles(OTHERS) });
    writeAdapter(
      folder("dora-adapter"),
      { use_dora: true },
      {
        [`${P}lm_head.lora_A.weight`]: HEAD_A,
        [`${P}lm_head.lora_B.weight`]: HEAD_B,
        [`${P}lm_head.lora_magnitude_vector`]: magnitude,
      },
    );
    const moved = mergedByPeft(model)[HEAD] ?? assert.fail();
    const lengths = Array.from({ length: ROWS }, (_, row) =>
      Math.hypot(...Array.from({ length: WIDTH }, (_, column) => at(moved, row, column))),
    );
    const values = Float64Array.from(moved.values, (value, i) => {
      const row = Math.floor(i / WIDTH);
      return (value * (magnitude.values[row] ?? NaN)) / (lengths[row] ?? NaN);
    });
    const tensors = { ...model.tensors, [HEAD]: { ...moved, values } };
    await writeTokenModel(folder(), "dora-peft", { files: bpeFiles(TOKENS), tensors });
    const asked = "dtype: float32\ntokenizer_source: union\n";
    const got = await run(linearOf([{ name: "dora-model+./dora-adapter" }, other], asked));
    const wanted = await run(linearOf([{ name: "dora-peft" }, other], asked));
    assertNear(readWeights(got.out), readWeights(wanted.out));
  });

  it("is added to an embedding that the adapter brings itself", async () => {
    const whole = fixtureTensor("whole", [ROWS, WIDTH], "F32");
    const adapter = { ...ADAPTER, [`${P}model.embed_tokens.base_layer.weight`]: whole };
    const { got, wanted } = await both("saved", "F32", "tokenizer_source: union\n", adapter);
    assertNear(readWeights(got.out), readWeights(wanted.out));
  });

  describe("and whose training added tokens", () => {
    const added = fixtureTensor("more rows", [ROWS + 2, WIDTH], "F32");
    const head = fixtureTensor("more head", [ROWS + 2, WIDTH], "BF16");
    const files: Readonly<Record<string, string>> = {
      ...bpeFiles(TOKENS, "<tool> <end>"),
      "tokenizer_config.json": JSON.stringify({ eos_token: "<end>", chat_template: "{{ messages }}" }),
    };
    const [model, peft] = ["grown+./grown-adapter", "grown-peft"] as const;

    before(async () => {
      const own = { ...bpeFiles(TOKENS), "merges.txt": "#version\n" };
      const { tensors } = await writeTokenModel(folder(), "grown", { files: own });
      await writeTokenModel(folder(), "grown-other", { files: bpeFiles(`<tool> ${OTHERS}`) });
      const saved = {
        [`${P}model.embed_tokens.modules_to_save.weight`]: added,
        [`${P}lm_head.weight`]: head,
      };
      writeAdapter(folder("grown-adapter"), { modules_to_save: ["embed_tokens", "lm_head"] }, saved);
      for (const [name, text] of Object.entries(files)) writeFileSync(folder("grown-adapter", name), text);
      const merged = { ...tensors, [EMBEDDING]: added, [HEAD]: head };
      await writeTokenModel(folder(), peft, { files, rows: ROWS + 2, tensors: merged });
    });

    it("brings their rows and its tokenizer into a union", async () => {
      const asked = "dtype: float32\ntokenizer_source: union\n";
      const other = { name: "grown-other" };
      const got = await run(linearOf([{ name: model }, other], asked));
      const wanted = await run(linearOf([{ name: peft }, other], asked));
      assert.equal(got.text("tokenizer.json"), wanted.text("tokenizer.json"));
      assert.ok(got.text("tokenizer.json").includes("<tool>"));
      assert.equal(got.json("config.json")["vocab_size"], wanted.json("config.json")["vocab_size"]);
      for (const [name, { bytes }] of readWeights(wanted.out))
        assert.deepEqual(readWeights(got.out).get(name)?.bytes, bytes, name);
    });

    it("gives the output its rows, its tokenizer's files alone, and the size of the vocabulary", async () => {
      const { out, report, text, json } = await run(
        `merge_method: passthrough\nmodels: [{model: ./${model}}]\n`,
      );
      assert.deepEqual(report.warnings, []);
      assert.equal(json("config.json")["vocab_size"], ROWS + 2);
      for (const [name, content] of Object.entries(files)) assert.equal(text(name), content, name);
      assert.ok(!readdirSync(out).includes("merges.txt"));
      const weights = readWeights(out);
      assert.deepEqual([...(weights.get(EMBEDDING)?.values ?? [])], Array.from(added.values));
      assert.deepEqual(weights.get(HEAD)?.shape, [ROWS + 2, WIDTH]);
      const { inputs } = JSON.parse(text("stockpot.lock.json")) as LockFile;
      const tokenizer = inputs[0]?.files.find(({ name }) => name === "tokenizer.json");
      assert.equal(tokenizer?.byteLength, files["tokenizer.json"]?.length);
      assert.deepEqual((await verify({ out, cwd: folder() })).problems, []);
    });

    it("is told from the model's own vocabulary where rows are merged by position", async () => {
      await assert.rejects(run(linearOf([{ name: model }, { name: "grown" }], "")), {
        code: "PLAN_VOCABULARY",
        message: /7 rows against 9/,
      });
    });

    it("is refused with a cure if their tokenizer is not beside it", async () => {
      writeAdapter(
        folder("bare-adapter"),
        { modules_to_save: ["embed_tokens"] },
        { [`${P}model.embed_tokens.weight`]: added },
      );
      await assert.rejects(run(linearOf([{ name: "grown+./bare-adapter" }, { name: "grown" }], "")), {
        code: "SOURCE_ADAPTER",
        message: /embed_tokens\.weight has 9 rows, .* has 7: .* no tokenizer beside it/,
        hint: /save_pretrained/,
      });
    });
  });
});
