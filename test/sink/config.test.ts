import assert from "node:assert/strict";
import { editConfig } from "../../src/sink/config.ts";

const NO_EDITS = { configEdits: {} };

describe("config.json of the output", () => {
  it("is the donor's text, byte for byte, when nothing changes", () => {
    const text = '{"b": 1.0,\n\t"a": 1e-05, "dtype": "bfloat16"}';
    assert.deepEqual(editConfig(text, NO_EDITS), { text, edited: [] });
    assert.deepEqual(editConfig(text, { configDtype: "BF16", configEdits: {} }), { text, edited: [] });
  });

  it("states a new dtype under the donor's own key, in nested configs too, and nowhere else", () => {
    const text = JSON.stringify({
      torch_dtype: "float32",
      text_config: { hidden_size: 8, dtype: "float16", rope: { dtype: "torch.float32" } },
      vision_config: { dtype: null, hidden_size: 4 },
      quantization_config: { dtype: "float32" },
      note: "dtype",
    });
    const { text: got, edited } = editConfig(text, { configDtype: "BF16", configEdits: {} });
    assert.deepEqual(JSON.parse(got), {
      torch_dtype: "bfloat16",
      text_config: { hidden_size: 8, dtype: "bfloat16", rope: { dtype: "bfloat16" } },
      vision_config: { dtype: null, hidden_size: 4 },
      quantization_config: { dtype: "float32" },
      note: "dtype",
    });
    assert.deepEqual(edited, ["torch_dtype", "text_config.dtype", "text_config.rope.dtype"]);
  });

  it("adds no dtype to a config that states none", () => {
    assert.deepEqual(editConfig('{"a":1}', { configDtype: "F16", configEdits: {} }), {
      text: '{"a":1}',
      edited: [],
    });
  });

  it("keeps the order of keys and the spelling of numbers, indented by two spaces", () => {
    const text =
      '{"z": 1.0, "eps": 1e-05, "big": 12345678901234567890, "neg": -0.0, "inf": [NaN, -Infinity], "list": [1, 2.50],' +
      ' "text": "a 1.0 \\"2.0\\" \\\\", "num_hidden_layers": 3, "a": {"n": 7}, "layer_types": ["full"]}';
    const { text: got, edited } = editConfig(text, {
      configEdits: { num_hidden_layers: 5, "a.n": 8, "b.c": true, layer_types: ["full", 1, { x: 2 }] },
    });
    assert.equal(
      got,
      `{
  "z": 1.0,
  "eps": 1e-05,
  "big": 12345678901234567890,
  "neg": -0.0,
  "inf": [
    NaN,
    -Infinity
  ],
  "list": [
    1,
    2.50
  ],
  "text": "a 1.0 \\"2.0\\" \\\\",
  "num_hidden_layers": 5,
  "a": {
    "n": 8
  },
  "layer_types": [
    "full",
    1,
    {
      "x": 2
    }
  ],
  "b": {
    "c": true
  }
}
`,
    );
    assert.deepEqual(edited, ["num_hidden_layers", "a.n", "b.c", "layer_types"]);
  });

  it("does not report an edit that changes nothing", () => {
    assert.deepEqual(
      editConfig('{"n": 3, "s": ["x", 1]}', { configEdits: { n: 3, s: ["x", 1] } }).edited,
      [],
    );
  });

  it("carries a key named __proto__ and lets no edit reach a prototype", () => {
    const { text } = editConfig('{"__proto__": {"n": 1}}', {
      configEdits: { "__proto__.n": 2, "constructor.prototype.hacked": true },
    });
    assert.equal(text.includes('"__proto__": {\n    "n": 2\n  }'), true);
    assert.equal("hacked" in {}, false);
  });
});
