import assert from "node:assert/strict";
import { wholeText } from "../../src/tokenizer/json.ts";
import { LIBRARY_NAME, tokenizersLibrary } from "./library.ts";
import { UNIONS, written } from "./unions.ts";

describe(`The output's tokenizer in ${LIBRARY_NAME}`, () => {
  for (const [kind, { models, texts }] of Object.entries(UNIONS)) {
    it(`encodes texts by a union of ${kind} tokenizers`, async function () {
      const library = await tokenizersLibrary();
      if (library === undefined) return this.skip();
      const { output, result } = written(models);
      const tokenizer = new library.Tokenizer(
        JSON.parse(wholeText(result.files.get("tokenizer.json") ?? "")),
        {},
      );
      for (const [text, ids] of Object.entries(texts)) {
        assert.deepEqual(tokenizer.encode(text).ids, ids, JSON.stringify(text));
      }
      for (const [token, id] of output.ids) assert.equal(tokenizer.get_vocab().get(token), id);
    });
  }
});
