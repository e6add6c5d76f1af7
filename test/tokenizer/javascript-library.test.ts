import assert from "node:assert/strict";
import { UNIONS, written } from "./unions.ts";

interface Library {
  readonly Tokenizer: new (
    json: unknown,
    config: unknown,
  ) => {
    encode(text: string): { readonly ids: readonly number[] };
    get_vocab(): ReadonlyMap<string, number>;
  };
}

// By a variable, so that the build does not need the package.
const NAME = "@huggingface/tokenizers";
const library = await (import(NAME) as Promise<Library>).catch(() => undefined);

describe(`The output's tokenizer in ${NAME}`, () => {
  for (const [kind, { models, texts }] of Object.entries(UNIONS)) {
    it(`encodes texts by a union of ${kind} tokenizers`, function () {
      if (library === undefined) return this.skip();
      const { output, result } = written(models);
      const tokenizer = new library.Tokenizer(JSON.parse(result.files.get("tokenizer.json") ?? ""), {});
      for (const [text, ids] of Object.entries(texts)) {
        assert.deepEqual(tokenizer.encode(text).ids, ids, JSON.stringify(text));
      }
      for (const [token, id] of output.ids) assert.equal(tokenizer.get_vocab().get(token), id);
    });
  }
});
