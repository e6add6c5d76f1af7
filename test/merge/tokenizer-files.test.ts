import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { isMergeError } from "../../src/index.ts";
import type { ErrorCode, Problem } from "../../src/index.ts";
import { readWeights } from "../fixtures/read-safetensors.ts";
import { bpeFiles, linearOf, useTokenMerges } from "./token-merges.ts";
import { tokenizerJson } from "../tokenizer/tiny-tokenizers.ts";
import { HEAD, idsOf, writeTokenModel } from "./token-models.ts";

const json = (value: unknown) => JSON.stringify(value);

/** The problems that a plan is refused with. */
async function problemsOf(step: Promise<unknown>): Promise<readonly Problem[]> {
  try {
    await step;
  } catch (error) {
    if (isMergeError(error))
      return error.problems.length > 0
        ? error.problems
        : [{ code: error.code, severity: "error", message: error.message, hint: error.hint ?? "" }];
    throw error;
  }
  assert.fail("nothing was refused");
}

const withCode = (problems: readonly Problem[], code: ErrorCode) =>
  problems.filter((each) => each.code === code);

describe("The files of a merge that matches rows by token", () => {
  const { folder, run } = useTokenMerges();
  const models = [{ name: "base" }, { name: "other" }];

  before(async () => {
    const config = {
      vocab_size: 3,
      eos_token_id: 2,
      pad_token_id: 2,
      text_config: { vocab_size: 3, hidden_size: 6 },
    };
    await writeTokenModel(folder(), "base", {
      files: {
        ...bpeFiles("a b", "<end>"),
        "tokenizer_config.json": json({ eos_token: "<end>", model_max_length: 1e30 }),
        "tokenizer.model": "binary",
        "generation_config.json": json({ eos_token_id: [2, 1], temperature: 1 }),
        "notes.txt": "base's",
      },
      config,
    });
    await writeTokenModel(folder(), "other", {
      files: {
        ...bpeFiles("b c a d", "<end> <call>"),
        "chat_template.jinja": "{{ messages[0].content }} of the other",
        "generation_config.json": json({ eos_token_id: 4 }),
      },
      config: { ...config, eos_token_id: 4, pad_token_id: 5 },
    });
  });

  it("are the base's with the new tokens, and without what cannot hold them", async () => {
    const {
      json: read,
      out,
      report,
      text,
    } = await run(linearOf(models, "tokenizer_source: union\n", "base"));
    assert.deepEqual([...idsOf(text("tokenizer.json")).keys()].sort(), [
      "<call>",
      "<end>",
      "a",
      "b",
      "c",
      "d",
    ]);
    assert.match(text("tokenizer_config.json"), /"model_max_length": 1000000000000000/);
    const names = readdirSync(out);
    assert.ok(names.includes("notes.txt") && !names.includes("tokenizer.model"));
    assert.deepEqual(
      report.files.filter(({ role }) => role === "tokenizer").map(({ name }) => name),
      ["tokenizer.json", "tokenizer_config.json"],
    );
    assert.deepEqual(read("generation_config.json"), { eos_token_id: [2, 1], temperature: 1 });
    assert.deepEqual(report.tokenizer?.files.omitted, ["tokenizer.model"]);
    assert.deepEqual(report.tokenizer.summary.added, { count: 3, examples: ["c", "d", "<call>"] });
    assert.ok(
      report.warnings.some(({ message }) => /Tokenizer files are left out.*tokenizer\.model/.test(message)),
    );
  });

  it("state the number of rows and the ids of special tokens wherever the config has them", async () => {
    const union = await run(linearOf(models, "tokenizer_source: union\n", "base"));
    const config = union.json("config.json");
    assert.equal(config.vocab_size, 6);
    assert.deepEqual(config.text_config, { vocab_size: 6, hidden_size: 6 });
    assert.equal(config.eos_token_id, 2);
    const other = await run(linearOf(models, "tokenizer_source: ./other\n", "base"));
    assert.equal(other.json("config.json").eos_token_id, 4);
    assert.equal(other.json("config.json").pad_token_id, 5);
    assert.deepEqual(other.json("generation_config.json"), { eos_token_id: 4, temperature: 1 });
  });

  it("are a model's own, and none of the base's, where the recipe takes that model's tokenizer", async () => {
    const { out, report, text } = await run(linearOf(models, "tokenizer: {source: ./other}\n", "base"));
    const names = readdirSync(out);
    assert.ok(names.includes("chat_template.jinja") && names.includes("notes.txt"));
    assert.ok(!names.includes("tokenizer_config.json") && !names.includes("tokenizer.model"));
    assert.deepEqual(
      idsOf(text("tokenizer.json")),
      idsOf(bpeFiles("b c a d", "<end> <call>")["tokenizer.json"] ?? ""),
    );
    const copied = report.files.find(({ name }) => name === "tokenizer.json");
    assert.equal(copied?.role === "copied" && copied.from, "./other");
  });

  it("stay as they are for the base's own tokens", async () => {
    const { out, text } = await run(linearOf(models, "tokenizer_source: base\n", "base"));
    assert.ok(readdirSync(out).includes("tokenizer.model"));
    assert.equal(text("tokenizer.json"), bpeFiles("a b", "<end>")["tokenizer.json"]);
  });

  it("come even where the base's tokenizer is not to be copied", async () => {
    const recipe = (options: string) => linearOf(models, options, "base");
    const made = await run(recipe("tokenizer_source: union\n"), { copyTokenizer: false });
    assert.ok(readdirSync(made.out).includes("tokenizer.json"));
  });

  it("are taken from a result on the way as from any model", async () => {
    const { text, json: read } = await run(
      `name: both\n${linearOf(models, "tokenizer_source: union\nchat_template: chatml\n", "base")}---\n` +
        "merge_method: linear\nmodels: [{model: both, parameters: {weight: 1}}, {model: ./other, parameters: {weight: 1}}]\n" +
        "tokenizer_source: union\n",
    );
    assert.deepEqual(
      [...idsOf(text("tokenizer.json"))].sort(([, a], [, b]) => a - b).map(([token]) => token),
      ["a", "b", "<end>", "c", "d", "<call>"],
    );
    assert.match(text("chat_template.jinja"), /im_start/);
    assert.equal(read("config.json").vocab_size, 6);
  });

  it("are those of the base for a model that has no tokenizer, which is said", async () => {
    await writeTokenModel(folder(), "bare", { files: {}, rows: 3 });
    const { report } = await run(
      linearOf([...models, { name: "bare" }], "tokenizer_source: union\n", "base"),
    );
    const [warning] = report.warnings.filter(({ message }) => message.includes("./bare has no tokenizer"));
    assert.equal(warning?.code, "PLAN_TOKENIZER");
    const problems = await problemsOf(
      run(linearOf([{ name: "bare" }, ...models], "tokenizer_source: union\n")),
    );
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["SOURCE_NO_TOKENIZER"],
    );
  });

  it("are refused with the place in the recipe where a token or model is not there", async () => {
    const recipe = linearOf(
      models,
      "tokenizer:\n  tokens:\n    a: {source: {kind: model_token, model: ./other, token: bb}}\n",
    );
    const [problem] = await problemsOf(run(recipe));
    assert.equal(problem?.code, "PLAN_TOKENIZER");
    assert.equal(problem.position?.line, 7);
    assert.match(problem.message, /does not know the token "bb"/);
    const [missing] = await problemsOf(run(linearOf(models, "tokenizer_source: elsewhere\n", "base")));
    assert.match(missing?.hint ?? "", /\.\/base, \.\/other/);
  });
});

describe("The chat template of a merge", () => {
  const { folder, run } = useTokenMerges();
  const models = [{ name: "a" }, { name: "b" }, { name: "c" }];
  const recipe = (options: string) => linearOf(models, options, "a");

  before(async () => {
    const files = bpeFiles("x y z");
    const config = json({ chat_template: "{{ 'the old one' }}", eos_token: "x" });
    await writeTokenModel(folder(), "a", { files: { ...files, "tokenizer_config.json": config } });
    await writeTokenModel(folder(), "b", {
      files: { ...files, "chat_template.jinja": "{{ 'the new one' }}" },
    });
    await writeTokenModel(folder(), "c", {
      files: { ...files, "chat_template.jinja": "{{ 'the new one' }}" },
    });
  });

  for (const tokenizer of ["", "tokenizer_source: union\n"]) {
    const how = tokenizer === "" ? "without" : "with";

    it(`is the one that most models have, in all places, ${how} a tokenizer option`, async () => {
      const { json: read, report, text } = await run(recipe(`${tokenizer}chat_template: auto\n`));
      assert.equal(text("chat_template.jinja"), "{{ 'the new one' }}");
      assert.deepEqual(read("tokenizer_config.json"), {
        chat_template: "{{ 'the new one' }}",
        eos_token: "x",
      });
      const [file, ...more] = report.files.filter(({ name }) => name === "chat_template.jinja");
      assert.equal(file?.role, "tokenizer");
      assert.deepEqual(more, []);
    });

    it(`is a built-in one, or the recipe's own, ${how} a tokenizer option`, async () => {
      const built = await run(recipe(`${tokenizer}chat_template: chatml\n`));
      assert.match(built.text("chat_template.jinja"), /<\|im_start\|>/);
      const own = "{% for m in messages %}{{ m.content }}{% endfor %}";
      const literal = await run(recipe(`${tokenizer}chat_template: "${own}"\n`));
      assert.equal(literal.text("chat_template.jinja"), own);
    });
  }

  it("is written alone where the tokenizer is not to be copied", async () => {
    const { out } = await run(recipe("chat_template: chatml\n"), { copyTokenizer: false });
    const names = readdirSync(out);
    assert.ok(names.includes("chat_template.jinja"));
    assert.ok(!names.includes("tokenizer.json") && !names.includes("tokenizer_config.json"));
  });

  it("is refused by place if it is no name and no template, beside what else is wrong", async () => {
    await writeTokenModel(folder(), "odd", { files: bpeFiles("z y x") });
    const text = linearOf([...models.slice(0, 2), { name: "odd" }], "chat_template: chatnl\n", "a");
    const problems = await problemsOf(run(text));
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["PLAN_CHAT_TEMPLATE", "PLAN_VOCABULARY"],
    );
    assert.match(problems[0]?.message ?? "", /"chatml"/);
    assert.equal(problems[0]?.position?.line, 8);
  });

  it("is missed with a warning if no model has one", async () => {
    await writeTokenModel(folder(), "plain", { files: bpeFiles("x y z") });
    const { out, report } = await run(
      "merge_method: passthrough\nmodels: [{model: ./plain}]\nchat_template: auto\n",
    );
    assert.ok(!readdirSync(out).includes("chat_template.jinja"));
    assert.equal(withCode(report.warnings, "PLAN_CHAT_TEMPLATE").length, 1);
  });
});

describe("A merge without a tokenizer option", () => {
  const { folder, run, planned } = useTokenMerges();
  const pair = (name: string) => linearOf([{ name: "base" }, { name }], "", "base");

  before(async () => {
    await writeTokenModel(folder(), "base", { files: bpeFiles("a b c d"), rows: 6 });
    await writeTokenModel(folder(), "same", { files: bpeFiles("a b c d"), rows: 6 });
    await writeTokenModel(folder(), "turned", { files: bpeFiles("b a c d"), rows: 6 });
    await writeTokenModel(folder(), "longer", { files: bpeFiles("a b c d", "<e> <f> <g>") });
    await writeTokenModel(folder(), "padded", { files: bpeFiles("a b c d", "<e>"), rows: 6 });
  });

  it("says nothing of equal vocabularies", async () => {
    assert.deepEqual((await planned(pair("same"))).warnings, []);
  });

  it("is refused with both cures where a row stands for different tokens", async () => {
    const [problem, ...more] = await problemsOf(planned(pair("turned")));
    assert.deepEqual(more, []);
    assert.equal(problem?.code, "PLAN_VOCABULARY");
    assert.match(problem.message, /2 rows of another token \("b" for "a", "a" for "b"\)/);
    assert.match(problem.hint ?? "", /tokenizer: \{source: union\}.*--unsafe-truncate-embeddings/);
    assert.equal(problem.position?.line, 5);
  });

  it("is refused once, for the vocabulary, where the numbers of rows differ", async () => {
    const [problem, ...more] = await problemsOf(planned(pair("longer")));
    assert.deepEqual(more, []);
    assert.equal(problem?.code, "PLAN_VOCABULARY");
    assert.match(
      problem.message,
      /7 rows against 6; 3 tokens that only \.\/longer has \("<e>", "<f>", "<g>"\)/,
    );
  });

  it("warns of tokens in what is padding elsewhere", async () => {
    const { warnings } = await planned(pair("padded"));
    assert.deepEqual(
      warnings.map(({ code, severity }) => [code, severity]),
      [["PLAN_VOCABULARY", "warning"]],
    );
  });

  it("cuts embeddings on request, names what is lost and states the rows that are left", async () => {
    const recipe = linearOf([{ name: "longer" }, { name: "base" }], "", "longer");
    const { json: read, out, report } = await run(recipe, { truncateEmbeddings: true });
    assert.equal(read("config.json").vocab_size, 6);
    assert.deepEqual(readWeights(out).get(HEAD)?.shape.slice(0, 1), [6]);
    const [cut] = withCode(report.warnings, "PLAN_TRUNCATED");
    assert.match(
      cut?.message ?? "",
      /The last 1 of the 7 rows .* in \.\/longer are cut off: their tokens are lost \("<g>"\)\./,
    );
    assert.equal(withCode(report.warnings, "PLAN_VOCABULARY").length, 1);
  });

  it("warns of tokens that have no row in the output, which no copied tokenizer should have", async () => {
    await writeTokenModel(folder(), "short", { files: bpeFiles("a b c d", "<e> <f> <g>"), rows: 5 });
    const { warnings } = await planned("merge_method: passthrough\nmodels: [{model: ./short}]\n");
    assert.deepEqual(
      warnings.map(({ code, severity }) => [code, severity]),
      [["PLAN_VOCABULARY", "warning"]],
    );
    assert.match(
      warnings[0]?.message ?? "",
      /^The tokenizer of \.\/short has 2 tokens beyond its 5 rows of embeddings \("<f>", "<g>"\)/,
    );
    const { warnings: cured } = await planned(
      "merge_method: passthrough\nmodels: [{model: ./short}]\ntokenizer: {source: ./short}\n",
    );
    assert.equal(withCode(cured, "PLAN_VOCABULARY").length, 0);
  });

  describe("warns of tokens without a row", () => {
    const config = (more: object) => JSON.stringify({ tokenizer_class: "X", ...more });
    const list = "abcdefg".split("").map((token, i) => [token, -i]);
    const unigram = tokenizerJson({ type: "Unigram", unk_id: 0, vocab: list });
    const decoder = { 3: { content: "<s>" }, 5: { content: "<p>" }, 6: { content: "<q>" } };
    const four = bpeFiles("a b c d");
    const cases: Readonly<Record<string, [files: Readonly<Record<string, string>>, tokens: string]>> = {
      "in the list of a Unigram model": [{ "tokenizer.json": unigram }, '2 tokens .* \\("f", "g"\\)'],
      "only in tokenizer_config.json": [
        { ...four, "tokenizer_config.json": config({ added_tokens_decoder: decoder }) },
        '2 tokens .* \\("<p>", "<q>"\\)',
      ],
      "that only has a role": [
        { ...bpeFiles("a b c d e"), "special_tokens_map.json": '{"pad_token": "<pad>"}' },
        'a token .* \\("<pad>"\\)',
      ],
      "in a list of words": [{ "vocab.txt": "a\nb\nc\nd\ne\nf\n" }, 'a token .* \\("f"\\)'],
      "beside a tokenizer that is not read": [
        { "tokenizer.model": "opaque", "added_tokens.json": '{"<p>": 5}' },
        'a token .* \\("<p>"\\)',
      ],
    };
    for (const [where, [files, tokens]] of Object.entries(cases)) {
      it(where, async () => {
        const name = where.replace(/\W/g, "");
        const recipe = `merge_method: passthrough\nmodels: [{model: ./${name}}]\n`;
        await writeTokenModel(folder(), name, { files, rows: 5 });
        const [problem, ...more] = (await planned(recipe)).warnings;
        assert.deepEqual([problem?.code, more], ["PLAN_VOCABULARY", []]);
        assert.match(
          problem?.message ?? "",
          new RegExp(
            `has ${tokens}: the output cannot read`.replace(" .* ", " beyond its 5 rows of embeddings "),
          ),
        );
        await writeTokenModel(folder(), name, { files, rows: 8 });
        assert.deepEqual((await planned(recipe)).warnings, []);
      });
    }
  });

  describe("counts the tokens of a tokenizer that is not read, against the rows:", () => {
    /** A message of sentencepiece: pieces (field 1) with a text and a score, then the settings (field 2). */
    const sentencepiece = (pieces: readonly string[]) =>
      Buffer.concat([
        ...pieces.map((piece) => {
          const text = Buffer.from(piece);
          const body = Buffer.concat([
            Buffer.from([0x0a, text.length]),
            text,
            Buffer.from([0x15, 0, 0, 0, 0]),
          ]);
          return Buffer.concat([Buffer.from([0x0a, body.length]), body]);
        }),
        Buffer.from([0x12, 3, 0x18, 0x80, 0x01]),
      ]);
    const tokens = ["<unk>", "<s>", "</s>", "a", "b", "\u2581c", "d".repeat(100)];
    const cases: Readonly<Record<string, Buffer>> = {
      "tokenizer.model": sentencepiece(tokens),
      "qwen.tiktoken": Buffer.from(tokens.map((_, rank) => `YQ== ${rank}\n`).join("")),
    };
    for (const [file, bytes] of Object.entries(cases)) {
      it(file, async () => {
        const plain = async (rows: number) => {
          await writeTokenModel(folder(), `counted${rows}`, { files: {}, rows });
          await writeFile(folder(`counted${rows}`, file), bytes);
          return (await planned(`merge_method: passthrough\nmodels: [{model: ./counted${rows}}]\n`)).warnings;
        };
        assert.deepEqual(await plain(7), []);
        const [problem, ...more] = await plain(6);
        assert.deepEqual([problem?.code, more], ["PLAN_VOCABULARY", []]);
        assert.match(problem?.message ?? "", /counted6 has 7 tokens, and its embeddings 6 rows/);
        await rm(folder("counted6", file));
        await rm(folder("counted7", file));
      });
    }
  });

  it("warns where tokenizers that are not read differ in size, and refuses to match their tokens with a cure", async () => {
    const files = { "tokenizer.model": "opaque" };
    await writeTokenModel(folder(), "piece", { files, rows: 5 });
    await writeTokenModel(folder(), "alike", { files, rows: 5 });
    await writeTokenModel(folder(), "other", { files: { "tokenizer.model": "opaquer" }, rows: 5 });
    const two = (name: string, end = "") => linearOf([{ name: "piece" }, { name }], end, "piece");
    assert.deepEqual((await planned(two("alike"))).warnings, []);
    const [problem, ...more] = (await planned(two("other"))).warnings;
    assert.deepEqual([problem?.code, more], ["PLAN_VOCABULARY", []]);
    assert.match(problem?.message ?? "", /^tokenizer\.model of \.\/other has 7 bytes, that of \.\/piece 6/);
    const [refusal] = await problemsOf(planned(two("alike", "tokenizer_source: union\n")));
    assert.equal(refusal?.code, "SOURCE_NO_TOKENIZER");
    assert.match(refusal.message, /has its tokenizer only as tokenizer\.model, which Stockpot does not read/);
    assert.match(refusal.hint ?? "", /AutoTokenizer.*writes tokenizer\.json/);
  });

  it("does not look at models that give no rows", async () => {
    const { warnings } = await planned(
      "merge_method: linear\nbase_model: ./base\nmodels: [{model: ./base, parameters: {weight: 1}}]\n" +
        'overrides: [{tensors: "model.layers.1.*", merge_method: passthrough, model: ./turned}]\n',
    );
    assert.deepEqual(withCode(warnings, "PLAN_VOCABULARY"), []);
  });

  it("leaves a tokenizer that it cannot read to whoever loads the model", async () => {
    await writeTokenModel(folder(), "broken", { files: bpeFiles("a b c d"), rows: 6 });
    await rm(folder("broken", "tokenizer.json"));
    assert.deepEqual((await planned(pair("broken"))).warnings, []);
  });
});
