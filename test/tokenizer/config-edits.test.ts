import assert from "node:assert/strict";
import { tokenIdEdits, vocabularySizeEdits } from "../../src/tokenizer/config-edits.ts";

describe("Edits of a config for a new vocabulary", () => {
  it("set the number of rows wherever the config states it", () => {
    assert.deepEqual(vocabularySizeEdits({ vocab_size: 32 }, 34), { vocab_size: 34 });
    assert.deepEqual(vocabularySizeEdits({ vocab_size: 34 }, 34), {});
    assert.deepEqual(vocabularySizeEdits({ hidden_size: 8 }, 34), { vocab_size: 34 });
    const multimodal = { text_config: { vocab_size: 32 }, vision_config: { vocab_size: 9 } };
    assert.deepEqual(vocabularySizeEdits(multimodal, 34), { "text_config.vocab_size": 34 });
    assert.deepEqual(vocabularySizeEdits({ vocab_size: 32, text_config: { vocab_size: 34 } }, 34), {
      vocab_size: 34,
    });
  });

  it("change no token id if the tokenizer is the config's own", () => {
    const config = { bos_token_id: 1, eos_token_id: [2, 3], pad_token_id: null, hidden_size: 99 };
    assert.deepEqual(tokenIdEdits(config, config, 34), {});
    assert.deepEqual(tokenIdEdits(config, undefined, 34), {});
  });

  it("clear ids that have no row", () => {
    const config = { eos_token_id: [2, 40], pad_token_id: 40, image_token_index: 41, bos_token_id: [40] };
    assert.deepEqual(tokenIdEdits(config, config, 40), {
      eos_token_id: [2],
      pad_token_id: null,
      image_token_index: null,
      bos_token_id: null,
    });
  });

  it("take the ids of the model that gives the tokenizer, and clear those that it does not state", () => {
    const config = { bos_token_id: 1, eos_token_id: 2, sep_token_id: 3, text_config: { eos_token_id: 2 } };
    const other = { bos_token_id: 1, eos_token_id: 7, pad_token_id: 0 };
    assert.deepEqual(tokenIdEdits(config, other, 40), {
      eos_token_id: 7,
      sep_token_id: null,
      pad_token_id: 0,
      "text_config.bos_token_id": 1,
      "text_config.eos_token_id": 7,
      "text_config.pad_token_id": 0,
    });
  });
});
