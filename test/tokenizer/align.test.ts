import assert from "node:assert/strict";
import { alignRows } from "../../src/tokenizer/align.ts";
import { outputVocabulary } from "../../src/tokenizer/output-vocabulary.ts";
import { AVERAGE, keepsRows, MEAN, rowSource, ZERO } from "../../src/tokenizer/row-map.ts";
import type { Alignment } from "../../src/tokenizer/row-map.ts";
import { summarizeAlignment } from "../../src/tokenizer/summary.ts";
import type { AlignedModel, TokenizerSetting } from "../../src/tokenizer/types.ts";
import { modelOf, settingOf } from "./tiny-tokenizers.ts";

/** All rows of all models, as [origin, row]. */
function spelt(alignment: Alignment): number[][][] {
  return alignment.maps.map((_, model) =>
    Array.from({ length: alignment.rowCount }, (__, row) => {
      const { origin, row: from } = rowSource(alignment, model, row);
      return [origin, from];
    }),
  );
}

function align(models: readonly AlignedModel[], base: number | undefined, setting: TokenizerSetting) {
  const output = outputVocabulary(models, base, setting);
  const alignment = alignRows(output, models, base, setting.tokens);
  return { output, alignment, rows: spelt(alignment) };
}

const tokensOf = (ids: ReadonlyMap<string, number>) =>
  [...ids].sort(([, a], [, b]) => a - b).map(([token]) => token);

describe("The output vocabulary", () => {
  const base = modelOf("base", ["a", "b", "<s>"], { added: 1 });
  const first = modelOf("first", ["z", "b", "a", "y", "<t>"], { added: 1 });
  const second = modelOf("second", ["x", "y", "<t>", "<u>"], { added: 2 });
  const models = [base, first, second];

  it("is for a union the base's, then all ordinary tokens, then all added ones, by recipe order and id", () => {
    const { ids, brought } = outputVocabulary(models, 0, settingOf("union"));
    assert.deepEqual(tokensOf(ids), ["a", "b", "<s>", "z", "y", "x", "<t>", "<u>"]);
    assert.deepEqual(
      [...brought],
      [
        ["z", 1],
        ["y", 1],
        ["x", 2],
      ],
    );
  });

  it("starts from the base wherever it stands in the recipe, and without a base from the first model", () => {
    const last = outputVocabulary([first, second, base], 2, settingOf("union"));
    assert.deepEqual(tokensOf(last.ids), ["a", "b", "<s>", "z", "y", "x", "<t>", "<u>"]);
    assert.equal(last.donor, 2);
    const none = outputVocabulary([first, second, base], undefined, settingOf("union"));
    assert.deepEqual(tokensOf(none.ids), ["z", "b", "a", "y", "<t>", "x", "<u>", "<s>"]);
  });

  it("is the base's or a model's own where the recipe says so", () => {
    assert.deepEqual(outputVocabulary(models, 0, settingOf("base")).ids, base.vocabulary.ids);
    const own = outputVocabulary(models, 0, settingOf({ model: "second" }));
    assert.deepEqual(own.ids, second.vocabulary.ids);
    assert.equal(own.donor, 2);
  });

  it("leaves out tokens of the base, and ignores tokens of others, that have no row", () => {
    const short = modelOf("short", ["a", "b", "c"], { rows: 2 });
    const other = modelOf("other", ["a", "d", "e"], { rows: 2 });
    const output = outputVocabulary([short, other], 0, settingOf("union"));
    assert.deepEqual(tokensOf(output.ids), ["a", "b", "d"]);
    assert.deepEqual(output.removed, ["c"]);
    assert.deepEqual(tokensOf(outputVocabulary([short, other], 0, settingOf({ model: "short" })).ids), [
      "a",
      "b",
      "c",
    ]);
  });

  it("makes a base's ordinary token an added one where another model has it so, and keeps the first flags", () => {
    const tagged = modelOf("tagged", ["a", "b"], { added: 1 });
    const output = outputVocabulary([base, tagged], 0, settingOf("union"));
    assert.equal(output.ids.get("b"), 1);
    assert.deepEqual(output.added.get("b")?.id, 1);
    assert.equal(output.added.get("b")?.outside, false);
    assert.equal(output.ids.size, 3);
  });

  it("adds tokens that the recipe names and nobody has", () => {
    const output = outputVocabulary(models, 0, settingOf("base", { "<new>": { force: false } }));
    assert.equal(output.ids.get("<new>"), 3);
    assert.equal(output.rows, 4);
    assert.equal(output.added.get("<new>")?.flags.special, false);
  });

  it("keeps padding rows, which new tokens fill first, unless told to pad to a multiple", () => {
    const padded = modelOf("padded", ["a", "b"], { rows: 5 });
    assert.equal(outputVocabulary([padded, first], 0, settingOf("union")).rows, 5);
    assert.equal(outputVocabulary([padded, first], 0, settingOf("base")).rows, 5);
    assert.equal(outputVocabulary([padded, first], 0, settingOf("base", {}, 4)).rows, 4);
    assert.equal(outputVocabulary([padded, first], 0, settingOf("union", {}, 4)).rows, 8);
    assert.equal(outputVocabulary([padded, first], 0, settingOf("base", {}, 1)).rows, 2);
  });

  it("refuses to pad beyond any vocabulary", () => {
    assert.throws(() => outputVocabulary(models, 0, settingOf("union", {}, 2 ** 40)), {
      code: "PLAN_TOKENIZER",
    });
  });

  it("refuses a model that is no input", () => {
    assert.throws(() => outputVocabulary(models, 0, settingOf({ model: "elsewhere" })), {
      code: "PLAN_TOKENIZER",
      hint: /base, first, second/,
    });
  });
});

describe("The sources of rows", () => {
  it("are a model's own rows, moved to the output's ids", () => {
    const base = modelOf("base", ["a", "b", "c"]);
    const turned = modelOf("turned", ["c", "a", "b"]);
    const { alignment, rows } = align([base, turned], 0, settingOf("union"));
    assert.deepEqual(rows, [
      [
        [0, 0],
        [0, 1],
        [0, 2],
      ],
      [
        [1, 1],
        [1, 2],
        [1, 0],
      ],
    ]);
    assert.ok(keepsRows(alignment, 0, 3));
    assert.ok(!keepsRows(alignment, 1, 3));
    assert.deepEqual(alignment.maps[1]?.starts, [0, 2]);
  });

  it("are for a missing token: the only model that has it, else the base, else the average", () => {
    const base = modelOf("base", ["a", "b"]);
    const models = [base, modelOf("x", ["q", "p"]), modelOf("y", ["p", "a"])];
    const { output, alignment, rows } = align(models, 0, settingOf("union"));
    assert.deepEqual(tokensOf(output.ids), ["a", "b", "q", "p"]);
    assert.deepEqual(rows[0], [
      [0, 0],
      [0, 1],
      [1, 0],
      [AVERAGE, 0],
    ]);
    assert.deepEqual(rows[1], [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    assert.deepEqual(rows[2], [
      [2, 1],
      [0, 1],
      [1, 0],
      [2, 0],
    ]);
    assert.deepEqual(alignment.averages, { starts: [0, 2], models: [1, 2], rows: [1, 0] });
  });

  it("are the average even if the first model has the token, when no base is set", () => {
    const models = [modelOf("x", ["a"]), modelOf("y", ["a"]), modelOf("z", ["b"])];
    const { alignment, rows } = align(models, undefined, settingOf("union"));
    assert.deepEqual(rows[2], [
      [AVERAGE, 0],
      [2, 0],
    ]);
    assert.deepEqual(alignment.averages, { starts: [0, 2], models: [0, 1], rows: [0, 0] });
  });

  it("are zeros for a token that no model has", () => {
    const models = [modelOf("x", ["a"]), modelOf("y", ["a"])];
    const { rows } = align(models, 0, settingOf("union", { new: { force: false } }));
    assert.deepEqual(rows, [
      [
        [0, 0],
        [ZERO, 0],
      ],
      [
        [1, 0],
        [ZERO, 0],
      ],
    ]);
  });

  it("follow the recipe for single tokens, for models that have the token only when forced", () => {
    const models = [modelOf("x", ["a", "b", "c"]), modelOf("y", ["a", "d", "c"])];
    const zero = { kind: "zero" } as const;
    const byText = { kind: "model_token", model: "y", token: "c" } as const;
    const byId = { kind: "model_token", model: "x", token: 1 } as const;
    const model = { kind: "model", model: "y" } as const;
    const { rows } = align(
      models,
      0,
      settingOf("union", {
        a: { source: model, force: true },
        b: { source: byText, force: false },
        c: { source: zero, force: true },
        d: { source: zero, force: false },
        e: { source: byId, force: false },
      }),
    );
    assert.deepEqual(rows, [
      [
        [1, 0],
        [0, 1],
        [ZERO, 0],
        [ZERO, 0],
        [0, 1],
      ],
      [
        [1, 0],
        [1, 2],
        [ZERO, 0],
        [1, 1],
        [0, 1],
      ],
    ]);
  });

  it("take the default rule for a token that is forced without a source", () => {
    const models = [modelOf("x", ["a"]), modelOf("y", ["b", "a"])];
    const { rows } = align(models, 1, settingOf("base", { a: { force: true } }));
    assert.deepEqual(rows, [
      [
        [1, 0],
        [1, 1],
      ],
      [
        [1, 0],
        [1, 1],
      ],
    ]);
  });

  it("refuse tokens and ids that the named model does not have", () => {
    const models = [modelOf("x", ["alpha", "beta"]), modelOf("y", ["gamma"])];
    const bad = (source: { token: string | number; model: string }) => () =>
      align(
        models,
        0,
        settingOf("base", { alpha: { source: { kind: "model_token", ...source }, force: false } }),
      );
    assert.throws(bad({ model: "x", token: "bata" }), {
      code: "PLAN_TOKENIZER",
      hint: /Did you mean "beta"/,
    });
    assert.throws(bad({ model: "x", token: 2 }), {
      code: "PLAN_TOKENIZER",
      message: /2 rows and none for the id 2/,
    });
    assert.throws(bad({ model: "z", token: 0 }), { code: "PLAN_TOKENIZER", message: /not an input/ });
    const own = { alpha: { source: { kind: "model", model: "y" } as const, force: false } };
    assert.throws(() => align(models, 0, settingOf("base", own)), {
      code: "PLAN_TOKENIZER",
      message: /does not know/,
    });
  });

  it("treat padding rows as tokens named by their number", () => {
    const base = modelOf("base", ["a"], { rows: 4 });
    const alike = modelOf("alike", ["a"], { rows: 4 });
    const grown = modelOf("grown", ["a", "n"], { rows: 3 });
    const { alignment, rows } = align([base, alike, grown], 0, settingOf("union"));
    assert.deepEqual(rows, [
      [
        [0, 0],
        [2, 1],
        [0, 2],
        [0, 3],
      ],
      [
        [1, 0],
        [2, 1],
        [1, 2],
        [1, 3],
      ],
      [
        [2, 0],
        [2, 1],
        [2, 2],
        [0, 3],
      ],
    ]);
    assert.ok(!keepsRows(alignment, 0, 4));
    const same = align([base, alike], 0, settingOf("union"));
    assert.ok(keepsRows(same.alignment, 0, 4) && keepsRows(same.alignment, 1, 4));
  });

  it("are the mean of the vocabulary past its end when padding to a multiple", () => {
    const models = [modelOf("x", ["a", "b"], { rows: 4 }), modelOf("y", ["b", "c"], { rows: 2 })];
    const { alignment, rows } = align(models, 0, settingOf("union", {}, 4));
    assert.equal(alignment.vocabularyLength, 3);
    assert.deepEqual(rows[0], [
      [0, 0],
      [0, 1],
      [1, 1],
      [MEAN, 0],
    ]);
    assert.deepEqual(rows[1], [
      [0, 0],
      [1, 0],
      [1, 1],
      [MEAN, 0],
    ]);
  });

  it("leave ids without a token to the models that have none there either", () => {
    const holed = (reference: string, rows: number) => {
      const model = modelOf(reference, ["a", "b"], { rows });
      const ids = new Map([
        ["a", 0],
        ["b", 2],
      ]);
      return { ...model, vocabulary: { ...model.vocabulary, ids, length: 3 } };
    };
    const { rows } = align([holed("x", 3), holed("y", 3), modelOf("z", ["b", "c"])], 0, settingOf("base"));
    assert.deepEqual(rows, [
      [
        [0, 0],
        [0, 1],
        [0, 2],
      ],
      [
        [1, 0],
        [1, 1],
        [1, 2],
      ],
      [
        [0, 0],
        [0, 1],
        [2, 0],
      ],
    ]);
  });

  it("are plain JSON", () => {
    const { alignment } = align([modelOf("x", ["a"]), modelOf("y", ["b"])], 0, settingOf("union"));
    assert.deepEqual(JSON.parse(JSON.stringify(alignment)), alignment);
  });
});

describe("The summary of an alignment", () => {
  it("counts tokens added, removed, moved, dropped, copied, averaged and zeroed, with examples", () => {
    const base = modelOf("base", ["a", "b", "lost"], { rows: 2 });
    const models = [base, modelOf("x", ["b", "p", "q"]), modelOf("y", ["a", "p"])];
    const setting = settingOf("union", { new: { force: false } });
    const { output, alignment } = align(models, 0, setting);
    const summary = summarizeAlignment(output, models, alignment);
    const none = { count: 0, examples: [] };
    const list = (...examples: string[]) => ({ count: examples.length, examples });
    assert.deepEqual(summary, {
      donor: "base",
      tokens: 5,
      rows: 5,
      added: list("p", "q", "new"),
      removed: list("lost"),
      models: [
        {
          model: "base",
          moved: none,
          dropped: list(),
          copied: list("q"),
          averaged: list("p"),
          zeroed: list("new"),
        },
        {
          model: "x",
          moved: list("b", "p", "q"),
          dropped: none,
          copied: list("a"),
          averaged: none,
          zeroed: list("new"),
        },
        {
          model: "y",
          moved: list("p"),
          dropped: none,
          copied: list("b", "q"),
          averaged: none,
          zeroed: list("new"),
        },
      ],
    });
  });

  it("says what a base's vocabulary drops, and gives at most five examples", () => {
    const many = Array.from({ length: 9 }, (_, i) => `t${i}`);
    const models = [modelOf("base", ["a"]), modelOf("x", ["a", ...many])];
    const { output, alignment } = align(models, 0, settingOf("base"));
    const { dropped } = summarizeAlignment(output, models, alignment).models[1] ?? {};
    assert.deepEqual(dropped, { count: 9, examples: many.slice(0, 5) });
  });
});
